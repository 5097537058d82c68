package stages

import (
	"fmt"
	"strings"

	"gtx/stages/container"
)

// JPEGOptions says how results in JPEG are coded. The zero value is the default.
type JPEGOptions struct {
	Subsampling container.Subsampling // "": as the source
	Optimize    string                // Huffman tables made for each file: on or off; "": on for small images
}

const (
	// optimizeUpTo is the pixel count up to which a JPEG gets optimized Huffman tables by default.
	// They make the file 1 to 4 per cent smaller. But libjpeg then keeps all coefficients in memory,
	// 6 bytes per pixel, and from 1024×768 on a fifth of the whole translation goes into them.
	optimizeUpTo = 1 << 18
	// fullChromaFrom is the quality from which chroma keeps its full size, if the source does
	// not decide. libvips has the same default.
	fullChromaFrom = 90
)

// ParseJPEG reads options such as "subsampling=444,optimize=on".
func ParseJPEG(text string) (o JPEGOptions, err error) {
	for field := range strings.SplitSeq(text, ",") {
		_, value, _ := strings.Cut(field, "=")
		switch field {
		case "subsampling=source":
			o.Subsampling = ""
		case "subsampling=420", "subsampling=444":
			o.Subsampling = container.Subsampling(value)
		case "optimize=on", "optimize=off":
			o.Optimize = value
		default:
			return o, fmt.Errorf("%q is unknown: known are subsampling=420, subsampling=444, subsampling=source, optimize=on and optimize=off", field)
		}
	}
	return o, nil
}

// String is the canonical text of the options that are not the default.
func (o JPEGOptions) String() string {
	var fields []string
	if o.Subsampling != "" {
		fields = append(fields, "subsampling="+string(o.Subsampling))
	}
	if o.Optimize != "" {
		fields = append(fields, "optimize="+o.Optimize)
	}
	return strings.Join(fields, ",")
}

// A jpegCoding says how one JPEG is coded.
type jpegCoding struct {
	quality  int  // 1 to 100
	halve    bool // chroma has half the width and height
	optimize bool // Huffman tables made for this file
	density  bool // state the resolution, if the picture has one
}

// coding says how to code an image of so many pixels, whose source has a subsampling.
func (o JPEGOptions) coding(source container.Subsampling, quality, pixels int) jpegCoding {
	subsampling := o.Subsampling
	if subsampling == "" {
		subsampling = source
	}
	if subsampling == "" && quality >= fullChromaFrom {
		subsampling = container.Subsampling444
	}
	return jpegCoding{
		quality:  quality,
		halve:    subsampling != container.Subsampling444,
		optimize: o.Optimize == "on" || o.Optimize == "" && pixels <= optimizeUpTo,
	}
}

// parametersFor are the parameters of a result in a format. Options of JPEG change no other files.
func (o EncodeOptions) parametersFor(format Format) []Property {
	text := o.JPEG.String()
	if format != JPEG || text == "" {
		return o.Parameters
	}
	return append(o.Parameters[:len(o.Parameters):len(o.Parameters)], Property{Name: "encode", Value: text})
}
