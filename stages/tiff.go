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
	tagExtraSamples = 338
	tagXMP          = 700
	tagICC          = 34675

	typeByte  = 1
	typeShort = 3
	typeLong  = 4
)

// A raster is what a TIFF file carries between gtx and libvips.
type raster struct {
	Pixels
	orientation int    // Exif, 1 to 8
	profile     []byte // ICC, nil for sRGB
	xmp         []byte
}

var errRaster = errors.New("the decoder gave no plain 8-bit raster")

// parseRaster reads the uncompressed 8-bit TIFF that libvips writes. The pixels
// stay where they are in data.
func parseRaster(data []byte) (raster, error) {
	if len(data) < 8 {
		return raster{}, errRaster
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	directory := int(order.Uint32(data[4:]))
	if directory+2 > len(data) {
		return raster{}, errRaster
	}
	entries := int(order.Uint16(data[directory:]))
	if directory+2+12*entries > len(data) {
		return raster{}, errRaster
	}
	r := raster{orientation: 1}
	var offsets, counts []int
	for i := range entries {
		entry := data[directory+2+12*i:][:12]
		count := int(order.Uint32(entry[4:]))
		numbers := func() []int { // the entry's values, SHORT or LONG
			width := map[uint16]int{typeShort: 2, typeLong: 4}[order.Uint16(entry[2:])]
			from := entry[8:]
			if width*count > 4 {
				at := int(order.Uint32(from))
				if width == 0 || at+width*count > len(data) {
					return nil
				}
				from = data[at:]
			}
			list := make([]int, 0, count)
			for j := range count {
				if width == 2 {
					list = append(list, int(order.Uint16(from[2*j:])))
				} else if width == 4 {
					list = append(list, int(order.Uint32(from[4*j:])))
				}
			}
			return list
		}
		first := func() int {
			if list := numbers(); len(list) > 0 {
				return list[0]
			}
			return 0
		}
		switch order.Uint16(entry) {
		case tagWidth:
			r.Width = first()
		case tagHeight:
			r.Height = first()
		case tagSamples:
			r.Bands = first()
		case tagOrientation:
			r.orientation = first()
		case tagBits:
			if first() != 8 {
				return raster{}, errRaster
			}
		case tagCompression:
			if first() != 1 {
				return raster{}, errRaster
			}
		case tagStripOffsets:
			offsets = numbers()
		case tagStripCounts:
			counts = numbers()
		case tagICC:
			if at := int(order.Uint32(entry[8:])); count > 4 && at+count <= len(data) {
				r.profile = data[at : at+count : at+count]
			}
		}
	}
	size := r.Width * r.Height * r.Bands
	if size == 0 || len(offsets) == 0 || len(offsets) != len(counts) {
		return raster{}, errRaster
	}
	end := offsets[0]
	for i, at := range offsets {
		if at != end {
			return raster{}, errRaster
		}
		end += counts[i]
	}
	if end-offsets[0] != size || end > len(data) {
		return raster{}, errRaster
	}
	r.Data = data[offsets[0]:end:end]
	return r, nil
}

// file writes r as a little-endian, one-strip TIFF.
func (r raster) file() ([]byte, error) {
	if len(r.Data) != r.Width*r.Height*r.Bands {
		return nil, fmt.Errorf("%d bytes for %d×%d×%d", len(r.Data), r.Width, r.Height, r.Bands)
	}
	if len(r.Data) > math.MaxUint32-1<<20 {
		return nil, errors.New("more than 4 GiB of pixels")
	}
	type field struct {
		tag, kind, count, value int
	}
	const header = 8
	bits := header // where the bit depths lie, before the pixels
	pixels := bits + 2*r.Bands
	profile := pixels + len(r.Data)
	xmp := profile + len(r.profile)
	directory := (xmp + len(r.xmp) + 1) &^ 1
	fields := []field{
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
		fields = append(fields, field{tagExtraSamples, typeShort, 1, 2}) // alpha, not premultiplied
	}
	if len(r.xmp) > 4 {
		fields = append(fields, field{tagXMP, typeByte, len(r.xmp), xmp})
	}
	if len(r.profile) > 4 {
		fields = append(fields, field{tagICC, 7, len(r.profile), profile})
	}

	order := binary.LittleEndian
	out := make([]byte, 0, directory+2+12*len(fields)+4)
	out = append(out, 'I', 'I', 42, 0)
	out = order.AppendUint32(out, uint32(directory))
	for range r.Bands {
		out = order.AppendUint16(out, 8)
	}
	out = append(out, r.Data...)
	out = append(out, r.profile...)
	out = append(out, r.xmp...)
	out = out[:directory]
	out = order.AppendUint16(out, uint16(len(fields)))
	for _, f := range fields {
		out = order.AppendUint16(out, uint16(f.tag))
		out = order.AppendUint16(out, uint16(f.kind))
		out = order.AppendUint32(out, uint32(f.count))
		out = order.AppendUint32(out, uint32(f.value))
	}
	return order.AppendUint32(out, 0), nil
}
