package container

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// An Exif block (CIPA DC-008) is a small TIFF with the directories that describe a
// photograph and without those of its pixels. A TIFF file keeps both kinds in the
// same directories: the code below takes the Exif block out of a TIFF file, and puts
// one into it.

// described lists the tags in the first directory that describe the photograph and
// not its pixels.
var described = map[uint16]bool{
	270: true, 271: true, 272: true, // description, make, model
	305: true, 306: true, 315: true, 316: true, 33432: true, // software, date, artist, computer, copyright
	18246: true, 18249: true, 40091: true, 40092: true, 40093: true, 40094: true, 40095: true, // rating, title, comment, author, keywords, subject of Windows
}

func describesPhotograph(tag uint16) bool { return described[tag] || pointsToDirectory(tag) }

// exifDepth is how deep directories lie in an Exif block: the first one, Exif in it,
// Interop in that.
const exifDepth = 3

// An entry is a value to be written into a directory, in the byte order of the file
// that it comes from, or a directory.
type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte
	inner     []entry
}

// entries reads the directory at an offset and those that it points to, depth levels
// in all. keep chooses the entries of the first level. A tag that occurs twice counts
// once. Values outside the data are left out, and so are those that would take more
// than the size of the data altogether.
func (w *walker) entries(at uint32, depth int, keep func(field) bool) []entry {
	if depth == 0 {
		return nil
	}
	var list []entry
	has := map[uint16]bool{}
	// All of a directory comes before those that it points to, which may be damaged and
	// seem to be long.
	for _, f := range slices.Collect(w.fields(at)) {
		if !keep(f) || f.value == nil || has[f.tag] {
			continue
		}
		e := entry{tag: f.tag, kind: f.kind, count: f.count, value: f.value}
		switch {
		case pointsToDirectory(f.tag):
			if len(f.value) != 4 {
				continue
			}
			if e.inner = w.entries(w.order.Uint32(f.value), depth-1, all); e.inner == nil {
				continue
			}
		case len(f.value) > 4:
			if len(f.value) > w.room {
				continue
			}
			w.room -= len(f.value)
		}
		has[f.tag] = true
		list = append(list, e)
	}
	return list
}

func all(field) bool { return true }

// appendEntries appends to data, which will lie at offset start of a little-endian
// TIFF, the values of the entries, the directories that they point to, and then their
// own directory. It returns the offset of that directory. from is the byte order of
// the values. lines are entries of the directory that are complete already.
func appendEntries(data []byte, start int, list []entry, from binary.ByteOrder, lines [][]byte) (out []byte, at int) {
	le := binary.LittleEndian
	begin := len(data)
	here := func() int { return start + len(data) - begin }
	align := func() {
		if here()%2 == 1 {
			data = append(data, 0)
		}
	}
	for _, e := range list {
		line := le.AppendUint16(le.AppendUint16(nil, e.tag), e.kind)
		line = le.AppendUint32(line, e.count)
		value := littleEndian(e, from)
		switch {
		case e.inner != nil:
			var inner int
			data, inner = appendEntries(data, here(), e.inner, from, nil)
			line = le.AppendUint32(line, uint32(inner))
		case len(value) <= 4:
			line = append(line, append(bytes.Clone(value), 0, 0, 0, 0)[:4]...)
		default:
			align()
			line = le.AppendUint32(line, uint32(here()))
			data = append(data, value...)
		}
		lines = append(lines, line)
	}
	slices.SortStableFunc(lines, func(a, b []byte) int { return cmp.Compare(le.Uint16(a), le.Uint16(b)) })
	align()
	at = here()
	data = le.AppendUint16(data, uint16(len(lines)))
	for _, line := range lines {
		data = append(data, line...)
	}
	return append(data, 0, 0, 0, 0), at
}

// littleEndian returns the value of an entry in that byte order.
func littleEndian(e entry, from binary.ByteOrder) []byte {
	number := typeSizes[e.kind].number
	if from == binary.LittleEndian || number < 2 {
		return e.value
	}
	out := bytes.Clone(e.value)
	for i := 0; i+number <= len(out); i += number {
		slices.Reverse(out[i : i+number])
	}
	return out
}

// exifBlock returns an Exif block of the entries, or nil if there are none.
func exifBlock(list []entry, from binary.ByteOrder) []byte {
	if len(list) == 0 {
		return nil
	}
	out, at := appendEntries([]byte("II*\x00\x00\x00\x00\x00"), headerSize, list, from, nil)
	binary.LittleEndian.PutUint32(out[4:], uint32(at))
	return out
}

// tiffWithMetadata puts Exif and IPTC data into a little-endian TIFF as libvips writes
// it, and returns the file in pieces. It appends a new first directory with the
// entries of the old one and those of the metadata.
func tiffWithMetadata(file []byte, m Metadata) [][]byte {
	le := binary.LittleEndian
	w := newWalker(file)
	if w == nil || w.order != le {
		return [][]byte{file}
	}
	if _, _, whole := w.directory(w.first()); !whole {
		return [][]byte{file}
	}
	var lines [][]byte
	has := map[uint16]bool{}
	for f := range w.fields(w.first()) {
		lines = append(lines, f.line)
		has[f.tag] = true
	}
	var (
		list []entry
		from binary.ByteOrder = le
	)
	if exif := newWalker(m.Exif); exif != nil {
		from = exif.order
		list = exif.entries(exif.first(), exifDepth, func(f field) bool { return describesPhotograph(f.tag) })
	}
	if m.IPTC != nil {
		list = append(list, entry{tag: tagIPTC, kind: typeUndefined, count: uint32(len(m.IPTC)), value: m.IPTC})
	}
	list = slices.DeleteFunc(list, func(e entry) bool { return has[e.tag] })
	tail, first := appendEntries(nil, len(file), list, from, lines)
	header := append([]byte("II*\x00"), le.AppendUint32(nil, uint32(first))...)
	return [][]byte{header, file[headerSize:], tail}
}

// isExif reports whether data begin like an Exif block whose first directory is whole.
func isExif(data []byte) bool {
	w := newWalker(data)
	if w == nil {
		return false
	}
	_, next, _ := w.directory(w.first())
	return next != nil
}

// mostDirectories is more than any camera writes.
const mostDirectories = 32

// knotted reports whether an Exif block has so many pointers to directories that they can only lead in circles.
// libexif, which libvips calls, follows each of them from each of the others, also into the header: 5,000 cost it 5 s.
func knotted(exif []byte) bool {
	w := newWalker(exif)
	if w == nil {
		return false
	}
	pointers, left := 0, []uint32{w.first()}
	for len(left) > 0 && w.lines > 0 {
		at := left[0]
		left = left[1:]
		if w.seen[at] {
			continue
		}
		for f := range w.fieldsAnywhere(at) {
			if pointsToDirectory(f.tag) {
				left = append(left, w.order.Uint32(f.line[8:]))
				pointers++
			}
		}
		if pointers > mostDirectories {
			return true
		}
		if _, next, _ := w.directory(at); next != nil {
			left = append(left, w.order.Uint32(next))
		}
	}
	return false
}

// saysAdobeRGB reports whether an Exif block says that the colours are Adobe RGB: by
// the index R03 of DCF 2.0 in the Interop directory.
func saysAdobeRGB(exif []byte) bool {
	w := newWalker(exif)
	if w == nil {
		return false
	}
	for f := range w.fields(w.follow(w.follow(w.first(), tagExif), tagInterop)) {
		if f.tag == tagInteropIndex && bytes.HasPrefix(f.value, []byte("R03")) {
			return true
		}
	}
	return false
}

// upright returns a copy of an Exif block that says that the image is upright and has
// no thumbnail.
func upright(exif []byte) []byte {
	if !isExif(exif) {
		return nil
	}
	out := bytes.Clone(exif)
	w := newWalker(out)
	for f := range w.fields(w.first()) {
		if f.tag == tagOrientation && f.kind == typeShort {
			w.order.PutUint16(f.line[8:], 1)
		}
	}
	_, next, _ := w.directory(w.first()) // it holds the thumbnail
	clear(next)
	return out
}

// sayingSRGB returns a copy of an Exif block in which whatever names the colour space
// names sRGB.
func sayingSRGB(exif []byte) []byte {
	out := bytes.Clone(exif)
	w := newWalker(out)
	if w == nil {
		return nil
	}
	interop := uint32(0)
	for f := range w.fields(w.follow(w.first(), tagExif)) {
		switch {
		case f.tag == tagColourSpace && f.kind == typeShort:
			w.order.PutUint16(f.line[8:], 1)
		case f.tag == tagInterop && interop == 0:
			interop = w.order.Uint32(f.line[8:])
		}
	}
	for f := range w.fields(interop) {
		if f.tag == tagInteropIndex && string(f.line[8:11]) == "R03" {
			copy(f.line[8:], "R98")
		}
	}
	return out
}

// exifOrientation returns the orientation, 1 to 8, that an Exif block names, or 0.
func exifOrientation(exif []byte) int {
	w := newWalker(exif)
	if w == nil {
		return 0
	}
	for f := range w.fields(w.first()) {
		if f.tag == tagOrientation && f.kind == typeShort && len(f.value) > 0 {
			if o := int(w.order.Uint16(f.value)); o >= 1 && o <= 8 {
				return o
			}
			return 0
		}
	}
	return 0
}

// saysPositionInExif reports whether an entry of the first directory, or of the Exif directory, may say where
// the photograph was taken. XMP and IPTC data belong elsewhere in a file. Few writers put them here.
func saysPositionInExif(tag uint16) bool {
	return tag == tagGPS || tag == tagXMP || tag == tagIPTC || tag == tagResources
}

// withoutGPS returns a copy of an Exif block without the position. The bytes of the
// position are cleared, too.
func withoutGPS(exif []byte) ([]byte, error) {
	if len(exif) == 0 {
		return nil, nil
	}
	out := bytes.Clone(exif)
	w := newWalker(out)
	if w == nil {
		return nil, ErrCorrupt
	}
	inner := w.follow(w.first(), tagExif)
	w = newWalker(out)
	for _, at := range []uint32{inner, w.first()} {
		if err := w.removePosition(at); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// removePosition removes the entries of a directory that may say where the photograph was taken, and clears
// their values.
func (w *walker) removePosition(at uint32) error {
	var removed []field
	var kept []byte
	for f := range w.fields(at) {
		if saysPositionInExif(f.tag) {
			removed = append(removed, f)
		} else {
			kept = append(kept, f.line...)
		}
	}
	if w.lines <= 0 {
		return ErrCorrupt // directories overlap, and not all entries were read
	}
	if removed == nil {
		return nil
	}
	lines, next, _ := w.directory(at)
	if next == nil {
		return ErrCorrupt
	}
	var values []field
	for _, f := range removed {
		if f.tag == tagGPS {
			values = slices.AppendSeq(values, w.fields(w.order.Uint32(f.line[8:])))
		} else {
			values = append(values, f)
		}
	}
	behind := append(kept, next...)
	for _, f := range values {
		if w.room -= len(f.value); w.room < 0 {
			return ErrCorrupt // values overlap: no camera writes that
		}
		clear(f.value)
		clear(f.line)
	}
	w.order.PutUint16(w.data[at:], uint16((len(behind)-len(next))/lineSize))
	copy(lines, behind)
	clear(lines[len(behind):])
	return nil
}
