package container

import (
	"encoding/binary"
)

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
	tagXMP          = 700
	tagIPTC         = 33723
	tagResources    = 34377 // Photoshop's
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
		return directory{}, ErrTruncated
	}
	d := directory{binary.LittleEndian, map[uint16]field{}}
	if data[0] == 'M' {
		d.order = binary.BigEndian
	}
	at := int(d.order.Uint32(data[4:]))
	if at+2 > len(data) {
		return directory{}, ErrTruncated
	}
	end := at + 2 + 12*int(d.order.Uint16(data[at:]))
	if end > len(data) {
		return directory{}, ErrTruncated
	}
	for at += 2; at < end; at += 12 {
		entry := data[at : at+12]
		width := map[uint16]int{typeByte: 1, typeShort: 2, typeLong: 4, typeUndefined: 1}[d.order.Uint16(entry[2:])]
		size := width * int(d.order.Uint32(entry[4:]))
		from := entry[8:]
		if size > 4 {
			offset := int(d.order.Uint32(from))
			if offset+size > len(data) {
				return directory{}, ErrTruncated
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
