// Package container reads and writes the byte formats of image files, outside their
// coded pixels. It imports the standard library only and decodes nothing.
//
// Parse turns a whole file into a Header: format, size, metadata and faults. Sniff tells
// the format from the first bytes. For a file that libvips wrote, Metadata.ForLibvips
// and Metadata.Insert carry over the metadata of its source, and Metadata.WithNote says
// how the file was made. IsSRGB and AdobeRGB deal with colour profiles.
//
// All functions are safe for many goroutines at once, and they take time and memory
// linear in the size of the data. Any bytes are safe input, except that the file for
// Insert must be whole. Arguments are not changed, but results may share memory with
// them.
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
	GIF  Format = "gif"  // read only, still images
)

var formats = map[Format]struct {
	extensions []string // the first is the usual one
	maxSide    int      // in pixels; 0: no limit that matters
	output     Format
	deep       bool // more than 8 bits per sample
}{
	JPEG: {[]string{".jpg", ".jpeg", ".jpe", ".jfif"}, 65535, JPEG, false},
	PNG:  {[]string{".png"}, 0, PNG, true},
	WebP: {[]string{".webp"}, 16383, WebP, false},
	TIFF: {[]string{".tif", ".tiff"}, 0, TIFF, true},
	AVIF: {[]string{".avif"}, 16384, AVIF, true},
	HEIF: {[]string{".heic", ".heif"}, 0, JPEG, false},
	GIF:  {[]string{".gif"}, 0, PNG, false},
}

// SniffLength is how many bytes at the beginning of a file Sniff needs.
const SniffLength = 64

// Sniff returns the format of a file from its beginning, or "" if gtx cannot read it.
// File names do not matter.
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

// sniffBrands reads the brands of an ISO media file: AVIF and HEIC share that format.
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

// MaxSide returns the longest side, in pixels, of an image in format f. It is 0 if no
// image that gtx makes is too large.
func (f Format) MaxSide() int { return formats[f].maxSide }

// Deep reports whether format f can hold more than 8 bits per sample.
func (f Format) Deep() bool { return formats[f].deep }

// Output returns the format in which gtx writes the result for a file of format f by
// default: f itself or, if gtx cannot write it, the nearest one.
func (f Format) Output() Format { return formats[f].output }

// Extensions returns the extensions of files of format f, in lower case, the usual one first.
func (f Format) Extensions() []string { return formats[f].extensions }

// Extension returns the extension for a file of format f that is made from the one at
// path: that of path if it suits the format, else the usual one.
func (f Format) Extension(path string) string {
	ext := filepath.Ext(path)
	if slices.Contains(formats[f].extensions, strings.ToLower(ext)) {
		return ext
	}
	return formats[f].extensions[0]
}
