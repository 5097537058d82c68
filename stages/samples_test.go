package stages

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
)

// A numberFormat is how a TIFF stores the samples of a picture.
type numberFormat struct {
	name   string
	bits   uint16
	format uint32 // tag 339
	encode func(b []byte, level byte) []byte
	exact  bool // the file says, or custom does, what is black and white
}

func numberFormats() []numberFormat {
	le := binary.LittleEndian
	float := func(white float64) func([]byte, byte) []byte {
		return func(b []byte, v byte) []byte {
			return le.AppendUint32(b, math.Float32bits(float32(float64(v)/255*white)))
		}
	}
	return []numberFormat{
		{"signed of 8 bits", 8, 2, func(b []byte, v byte) []byte { return append(b, v-128) }, false},
		{"signed of 16 bits", 16, 2, func(b []byte, v byte) []byte { return le.AppendUint16(b, uint16(v)*257-32768) }, false},
		{"signed of 16 bits, none negative", 16, 2, func(b []byte, v byte) []byte { return le.AppendUint16(b, uint16(v)<<7|uint16(v)>>1) }, false},
		{"unsigned of 32 bits", 32, 1, func(b []byte, v byte) []byte { return le.AppendUint32(b, uint32(v)*0x01010101) }, true},
		{"unsigned of 32 bits, up to 255", 32, 1, func(b []byte, v byte) []byte { return le.AppendUint32(b, uint32(v)) }, false},
		{"unsigned of 32 bits, up to 65535", 32, 1, func(b []byte, v byte) []byte { return le.AppendUint32(b, uint32(v)*257) }, false},
		{"signed of 32 bits, up to 255", 32, 2, func(b []byte, v byte) []byte { return le.AppendUint32(b, uint32(v)) }, false},
		{"floating-point, up to 1", 32, 3, float(1), true},
		{"floating-point, up to 255", 32, 3, float(255), false},
		{"floating-point, up to 65535", 32, 3, float(65535), false},
	}
}

func TestUnusualSamplesDecodeToTheSameImage(t *testing.T) {
	const w, h = 32, 24
	for _, f := range numberFormats() {
		for bands := 1; bands <= 4; bands++ {
			var data []byte
			want := Pixels{Width: w, Height: h, Bands: 3}
			var alpha []byte
			for i := range w * h {
				px := []byte{byte(i), byte(i * 3), byte(255 - i)}
				linear := f.format == 3 && f.bits == 32 && strings.HasSuffix(f.name, "up to 1") && bands > 2
				for c := range 3 {
					v := px[c]
					if bands < 3 {
						v = px[0]
					} else if linear { // IEC 61966-2-1
						x := float64(v) / 255
						if x > 0.0031308 {
							x = 1.055*math.Pow(x, 1/2.4) - 0.055
						} else {
							x *= 12.92
						}
						v = byte(x*255 + 0.5)
					}
					want.Data = append(want.Data, v)
				}
				for c := range bands {
					switch {
					case c == bands-1 && bands%2 == 0:
						a := byte(i * 5)
						alpha = append(alpha, a)
						data = opacity(f, data, a)
					default:
						data = f.encode(data, px[c])
					}
				}
			}
			photometric := uint16(1)
			if bands > 2 {
				photometric = 2
			}
			tags := []tag{{339, 3, uint32(bands), f.format, nil}}
			if bands > 1 {
				tags[0].value |= f.format << 16
			}
			if bands > 2 {
				tags[0].data = le16Repeated(uint16(f.format), bands)
			}
			if bands%2 == 0 {
				tags = append(tags, tag{338, 3, 1, 2, nil})
			}
			img := decoded(t, tiffOf(w, h, f.bits, uint16(bands), photometric, data, tags...), nil)
			rgb, gotAlpha := img.Pixels.Split()
			if worst(rgb, want) > 1 {
				t.Errorf("%s, %d bands: off by %d: %v, want %v", f.name, bands, worst(rgb, want), rgb.Data[:12], want.Data[:12])
			}
			for i, a := range alpha {
				if d := int(gotAlpha[i]) - int(a); d < -1 || d > 1 {
					t.Errorf("%s, %d bands: alpha %d, want %d", f.name, bands, gotAlpha[i], a)
					break
				}
			}
			if warned := len(img.Warnings) > 0; warned == f.exact {
				t.Errorf("%s, %d bands: %q", f.name, bands, img.Warnings)
			}
		}
	}
}

// opacity appends an alpha: the positive range of a format is from transparent to opaque.
func opacity(f numberFormat, data []byte, a byte) []byte {
	le := binary.LittleEndian
	x := float64(a) / 255
	switch {
	case f.format == 3:
		return le.AppendUint32(data, math.Float32bits(float32(x)))
	case f.format == 2 && f.bits == 8:
		return append(data, byte(math.Round(x*math.MaxInt8)))
	case f.format == 2 && f.bits == 16:
		return le.AppendUint16(data, uint16(x*math.MaxInt16))
	case f.format == 2:
		return le.AppendUint32(data, uint32(x*math.MaxInt32))
	}
	return le.AppendUint32(data, uint32(x*math.MaxUint32))
}

func le16Repeated(v uint16, n int) (out []byte) {
	for range n {
		out = binary.LittleEndian.AppendUint16(out, v)
	}
	return out
}

func TestSamplesWithoutAKnownWhiteAreRefused(t *testing.T) {
	file := func(format uint32, values ...uint32) []byte {
		var data []byte
		for _, v := range values {
			data = binary.LittleEndian.AppendUint32(data, v)
		}
		return tiffOf(len(values), 1, 32, 1, 1, data, tag{339, 3, 1, format, nil})
	}
	f := func(v float64) uint32 { return math.Float32bits(float32(v)) }
	minus := int32(-100000)
	for name, data := range map[string][]byte{
		"heights":      file(2, uint32(minus), 5),
		"NaN":          file(3, f(0.5), f(math.NaN())),
		"infinite":     file(3, f(0.5), f(math.Inf(1))),
		"large":        file(3, f(0.5), f(1e6)),
		"half below 0": file(3, f(-0.5), f(0.5)),
	} {
		_, err := Decode(nil)(t.Context(), opened(t, data))
		if err == nil || !strings.Contains(err.Error(), "gtx cannot tell which are black and white") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnusualSamplesGoThroughTheProfile(t *testing.T) {
	var data []byte
	p := scene(40, 30)
	for _, v := range p.Data {
		data = binary.LittleEndian.AppendUint32(data, uint32(v)*0x01010101)
	}
	profile := swapped()
	file := tiffOf(40, 30, 32, 3, 2, data, tag{339, 3, 3, 0, le16Repeated(1, 3)}, tag{34675, 7, uint32(len(profile)), 0, profile})
	want := decoded(t, tiffOf(40, 30, 8, 3, 2, p.Data, tag{34675, 7, uint32(len(profile)), 0, profile}), nil)
	if got := decoded(t, file, nil); worst(got.Pixels, want.Pixels) > 1 || slices.Equal(got.Pixels.Data, p.Data) {
		t.Errorf("off by %d", worst(got.Pixels, want.Pixels))
	}
}

func TestSingleStripNeedsNoLength(t *testing.T) {
	p := scene(40, 30)
	whole := tiffOf(40, 30, 8, 3, 2, p.Data)
	without := func(file []byte) []byte {
		for i := range len(file) - 12 { // the entry becomes one of another kind
			if binary.LittleEndian.Uint16(file[i:]) == 279 && binary.LittleEndian.Uint16(file[i+2:]) == 4 && i > 8+len(p.Data) {
				binary.LittleEndian.PutUint16(file[i:], 285) // the name of a page
				binary.LittleEndian.PutUint16(file[i+2:], 2)
			}
		}
		return file
	}
	if img := decoded(t, without(whole), nil); !slices.Equal(img.Pixels.Data, p.Data) || len(img.Warnings) > 0 {
		t.Errorf("%q", img.Warnings)
	}
}
