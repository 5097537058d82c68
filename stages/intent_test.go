package stages

import (
	"github.com/h2non/bimg"

	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

// labTable is the body of a tag A2Bn: a table of side^inputs colours in CIE Lab. colour gets samples from 0 to 1 and
// gives linear red, green and blue of sRGB.
func labTable(inputs, side int, colour func(samples []float64) (r, g, b float64)) []byte {
	be := binary.BigEndian
	b := append([]byte("mft2\x00\x00\x00\x00"), byte(inputs), 3, byte(side), 0)
	for i := range 9 { // a matrix that changes nothing
		v := uint32(0)
		if i%4 == 0 {
			v = 1 << 16
		}
		b = be.AppendUint32(b, v)
	}
	b = be.AppendUint16(be.AppendUint16(b, 2), 2) // entries of each curve
	line := []byte{0, 0, 255, 255}
	b = append(b, bytes.Repeat(line, inputs)...)
	samples, nodes := make([]float64, inputs), 1
	for range inputs {
		nodes *= side
	}
	for i := range nodes {
		for k, n := inputs-1, i; k >= 0; k, n = k-1, n/side { // the first sample changes last
			samples[k] = float64(n%side) / float64(side-1)
		}
		r, g, blue := colour(samples)
		f := func(x float64) float64 { // of CIE Lab
			if x > 216.0/24389 {
				return math.Cbrt(x)
			}
			return (24389.0/27*x + 16) / 116
		}
		x := f((0.4361*r + 0.3851*g + 0.1431*blue) / 0.9642)
		y := f(0.2225*r + 0.7169*g + 0.0606*blue)
		z := f((0.0139*r + 0.0971*g + 0.7141*blue) / 0.8249)
		for _, v := range []float64{(116*y - 16) / 100 * 0xff00, (500*(x-y) + 128) * 256, (200*(y-z) + 128) * 256} {
			b = be.AppendUint16(b, uint16(math.Round(v)))
		}
	}
	return append(b, bytes.Repeat(line, 3)...)
}

// linear removes the gamma of sRGB.
func linear(x float64) float64 {
	if x <= 0.04045 {
		return x / 12.92
	}
	return math.Pow((x+0.055)/1.055, 2.4)
}

// tableProfile is a profile for RGB without primaries and curves. A table for one rendering intent, tag A2Bn,
// gives the colours of sRGB with red and green exchanged. There is no way back, as in profiles of scanners.
func tableProfile(tag string) []byte {
	table := labTable(3, 17, func(s []float64) (r, g, b float64) { return linear(s[1]), linear(s[0]), linear(s[2]) })
	p := newProfile("tables", "RGB ", []string{tag}, [][]byte{table})
	copy(p[20:], "Lab ")
	return p
}

// inkProfile is a profile for CMYK whose inks are weaker than those of libvips' own.
func inkProfile() []byte {
	table := labTable(4, 7, func(s []float64) (r, g, b float64) {
		light := 1 - 0.9*s[3]
		return linear(light * (1 - 0.8*s[0])), linear(light * (1 - 0.7*s[1])), linear(light * (1 - 0.9*s[2]))
	})
	p := newProfile("inks", "CMYK", []string{"A2B0", "A2B1"}, [][]byte{table, table})
	copy(p[12:], "prtr")
	copy(p[20:], "Lab ")
	return p
}

func TestProfileWithTablesForAnyIntentIsUsed(t *testing.T) {
	p := scene(80, 60)
	exchanged := Pixels{Width: 80, Height: 60, Bands: 3}
	for i := 0; i < len(p.Data); i += 3 {
		exchanged.Data = append(exchanged.Data, p.Data[i+1], p.Data[i], p.Data[i+2])
	}
	for _, c := range []struct {
		tag      string
		warnings []string
	}{{"A2B0", []string{warnIntent}}, {"A2B1", nil}, {"A2B2", []string{warnIntent}}} {
		profile := tableProfile(c.tag)
		for name, file := range map[string][]byte{
			"JPEG": withProfile(jpegOf(t, p), profile),
			"PNG":  withPNGProfile(pngOf(t, goImage(p)), profile),
			"TIFF": tiffOf(80, 60, 16, 3, 2, le16(p.Data), tag{34675, 7, uint32(len(profile)), 0, profile}),
		} {
			img := decoded(t, file, nil)
			if d := distance(t, img.Pixels, exchanged); d > 4 || !slices.Equal(img.Warnings, c.warnings) {
				t.Errorf("%s in %s: off by %.1f, %q", c.tag, name, d, img.Warnings)
			}
			c := identical(t, file, square(32), DetailOptions{Keep: true})
			c.Source.Out, c.Source.Format = Stdout, PNG
			w, err := Encode(EncodeOptions{Size: Size{kind: "source"}, KeepProfile: true})(t.Context(), c)
			if err != nil || bytes.Contains(w.Data, []byte("mft2")) {
				t.Fatalf("%s: %v", name, err)
			}
			if d := distance(t, decoded(t, w.Data, nil).Pixels, exchanged); d > 4 {
				t.Errorf("%s: the result is off by %.1f", name, d)
			}
		}
	}
}

func TestProfilesThatCannotBeUsedAreReported(t *testing.T) {
	p := scene(80, 60)
	broken := bytes.Replace(tableProfile("A2B1"), []byte("mft2"), []byte("what"), 1)
	for name, profile := range map[string][]byte{
		"garbage": []byte("no profile at all"), "cut": wideProfile()[:300], "grey": profileOf("GRAY", []string{"kTRC"}, [][]byte{gammaCurve(2.2)}),
		"CMYK": profileOf("CMYK", nil, nil), "no tables": profileOf("RGB ", nil, nil), "only the way to it": tableProfile("B2A1"), "a broken table": broken,
	} {
		for format, file := range map[string][]byte{
			"JPEG": withProfile(jpegOf(t, p), profile),
			"PNG":  withPNGProfile(pngOf(t, goImage(p)), profile),
		} {
			img := decoded(t, file, nil)
			if d := distance(t, img.Pixels, p); d > 2 || !slices.Equal(img.Warnings, []string{warnProfile}) || img.Profile == nil {
				t.Errorf("%s in %s: off by %.1f, %q", name, format, d, img.Warnings)
			}
		}
	}
}

func TestInkTakesOnlyProfilesForInk(t *testing.T) {
	k := pixelKindsOf(scene(80, 60))
	file, err := bimg.NewImage(tiffOf(80, 60, 8, 4, 5, k.cmyk)).Process(bimg.Options{Type: bimg.JPEG, Interpretation: bimg.InterpretationCMYK, Quality: 95})
	if err != nil {
		t.Fatal(err)
	}
	plain := decoded(t, file, nil)
	if len(plain.Warnings) != 0 {
		t.Errorf("without a profile: %q", plain.Warnings)
	}
	for name, profile := range map[string][]byte{"wide": wideProfile(), "sRGB": srgbProfile()} {
		img := decoded(t, withProfile(file, profile), nil)
		if d := distance(t, img.Pixels, plain.Pixels); d > 0 || !slices.Equal(img.Warnings, []string{warnProfile}) {
			t.Errorf("%s: off by %.1f, %q", name, d, img.Warnings)
		}
	}
}
