package stages

import (
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
	for pixels, want := range map[int]string{
		optimizeUpTo:     ".jpg[Q=90,subsample-mode=off,optimize-coding=true,background=255]",
		optimizeUpTo + 1: ".jpg[Q=90,subsample-mode=off,optimize-coding=false,background=255]",
	} {
		if got := (JPEGOptions{}).saver("", 90, pixels); got != want {
			t.Errorf("%d pixels: %s, want %s", pixels, got, want)
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
