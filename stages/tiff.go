package stages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// bimg gives files only, never pixels. Uncompressed TIFF is the file nearest to
// pixels: libvips writes it bit for bit, with the colour profile and the
// orientation.

// TIFF 6.0 tags, and the one that holds a profile (ICC.1, annex B.4).
const (
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagStripOffsets = 273
	tagOrientation  = 274
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagStripCounts  = 279
	tagTileOffsets  = 324
	tagTileCounts   = 325
	tagICC          = 34675

	typeByte      = 1
	typeShort     = 3
	typeLong      = 4
	typeUndefined = 7
)

// A directory holds the values of a TIFF file's first picture by their tags.
type directory struct {
	order  binary.ByteOrder
	fields map[uint16]field
}

// A field is an array of numbers (of SHORT or LONG) or of bytes.
type field struct {
	width  int // bytes a value
	values []byte
}

// readDirectory reads the fields that have a type listed above.
func readDirectory(data []byte) (directory, error) {
	if len(data) < 8 {
		return directory{}, errTruncated
	}
	d := directory{binary.LittleEndian, map[uint16]field{}}
	if data[0] == 'M' {
		d.order = binary.BigEndian
	}
	at := int(d.order.Uint32(data[4:]))
	if at+2 > len(data) {
		return directory{}, errTruncated
	}
	end := at + 2 + 12*int(d.order.Uint16(data[at:]))
	if end > len(data) {
		return directory{}, errTruncated
	}
	for at += 2; at < end; at += 12 {
		entry := data[at : at+12]
		width := map[uint16]int{typeByte: 1, typeShort: 2, typeLong: 4, typeUndefined: 1}[d.order.Uint16(entry[2:])]
		size := width * int(d.order.Uint32(entry[4:]))
		from := entry[8:]
		if size > 4 {
			offset := int(d.order.Uint32(from))
			if offset+size > len(data) {
				return directory{}, errTruncated
			}
			from = data[offset:]
		}
		if size > 0 {
			d.fields[d.order.Uint16(entry)] = field{width, from[:size:size]}
		}
	}
	return d, nil
}

// numbers are the values of a tag; none if it is missing.
func (d directory) numbers(tag uint16) []int {
	f := d.fields[tag]
	var list []int
	for at := 0; at < len(f.values); at += f.width {
		switch f.width {
		case 1:
			list = append(list, int(f.values[at]))
		case 2:
			list = append(list, int(d.order.Uint16(f.values[at:])))
		case 4:
			list = append(list, int(d.order.Uint32(f.values[at:])))
		}
	}
	return list
}

// number is the first value of a tag, or the default.
func (d directory) number(tag uint16, otherwise int) int {
	if list := d.numbers(tag); len(list) > 0 {
		return list[0]
	}
	return otherwise
}

// A raster is what a TIFF file carries from libvips to gtx.
type raster struct {
	Pixels
	orientation int    // Exif, 1 to 8
	profile     []byte // ICC, nil for sRGB
}

var errRaster = errors.New("the decoder gave no plain 8-bit raster")

// parseRaster reads the uncompressed 8-bit TIFF that libvips writes. The pixels
// and the profile stay where they are in data.
func parseRaster(data []byte) (raster, error) {
	d, err := readDirectory(data)
	if err != nil {
		return raster{}, errRaster
	}
	r := raster{
		Pixels: Pixels{
			Width:  d.number(tagWidth, 0),
			Height: d.number(tagHeight, 0),
			Bands:  d.number(tagSamples, 1),
		},
		orientation: d.number(tagOrientation, 1),
		profile:     d.fields[tagICC].values,
	}
	offsets, counts := d.numbers(tagStripOffsets), d.numbers(tagStripCounts)
	if d.number(tagBits, 1) != 8 || d.number(tagCompression, 1) != 1 ||
		len(offsets) == 0 || len(offsets) != len(counts) ||
		r.Width < 1 || r.Height < 1 || r.Bands < 1 || holds(r.Width, r.Height, r.Bands) != nil {
		return raster{}, errRaster
	}
	end := offsets[0]
	for i, at := range offsets {
		if at != end {
			return raster{}, errRaster
		}
		end += counts[i]
	}
	if end-offsets[0] != r.Width*r.Height*r.Bands || end > len(data) {
		return raster{}, errRaster
	}
	r.Data = data[offsets[0]:end:end]
	return r, nil
}

// holds tells whether bimg can handle a picture: it counts bytes in 32 bits.
func holds(width, height, bands int) error {
	const most = math.MaxInt32 - 1<<20 // less room for the metadata
	if width > most/height/bands {
		return fmt.Errorf("%d×%d is more than 2 GiB of pixels", width, height)
	}
	return nil
}
