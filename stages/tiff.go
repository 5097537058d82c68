package stages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// bimg takes and gives files only, never pixels. Uncompressed TIFF is the file
// nearest to pixels: libvips reads and writes it bit for bit, at the cost of a
// copy, and it carries the colour profile and the XMP packet to and fro.

// TIFF 6.0 tags, and the two that hold profile (ICC.1, annex B.4) and XMP.
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
	tagPlanar       = 284
	tagTileOffsets  = 324
	tagTileCounts   = 325
	tagExtraSamples = 338
	tagXMP          = 700
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

// A raster is what a TIFF file carries between gtx and libvips.
type raster struct {
	Pixels
	orientation int    // Exif, 1 to 8
	profile     []byte // ICC, nil for sRGB
	xmp         []byte
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

// file writes r as a little-endian, one-strip TIFF.
func (r raster) file() ([]byte, error) {
	if err := holds(r.Width, r.Height, r.Bands); err != nil {
		return nil, err
	}
	if len(r.Data) != r.Width*r.Height*r.Bands {
		return nil, fmt.Errorf("%d bytes for %d×%d×%d", len(r.Data), r.Width, r.Height, r.Bands)
	}
	type entry struct {
		tag, kind, count, value int
	}
	const header = 8
	bits := header // where the bit depths lie, before the pixels
	pixels := bits + 2*r.Bands
	profile := pixels + len(r.Data)
	xmp := profile + len(r.profile)
	directory := (xmp + len(r.xmp) + 1) &^ 1
	entries := []entry{
		{tagWidth, typeLong, 1, r.Width},
		{tagHeight, typeLong, 1, r.Height},
		{tagBits, typeShort, r.Bands, bits},
		{tagCompression, typeShort, 1, 1},
		{tagPhotometric, typeShort, 1, 2}, // RGB
		{tagStripOffsets, typeLong, 1, pixels},
		{tagSamples, typeShort, 1, r.Bands},
		{tagRowsPerStrip, typeLong, 1, r.Height},
		{tagStripCounts, typeLong, 1, len(r.Data)},
		{tagPlanar, typeShort, 1, 1},
	}
	if r.Bands == 4 {
		entries = append(entries, entry{tagExtraSamples, typeShort, 1, 2}) // alpha, not premultiplied
	}
	if len(r.xmp) > 4 {
		entries = append(entries, entry{tagXMP, typeByte, len(r.xmp), xmp})
	}
	if len(r.profile) > 4 {
		entries = append(entries, entry{tagICC, typeUndefined, len(r.profile), profile})
	}

	order := binary.LittleEndian
	out := make([]byte, 0, directory+2+12*len(entries)+4)
	out = append(out, 'I', 'I', 42, 0)
	out = order.AppendUint32(out, uint32(directory))
	for range r.Bands {
		out = order.AppendUint16(out, 8)
	}
	out = append(out, r.Data...)
	out = append(out, r.profile...)
	out = append(out, r.xmp...)
	out = out[:directory]
	out = order.AppendUint16(out, uint16(len(entries)))
	for _, e := range entries {
		out = order.AppendUint16(out, uint16(e.tag))
		out = order.AppendUint16(out, uint16(e.kind))
		out = order.AppendUint32(out, uint32(e.count))
		out = order.AppendUint32(out, uint32(e.value))
	}
	return order.AppendUint32(out, 0), nil
}
