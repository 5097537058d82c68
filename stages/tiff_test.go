package stages

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/h2non/bimg"
)

func TestRasterFileParsesBackToItself(t *testing.T) {
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
			with := want
			with.xmp = note("abc", nil, nil)
			file, err := with.file()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(file, with.xmp) {
				t.Error("the packet is not in the file")
			}
			got, err := parseRaster(file)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d×%d×%d is not the same", want.Width, want.Height, want.Bands)
			}
			// And through libvips, which lays its file out otherwise.
			file, err = bimg.NewImage(file).Process(bimg.Options{Type: bimg.TIFF})
			if err != nil {
				t.Fatal(err)
			}
			if got, err = parseRaster(file); err != nil || !bytes.Equal(got.Data, want.Data) || got.Bands != want.Bands || !bytes.Equal(got.profile, want.profile) {
				t.Errorf("%d×%d×%d by way of libvips: other pixels or %v", want.Width, want.Height, want.Bands, err)
			}
		}
	}
}

func TestRasterOfTheWrongLengthHasNoFile(t *testing.T) {
	p := scene(4, 4)
	p.Data = p.Data[1:]
	if _, err := (raster{Pixels: p}).file(); err == nil {
		t.Error("no error")
	}
	if _, err := (raster{Pixels: Pixels{Width: 1 << 16, Height: 1 << 16, Bands: 3}}).file(); err == nil {
		t.Error("12 GiB are no error")
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
