package stages

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Most photographs that have a colour profile have one for sRGB. Going through it
// would change nothing, and costs more than decoding a small picture.

// app2 is the marker of JPEG segments that hold parts of a profile.
const app2 = "\xe2"

var iccPrefix = []byte("ICC_PROFILE\x00")

// iccProfile finds the colour profile in a whole JPEG or WebP file, or returns nil.
func iccProfile(f Format, file []byte) []byte {
	switch f {
	case JPEG:
		// In parts, each with its number, from 1, and how many there are (ICC.1:2022,
		// annex B.4).
		var profile []byte
		next := byte(1)
		for _, s := range segments(file) {
			if s.kind != app2 || !bytes.HasPrefix(s.body, iccPrefix) {
				continue
			}
			data := s.body[len(iccPrefix):]
			if len(data) < 2 || data[0] != next {
				return nil
			}
			profile = append(profile, data[2:]...)
			next++
		}
		return profile
	case WebP:
		return find(riffChunks(file), "ICCP", nil)
	}
	return nil
}

// The primaries of sRGB, adapted to D50 as profiles have them, and how far a
// profile may be off: less than a grey level.
var srgbPrimaries = map[string][3]float64{
	"rXYZ": {0.4361, 0.2225, 0.0139},
	"gXYZ": {0.3851, 0.7169, 0.0971},
	"bXYZ": {0.1431, 0.0606, 0.7141},
}

const (
	primaryOff = 0.001
	curveOff   = 0.002
)

// isSRGB tells whether a profile means sRGB: its primaries and its three curves
// are those of IEC 61966-2-1. What is not a plain profile of primaries and curves
// is not taken for one.
func isSRGB(profile []byte) bool {
	if len(profile) < 132 || string(profile[16:24]) != "RGB XYZ " {
		return false
	}
	tags := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint32(profile[128:])) {
		at := 132 + 12*i
		if at+12 > len(profile) {
			return false
		}
		from := int(binary.BigEndian.Uint32(profile[at+4:]))
		to := from + int(binary.BigEndian.Uint32(profile[at+8:]))
		if to > len(profile) || to-from < 12 {
			return false
		}
		tags[string(profile[at:at+4])] = profile[from:to]
	}
	if _, tables := tags["A2B0"]; tables {
		return false
	}
	for name, want := range srgbPrimaries {
		tag := tags[name]
		if len(tag) < 20 || string(tag[:4]) != "XYZ " {
			return false
		}
		for i, v := range want {
			if math.Abs(fixed(tag[8+4*i:])-v) > primaryOff {
				return false
			}
		}
	}
	return isSRGBCurve(tags["rTRC"]) && isSRGBCurve(tags["gTRC"]) && isSRGBCurve(tags["bTRC"])
}

// isSRGBCurve compares a curve, a table or the parametric kind of sRGB's form,
// with that of sRGB.
func isSRGBCurve(tag []byte) bool {
	var curve func(x float64) float64
	switch {
	case len(tag) >= 32 && string(tag[:4]) == "para" && tag[9] == 3:
		g, a, b, c, d := fixed(tag[12:]), fixed(tag[16:]), fixed(tag[20:]), fixed(tag[24:]), fixed(tag[28:])
		curve = func(x float64) float64 {
			if x < d {
				return c * x
			}
			return math.Pow(a*x+b, g)
		}
	case len(tag) >= 12 && string(tag[:4]) == "curv":
		n := int(binary.BigEndian.Uint32(tag[8:]))
		if n < 16 || 12+2*n > len(tag) {
			return false
		}
		curve = func(x float64) float64 {
			at := x * float64(n-1)
			i := min(int(at), n-2)
			low, high := binary.BigEndian.Uint16(tag[12+2*i:]), binary.BigEndian.Uint16(tag[14+2*i:])
			return (float64(low) + (at-float64(i))*(float64(high)-float64(low))) / 65535
		}
	default:
		return false
	}
	for i := range 33 {
		x := float64(i) / 32
		want := x / 12.92
		if x > 0.04045 {
			want = math.Pow((x+0.055)/1.055, 2.4)
		}
		if math.Abs(curve(x)-want) > curveOff {
			return false
		}
	}
	return true
}

// fixed reads an s15Fixed16Number.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// adobeRGB is a profile for Adobe RGB (1998): its primaries adapted to D50, and its
// gamma of 563/256. Cameras that write it embed none.
func adobeRGB() []byte {
	curve := gammaCurve(563. / 256)
	return newProfile("Adobe RGB (1998) compatible", "RGB ",
		[]string{"rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"}, [][]byte{
			xyzTag(0.60974, 0.31111, 0.01947), xyzTag(0.20528, 0.62567, 0.06087), xyzTag(0.14919, 0.06322, 0.74457),
			curve, curve, curve,
		})
}

// newProfile is an ICC profile, version 2, for a display of the given colour space
// ("RGB " or "GRAY") with these tags beside those that each must have.
func newProfile(title, space string, names []string, bodies [][]byte) []byte {
	be := binary.BigEndian
	p := make([]byte, 128)
	copy(p[8:], []byte{2, 0x40, 0, 0})
	copy(p[12:], "mntr"+space+"XYZ ")
	copy(p[36:], "acsp")
	copy(p[68:], []byte{0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d}) // D50
	description := be.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(title)+1))
	description = append(append(description, title...), make([]byte, 1+78)...)
	names = append([]string{"desc", "cprt", "wtpt"}, names...)
	bodies = append([][]byte{description, []byte("text\x00\x00\x00\x00none\x00"), xyzTag(0.9642, 1, 0.8249)}, bodies...)
	p = be.AppendUint32(p, uint32(len(names)))
	at := len(p) + 12*len(names)
	var data []byte
	for i, name := range names {
		for (at+len(data))%4 != 0 {
			data = append(data, 0)
		}
		p = append(p, name...)
		p = be.AppendUint32(p, uint32(at+len(data)))
		p = be.AppendUint32(p, uint32(len(bodies[i])))
		data = append(data, bodies[i]...)
	}
	p = append(p, data...)
	be.PutUint32(p, uint32(len(p)))
	return p
}

func xyzTag(x, y, z float64) []byte {
	b := []byte("XYZ \x00\x00\x00\x00")
	for _, v := range []float64{x, y, z} {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(v*65536)))
	}
	return b
}

// gammaCurve is a curve of one exponent, below 256.
func gammaCurve(g float64) []byte {
	return append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), byte(g), byte(g*256))
}
