package stages

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gtx/stages/container"
)

func TestParseJPEG(t *testing.T) {
	for text, want := range map[string]JPEGOptions{
		"subsampling=444":                 {Subsampling: container.Subsampling444},
		"subsampling=420,optimize=on":     {container.Subsampling420, "on"},
		"optimize=off,subsampling=source": {Optimize: "off"},
	} {
		got, err := ParseJPEG(text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ",", "subsampling", "subsampling=422", "optimize", "optimize=yes", "optimize=on,", "trellis=on"} {
		if got, err := ParseJPEG(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestJPEGsKeepTheSubsamplingOfTheirSource(t *testing.T) {
	const half, full = container.Subsampling420, container.Subsampling444
	halved := saved(t, scene(40, 30), ".jpg[subsample-mode=on]")
	whole := saved(t, scene(40, 30), ".jpg[subsample-mode=off]")
	png := pngOf(t, goImage(scene(40, 30)))
	for _, o := range []struct {
		source  []byte
		asked   container.Subsampling
		quality int
		want    container.Subsampling
	}{
		{halved, "", 95, half}, {halved, "", 50, half}, {halved, full, 95, full}, {halved, full, 50, full},
		{whole, "", 95, full}, {whole, "", 50, full}, {whole, half, 95, half},
		{png, "", 90, full}, {png, "", 89, half}, {png, half, 90, half}, {png, full, 89, full},
	} {
		file := throughFile(t, o.source, JPEG, EncodeOptions{JPEG: JPEGOptions{Subsampling: o.asked}, Quality: o.quality})
		h, err := container.Parse(file)
		if err != nil || h.Subsampling != o.want {
			t.Errorf("%+v: %q, %v", o.asked, h.Subsampling, err)
		}
	}
}

func TestSmallJPEGsHaveTablesOfTheirOwn(t *testing.T) {
	for pixels, want := range map[int]bool{optimizeUpTo: true, optimizeUpTo + 1: false} {
		if got := (JPEGOptions{}).coding("", 90, pixels).optimize; got != want {
			t.Errorf("%d pixels: %t, want %t", pixels, got, want)
		}
	}
	source := pngOf(t, goImage(scene(200, 150)))
	on := throughFile(t, source, JPEG, EncodeOptions{JPEG: JPEGOptions{Optimize: "on"}})
	off := throughFile(t, source, JPEG, EncodeOptions{JPEG: JPEGOptions{Optimize: "off"}})
	if len(on) >= len(off) {
		t.Errorf("%d bytes with tables of its own, %d without", len(on), len(off))
	}
}

// Options of JPEG belong to the identity of JPEGs only.
func TestCompareMindsTheCodingOfJPEG(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	o := EncodeOptions{Parameters: properties, JPEG: JPEGOptions{Optimize: "on"}}
	for _, c := range []struct {
		format Format
		redone bool
	}{{JPEG, true}, {PNG, false}} {
		if err := os.WriteFile(out, encodedAs(t, c.format, translated(scene(30, 20))), 0o666); err != nil {
			t.Fatal(err)
		}
		f := File{Source: Source{Out: out, Format: c.format}, Digest: "digest"}
		_, err := Compare(ExistingSkip, o)(t.Context(), f)
		if redone := err == nil; redone != c.redone {
			t.Errorf("%s: %v", c.format, err)
		}
	}
}

// Our own saver of JPEGs writes what libvips writes, but for the Exif data that libvips makes up.
func TestJPEGsAreThoseOfLibvips(t *testing.T) {
	xmp, iptc := []byte("<x:xmpmeta/>"), []byte("Photoshop 3.0\x008BIM")
	profile := srgbProfile()
	for _, bands := range []int{3, 4} {
		for _, size := range [][2]int{{1, 1}, {16, 16}, {257, 131}, {600, 40}} {
			for _, coding := range []jpegCoding{{90, true, true, false}, {75, false, false, false}, {100, true, false, false}, {1, false, true, false}} {
				halve := map[bool]string{true: "on", false: "off"}[coding.halve]
				libvips := fmt.Sprintf(".jpg[Q=%d,subsample-mode=%s,optimize-coding=%t,background=255]", coding.quality, halve, coding.optimize)
				var files [2][]byte
				err := withPictures(func(s *scope) error {
					p := s.of(textured(size[0], size[1], bands, 1))
					p.attach(profile)
					keep := func(i int) func([]byte) error {
						return func(file []byte) error {
							files[i] = bytes.Join(container.Metadata{}.Insert(JPEG, file), nil)
							return nil
						}
					}
					return errors.Join(p.saveJPEG(coding, xmp, iptc, keep(0)), p.save(libvips, nil, xmp, iptc, keep(1)))
				})
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(files[0], files[1]) {
					t.Errorf("%v, %d bands, %+v: %d bytes, libvips %d", size, bands, coding, len(files[0]), len(files[1]))
				}
			}
		}
	}
}

// A JPEG without Exif data has its resolution in the JFIF header.
func TestJPEGsKeepTheResolution(t *testing.T) {
	dots := []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x02\x01\x01\x2c\x00\x96\x00\x00") // 300 and 150 per inch
	plain := jpegOf(t, scene(64, 48))
	for name, c := range map[string]struct {
		source []byte
		want   []byte
	}{
		"with":    {append(bytes.Clone(dots), plain[2:]...), []byte("JFIF\x00\x01\x01\x01\x01\x2c\x00\x96\x00\x00")},
		"without": {plain, nil},
	} {
		recode := Recode(OpenOptions{}, EncodeOptions{Size: Size{kind: sizeSource}, Quality: 90})
		file, err := recode(t.Context(), Source{Data: c.source, Out: Stdout, Format: JPEG})
		if err != nil {
			t.Fatal(err)
		}
		if found := bytes.Contains(file, []byte("JFIF")); found != (c.want != nil) || !bytes.Contains(file, c.want) {
			t.Errorf("%s: %q", name, file[:32])
		}
	}
}
