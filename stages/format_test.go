package stages

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/h2non/bimg"
)

func TestSniffTellsFormatsByTheirBeginning(t *testing.T) {
	p := scene(20, 20)
	for _, c := range []struct {
		name string
		head []byte
		want Format
	}{
		{"JPEG", jpegOf(t, p), JPEG},
		{"PNG", pngOf(t, goImage(p)), PNG},
		{"GIF", gifOf(t, 1), GIF},
		{"WebP", vipsOf(t, p, bimg.Options{Type: bimg.WEBP}), WebP},
		{"TIFF", vipsOf(t, p, bimg.Options{Type: bimg.TIFF}), TIFF},
		{"big-endian TIFF", []byte("MM\x00*\x00\x00\x00\x08"), TIFF},
		{"AVIF", vipsOf(t, p, bimg.Options{Type: bimg.AVIF}), AVIF},
		{"AVIF by a compatible brand", []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00miafavif"), AVIF},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), HEIF},
		{"HEIC by a compatible brand", []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"), HEIF},
		{"a brand beyond the box", []byte("\x00\x00\x00\x10ftypmp42\x00\x00\x00\x00avifavif"), ""},
		{"a version that reads as a brand", []byte("\x00\x00\x00\x10ftypmp42avif"), ""},
		{"a film", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42"), ""},
		{"a sound", []byte("RIFF\x00\x00\x00\x00WAVEfmt "), ""},
		{"SVG", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), ""},
		{"PDF", []byte("%PDF-1.7"), ""},
		{"text", []byte("hello"), ""},
		{"two bytes of JPEG", []byte("\xff\xd8"), ""},
		{"nothing", nil, ""},
	} {
		if got := Sniff(c.head[:min(len(c.head), SniffLength)]); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestProbeReadsTheBeginningWhateverTheName(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		data []byte
		want Format
	}{
		"photo.txt": {jpegOf(t, scene(40, 40)), JPEG},
		"text.jpg":  {[]byte("no picture"), ""},
		"empty.png": {nil, ""},
		"short.png": {[]byte("\x89PN"), ""},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, c.data, 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := Probe(path); got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	if _, err := Probe(filepath.Join(dir, "none")); err == nil || err.Error() != "no such file or directory" {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Probe(dir); err == nil || err.Error() != "is a directory" {
		t.Errorf("a folder: %v", err)
	}
}

func TestOutputFormatAndExtension(t *testing.T) {
	for _, c := range []struct {
		in   Format
		path string
		out  Format
		ext  string
	}{
		{JPEG, "a.JPEG", JPEG, ".JPEG"}, {JPEG, "a.png", JPEG, ".jpg"}, {JPEG, "a", JPEG, ".jpg"},
		{GIF, "a.gif", PNG, ".png"}, {HEIF, "a.heic", JPEG, ".jpg"}, {TIFF, "a.tiff", TIFF, ".tiff"},
		{TIFF, "a.b", TIFF, ".tif"}, {AVIF, "a.avif", AVIF, ".avif"},
	} {
		if out := c.in.Output(); out != c.out || out.Extension(c.path) != c.ext {
			t.Errorf("%s from %s: %s%s, want %s%s", c.path, c.in, out, out.Extension(c.path), c.out, c.ext)
		}
	}
}

func TestSupportedNamesEveryFormat(t *testing.T) {
	for _, s := range Supported() {
		if writes := s.Format.Output() == s.Format; !s.Read || s.Write != writes {
			t.Errorf("%+v", s)
		}
	}
}
