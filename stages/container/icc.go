package container

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"math"
	"strings"
)

// srgbPrimaries are the primaries of sRGB adapted to D50, as ICC profiles store them.
var srgbPrimaries = map[string][3]float64{
	"rXYZ": {0.4361, 0.2225, 0.0139},
	"gXYZ": {0.3851, 0.7169, 0.0971},
	"bXYZ": {0.1431, 0.0606, 0.7141},
}

// A profile may differ from sRGB by this much: less than a grey level of 8 bits.
const (
	primaryOff = 0.001
	curveOff   = 0.002
)

// IsSRGB reports whether an ICC profile means sRGB: whether it has the primaries and the
// three curves of IEC 61966-2-1. Most embedded profiles do. A conversion would change
// nothing and cost more than decoding a small image.
func IsSRGB(profile []byte) bool {
	if len(profile) < 132 || string(profile[16:24]) != "RGB XYZ " {
		return false
	}
	tags := profileTags(profile)
	for name := range tags {
		if strings.HasPrefix(name, "A2B") || strings.HasPrefix(name, "D2B") { // tables come first
			return false
		}
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

// profileTags returns the contents of the tags of a profile, or none if one of them lies outside.
func profileTags(profile []byte) map[string][]byte {
	if len(profile) < 132 {
		return nil
	}
	tags := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint32(profile[128:])) {
		at := 132 + 12*i
		if at+12 > len(profile) {
			return nil
		}
		from := int(binary.BigEndian.Uint32(profile[at+4:]))
		to := from + int(binary.BigEndian.Uint32(profile[at+8:]))
		if to > len(profile) || to-from < 12 {
			return nil
		}
		tags[string(profile[at:at+4])] = profile[from:to]
	}
	return tags
}

// Space is the signature of a profile's colour space, such as "RGB " or "CMYK", or "" if the profile is cut.
func Space(profile []byte) string {
	if len(profile) < 20 {
		return ""
	}
	return string(profile[16:20])
}

// An Intent is a rendering intent of an ICC profile, by its number in the format (ICC.1, section 7.2.15).
type Intent int

const (
	NoIntent   Intent = -1
	Perceptual Intent = 0
	Relative   Intent = 1 // colorimetric
	Saturation Intent = 2
)

// Intents returns the rendering intents with which colours are to be converted from a profile and to it: the
// relative colorimetric one if the profile has it, as all profiles with primaries and curves have, else one
// of which it has a table. A profile of a scanner may have no table for the way back.
func Intents(profile []byte) (from, to Intent) {
	tags := profileTags(profile)
	if tags == nil {
		return NoIntent, NoIntent
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := tags[name]; !ok {
				return false
			}
		}
		return true
	}
	space := Space(profile)
	curves := space == "GRAY" && has("kTRC") || space == "RGB " && has("rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC")
	choose := func(table string) Intent {
		switch {
		case curves, has(table + "1"):
			return Relative
		case has(table + "0"):
			return Perceptual
		case has(table + "2"):
			return Saturation
		}
		return NoIntent
	}
	return choose("A2B"), choose("B2A")
}

// isSRGBCurve reports whether a curve is the one of sRGB. It knows tables and the
// parametric curve of type 3, which has the form of sRGB's curve.
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

// adobeRGB is an ICC profile for Adobe RGB (1998): its primaries, adapted to D50, and
// its gamma of 563/256.
//
//go:embed adobergb.icc
var adobeRGB []byte

// AdobeRGB returns a profile for Adobe RGB (1998). Cameras that use this colour space
// say so in the Exif data and embed no profile.
func AdobeRGB() []byte { return bytes.Clone(adobeRGB) }
