package container

import (
	"encoding/binary"
	"iter"
)

// Tags of TIFF 6.0, of XMP (part 3) and of Exif (CIPA DC-008).
const (
	tagWidth        = 256
	tagHeight       = 257
	tagStripOffsets = 273
	tagOrientation  = 274
	tagStripCounts  = 279
	tagTileOffsets  = 324
	tagTileCounts   = 325
	tagXMP          = 700
	tagIPTC         = 33723
	tagResources    = 34377 // of Photoshop

	// These point to further directories.
	tagExif    = 34665
	tagGPS     = 34853
	tagInterop = 40965 // in the Exif directory

	tagColourSpace  = 40961 // in the Exif directory
	tagInteropIndex = 1     // in the Interop directory
)

// Types of TIFF 6.0.
const (
	typeByte      = 1
	typeShort     = 3
	typeLong      = 4
	typeUndefined = 7
)

// typeSizes gives, for each type of TIFF 6.0, the bytes of one value and of one number
// in that value. Each number is in the byte order of the file.
var typeSizes = map[uint16]struct{ value, number int }{
	1: {1, 1}, 2: {1, 1}, 3: {2, 2}, 4: {4, 4}, 5: {8, 4}, 6: {1, 1}, 7: {1, 1},
	8: {2, 2}, 9: {4, 4}, 10: {8, 4}, 11: {4, 4}, 12: {8, 8}, 13: {4, 4},
}

const (
	headerSize = 8  // of a TIFF
	lineSize   = 12 // of an entry in a directory
)

// A walker reads the directories of one TIFF. It reads each directory once, and no
// more entries than the data have room for. Its work is therefore linear in the size
// of the data, even if directories overlap or point to each other.
type walker struct {
	data  []byte
	order binary.ByteOrder
	seen  map[uint32]bool // offsets of directories
	lines int             // how many entries it may still read
	room  int             // how many bytes of values entries may still return
}

// newWalker returns nil if the data do not begin like a TIFF.
func newWalker(data []byte) *walker {
	w := &walker{data: data, seen: map[uint32]bool{}, lines: len(data) / lineSize, room: len(data)}
	if len(data) < headerSize {
		return nil
	}
	switch string(data[:4]) {
	case "II*\x00":
		w.order = binary.LittleEndian
	case "MM\x00*":
		w.order = binary.BigEndian
	default:
		return nil
	}
	return w
}

// first returns the offset of the first directory.
func (w *walker) first() uint32 { return w.order.Uint32(w.data[4:]) }

// directory returns those entries of the directory at an offset, 12 bytes each, that lie inside the
// data, and the 4 bytes that lead to the next directory. next is nil if they lie outside the data;
// whole reports whether all entries lie inside.
func (w *walker) directory(at uint32) (lines, next []byte, whole bool) {
	if uint64(at)+2 > uint64(len(w.data)) {
		return nil, nil, false
	}
	rest := w.data[at+2:]
	size := lineSize * int(w.order.Uint16(w.data[at:]))
	switch {
	case size > len(rest):
		return rest[:len(rest)/lineSize*lineSize], nil, false
	case size+4 > len(rest):
		return rest[:size], nil, true
	}
	return rest[:size], rest[size : size+4], true
}

// A field is one entry of a directory, in place.
type field struct {
	tag, kind uint16
	count     uint32
	line      []byte // its 12 bytes
	value     []byte // nil: there is none, its type is unknown or it lies outside the data
	outside   bool   // the value reaches beyond the end of the data
}

// fields yields those entries of the directory at an offset that lie inside the data. It yields
// nothing for a directory that was read before.
func (w *walker) fields(at uint32) iter.Seq[field] {
	if at < headerSize {
		return func(func(field) bool) {}
	}
	return w.fieldsAnywhere(at)
}

// fieldsAnywhere is fields, for directories that lie inside the header too.
func (w *walker) fieldsAnywhere(at uint32) iter.Seq[field] {
	return func(yield func(field) bool) {
		if w.seen[at] {
			return
		}
		w.seen[at] = true
		lines, _, _ := w.directory(at)
		for ; len(lines) > 0 && w.lines > 0; lines = lines[lineSize:] {
			w.lines--
			if !yield(w.field(lines[:lineSize:lineSize])) {
				return
			}
		}
	}
}

func (w *walker) field(line []byte) field {
	f := field{tag: w.order.Uint16(line), kind: w.order.Uint16(line[2:]), count: w.order.Uint32(line[4:]), line: line}
	size := uint64(typeSizes[f.kind].value) * uint64(f.count)
	from := uint64(w.order.Uint32(line[8:]))
	switch {
	case size == 0:
	case size <= 4:
		f.value = line[8 : 8+size]
	case from+size > uint64(len(w.data)):
		f.outside = true
	default:
		f.value = w.data[from : from+size : from+size]
	}
	return f
}

// pointsToDirectory reports whether the value of a tag is the offset of a directory.
func pointsToDirectory(tag uint16) bool {
	return tag == tagExif || tag == tagGPS || tag == tagInterop
}

// follow returns the offset that the first entry with a tag holds, or 0. The directory lies at
// offset at.
func (w *walker) follow(at uint32, tag uint16) uint32 {
	for f := range w.fields(at) {
		if f.tag == tag && len(f.value) == 4 {
			return w.order.Uint32(f.value)
		}
	}
	return 0
}

// numbers returns the values of a field of type BYTE, SHORT, LONG or UNDEFINED.
func (w *walker) numbers(f field) []int {
	var list []int
	for at := 0; at < len(f.value); at += typeSizes[f.kind].value {
		switch f.kind {
		case typeByte, typeUndefined:
			list = append(list, int(f.value[at]))
		case typeShort:
			list = append(list, int(w.order.Uint16(f.value[at:])))
		case typeLong:
			list = append(list, int(w.order.Uint32(f.value[at:])))
		default:
			return nil
		}
	}
	return list
}

// parseTIFF reads the first directory and makes sure that all strips or tiles lie
// inside the file. A tag that occurs twice counts once, as in libtiff.
func parseTIFF(file []byte) (Header, error) {
	w := newWalker(file)
	if w == nil {
		return Header{}, ErrTruncated
	}
	if _, _, whole := w.directory(w.first()); !whole {
		return Header{}, ErrTruncated
	}
	fields, cut := map[uint16]field{}, false
	described := w.entries(w.first(), exifDepth, func(f field) bool {
		switch f.kind {
		case typeByte, typeShort, typeLong, typeUndefined:
			cut = cut || f.outside
		}
		if _, twice := fields[f.tag]; !twice && f.value != nil {
			fields[f.tag] = f
		}
		return describesPhotograph(f.tag)
	})
	if cut {
		return Header{}, ErrTruncated
	}
	kind := w.kindOf(fields)
	if err := kind.checkFirst(file, fields); err != nil {
		return Header{}, err
	}
	if err := w.checkPixels(fields, kind); err != nil {
		return Header{}, err
	}
	if kind.width == 0 || kind.height == 0 {
		return Header{}, ErrCorrupt
	}
	if err := kind.check(); err != nil {
		return Header{}, err
	}
	warnings, err := w.furtherImages(kind)
	if err != nil {
		return Header{}, err
	}
	m := Metadata{Exif: exifBlock(described, w.order), XMP: fields[tagXMP].value, IPTC: fields[tagIPTC].value}
	if m.IPTC == nil {
		m.IPTC = iptcResource(fields[tagResources].value)
	}
	h := Header{Width: kind.width, Height: kind.height, Metadata: m, Warnings: warnings}
	if o := w.numbers(fields[tagOrientation]); len(o) > 0 && o[0] >= 1 && o[0] <= 8 {
		h.Orientation = o[0]
	}
	return h, nil
}

// checkPixels makes sure that all strips or tiles lie inside the file. A single strip need not say how long it
// is: libtiff then takes what its lines need.
func (w *walker) checkPixels(fields map[uint16]field, kind tiffKind) error {
	offsets, counts := w.numbers(fields[tagStripOffsets]), w.numbers(fields[tagStripCounts])
	if len(offsets) == 0 {
		offsets, counts = w.numbers(fields[tagTileOffsets]), w.numbers(fields[tagTileCounts])
	} else if _, counted := fields[tagStripCounts]; !counted && len(offsets) == 1 {
		if kind.bytes() > float64(len(w.data)-offsets[0]) {
			return ErrTruncated
		}
		counts = []int{0}
	}
	if len(offsets) == 0 || len(offsets) != len(counts) {
		return ErrCorrupt
	}
	for i, at := range offsets {
		if at+counts[i] > len(w.data) {
			return ErrTruncated
		}
	}
	return nil
}
