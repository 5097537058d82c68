package container

import "testing"

func TestSniffTellsFormatsByTheirBeginning(t *testing.T) {
	for _, c := range []struct {
		name string
		head []byte
		want Format
	}{
		{"JPEG", committed(t, "progressive.jpg"), JPEG},
		{"PNG", committed(t, "interlaced.png"), PNG},
		{"GIF", gifOf(t, 1), GIF},
		{"WebP", committed(t, "lossy.webp"), WebP},
		{"TIFF", committed(t, "libvips.tif"), TIFF},
		{"big-endian TIFF", []byte("MM\x00*\x00\x00\x00\x08"), TIFF},
		{"AVIF", committed(t, "still.avif"), AVIF},
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
