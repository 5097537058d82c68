package stages

import (
	"github.com/h2non/bimg"

	"gtx/stages/container"
)

// A Format is a file format, named as in --format.
type Format = container.Format

const (
	JPEG = container.JPEG
	PNG  = container.PNG
	WebP = container.WebP
	TIFF = container.TIFF
	AVIF = container.AVIF
	HEIF = container.HEIF // read only
	GIF  = container.GIF  // read only, still images
)

// Formats lists the formats that gtx writes.
var Formats = []Format{JPEG, PNG, WebP, TIFF, AVIF}

// output is the format of the result of a source that was read in another format.
func (s Source) output(read Format) Format {
	if s.Format != "" {
		return s.Format
	}
	return read.Output()
}

// codecs says how libvips reads and writes each format.
var codecs = map[Format]struct {
	bimg  bimg.ImageType
	saver string // libvips' name and options; {Q} stands for the quality; "": read only, or JPEG
}{
	JPEG: {bimg.JPEG, ""}, // see JPEGOptions
	// At compression level 1, 12 megapixels take 1.2 s. At level 6 they take 5.3 s.
	PNG:  {bimg.PNG, ".png[compression=1,filter=all]"},
	WebP: {bimg.WEBP, ".webp[Q={Q}]"},
	TIFF: {bimg.TIFF, ".tif"},
	// At speed 8, 256×256 take 29 ms. At the default speed they take 8.4 s.
	AVIF: {bimg.AVIF, ".avif[Q={Q},compression=av1,speed=8]"},
	HEIF: {bimg.HEIF, ""},
	GIF:  {bimg.GIF, ""},
}
