package stages

import (
	"reflect"
	"testing"
)

func TestPixelsSavedAsTIFFParseBackToThemselves(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 5}, {17, 2}, {64, 48}} {
		rgb := scene(size[0], size[1])
		alpha := make([]byte, size[0]*size[1])
		for i := range alpha {
			alpha[i] = byte(200 + i)
		}
		for _, want := range []raster{
			{Pixels: rgb, orientation: 1},
			{Pixels: rgb.join(alpha), orientation: 1, profile: swapped()},
		} {
			file, err := want.save(".tif", [2][]byte{want.profile, note("abc", nil, nil)})
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseRaster(file)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d×%d×%d is not the same", want.Width, want.Height, want.Bands)
			}
		}
	}
}

func TestPixelsOfTheWrongLengthAreNotSaved(t *testing.T) {
	p := scene(4, 4)
	p.Data = p.Data[1:]
	if _, err := p.save(".tif", [2][]byte{}); err == nil {
		t.Error("no error")
	}
}

func TestOtherTIFFsAreNoRaster(t *testing.T) {
	p := scene(8, 8).Data
	for name, file := range map[string][]byte{
		"empty":                  nil,
		"short":                  []byte("II*\x00\xff\xff\xff\xff"),
		"16 bits":                tiffOf(8, 4, 16, 3, 2, p),
		"compressed":             tiffOf(8, 8, 8, 3, 2, p, tag{259, 3, 1, 5, nil}),
		"too few pixels":         tiffOf(9, 8, 8, 3, 2, p),
		"offset beyond":          tiffOf(8, 8, 8, 3, 2, p, tag{273, 4, 1, 5000, nil}),
		"no width":               tiffOf(0, 8, 8, 3, 2, p),
		"sizes that overflow":    tiffOf(-1, -1, 8, 3, 2, p),
		"2^32 values of no type": tiffOf(8, 8, 8, 3, 2, p, tag{258, 5, 1<<32 - 1, 0, nil}),
	} {
		if r, err := parseRaster(file); err == nil {
			t.Errorf("%s: %d×%d×%d", name, r.Width, r.Height, r.Bands)
		}
	}
}

func FuzzParseRaster(f *testing.F) {
	p := scene(5, 4)
	f.Add(tiffOf(5, 4, 8, 3, 2, p.Data))
	f.Add(tiffOf(5, 4, 8, 3, 2, p.Data, tag{274, 3, 1, 6, nil}, tag{34675, 7, 9, 0, []byte("a profile")}))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRaster(data)
		if err == nil && len(r.Data) != r.Width*r.Height*r.Bands {
			t.Errorf("%d bytes for %d×%d×%d", len(r.Data), r.Width, r.Height, r.Bands)
		}
	})
}
