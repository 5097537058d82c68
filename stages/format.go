package stages

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/h2non/bimg"
)

// A Format is a file format, named as in --format.
type Format string

const (
	JPEG Format = "jpg"
	PNG  Format = "png"
	WebP Format = "webp"
	TIFF Format = "tiff"
	AVIF Format = "avif"
	HEIF Format = "heif" // read only
	GIF  Format = "gif"  // read only, still pictures
)

// Formats lists what can be written.
var Formats = []Format{JPEG, PNG, WebP, TIFF, AVIF}

// smallest is up to how many pixels the codes of a JPEG are fitted to it, for some
// percent less: all of its coefficients are kept for that, 6 bytes a pixel.
const smallest = 32 << 20

var formats = map[Format]struct {
	bimg       bimg.ImageType
	extensions []string // the first is the usual one
	max        int      // longest side that the format can hold, 0: enough
	as         Format
	deep       bool   // it can hold 16 bits a sample, AVIF 12
	saver      string // libvips' name and options; {Q} stands for the quality, {small} for at most smallest pixels
}{
	// What is transparent lies on white.
	JPEG: {bimg.JPEG, []string{".jpg", ".jpeg", ".jpe", ".jfif"}, 65535, JPEG, false, ".jpg[Q={Q},optimize-coding={small},background=255]"},
	// 12 megapixels take 1.2 s at level 1 and 5.3 s at 6.
	PNG:  {bimg.PNG, []string{".png"}, 0, PNG, true, ".png[compression=1,filter=all]"},
	WebP: {bimg.WEBP, []string{".webp"}, 16383, WebP, false, ".webp[Q={Q}]"},
	TIFF: {bimg.TIFF, []string{".tif", ".tiff"}, 0, TIFF, true, ".tif"},
	// 256×256 take 29 ms at this speed and 8.4 s at the default.
	AVIF: {bimg.AVIF, []string{".avif"}, 16384, AVIF, true, ".avif[Q={Q},compression=av1,speed=8]"},
	HEIF: {bimg.HEIF, []string{".heic", ".heif"}, 0, JPEG, false, ""},
	GIF:  {bimg.GIF, []string{".gif"}, 0, PNG, false, ""},
}

// SniffLength is how much of a file's beginning Sniff looks at.
const SniffLength = 64

// Sniff tells a file's format from its beginning, whatever its name, or returns
// "" for what gtx cannot read.
func Sniff(head []byte) Format {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(head, []byte(pngSignature)):
		return PNG
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return GIF
	case bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")):
		return TIFF
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return WebP
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return sniffBrands(head)
	}
	return ""
}

// sniffBrands reads an ISO media file's brands: AVIF and HEIC share a container.
func sniffBrands(head []byte) Format {
	size := int(head[0])<<24 | int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	for at := 8; at+4 <= min(size, len(head)); at += 4 {
		if at == 12 { // a version
			continue
		}
		switch string(head[at : at+4]) {
		case "avif":
			return AVIF
		case "heic", "heix":
			return HEIF
		}
	}
	return ""
}

// Output is the format that a file of format f is written as by default: its
// own, or the nearest that can be written.
func (f Format) Output() Format { return formats[f].as }

// Extension is the extension of a file of format f that is made from path: that
// of path if it fits, else the usual one.
func (f Format) Extension(path string) string {
	ext := filepath.Ext(path)
	if slices.Contains(formats[f].extensions, strings.ToLower(ext)) {
		return ext
	}
	return formats[f].extensions[0]
}
