package container

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
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

var formats = map[Format]struct {
	extensions []string // the first is the usual one
	most       int      // longest side in pixels, 0: enough
	output     Format
	deep       bool
}{
	JPEG: {[]string{".jpg", ".jpeg", ".jpe", ".jfif"}, 65535, JPEG, false},
	PNG:  {[]string{".png"}, 0, PNG, true},
	WebP: {[]string{".webp"}, 16383, WebP, false},
	TIFF: {[]string{".tif", ".tiff"}, 0, TIFF, true},
	AVIF: {[]string{".avif"}, 16384, AVIF, true},
	HEIF: {[]string{".heic", ".heif"}, 0, JPEG, false},
	GIF:  {[]string{".gif"}, 0, PNG, false},
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

// MaxSide is the longest side in pixels that a file of format f can have; 0 means
// that no picture is too large.
func (f Format) MaxSide() int { return formats[f].most }

// Deep reports whether format f can hold more than 8 bits a sample.
func (f Format) Deep() bool { return formats[f].deep }

// Output is the format that a file of format f is written as by default: its
// own, or the nearest that can be written.
func (f Format) Output() Format { return formats[f].output }

// Extension is the extension of a file of format f that is made from path: that
// of path if it fits, else the usual one.
func (f Format) Extension(path string) string {
	ext := filepath.Ext(path)
	if slices.Contains(formats[f].extensions, strings.ToLower(ext)) {
		return ext
	}
	return formats[f].extensions[0]
}
