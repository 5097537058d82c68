package container

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// Exif data (CIPA DC-008) are directories of a TIFF, those of the picture left out.
// In a TIFF file they lie among those of the picture: here they are taken out of
// one, and put into one.

// Tags that lead to further directories, and what stands in the first one about a
// photograph and not about its pixels.
const (
	tagExif    = 34665
	tagGPS     = 34853
	tagInterop = 40965

	tagColourSpace = 40961 // in the second
)

var described = map[uint16]bool{
	270: true, 271: true, 272: true, // description, make, model
	305: true, 306: true, 315: true, 316: true, 33432: true, // software, date, artist, computer, copyright
	18246: true, 18249: true, 40091: true, 40092: true, 40093: true, 40094: true, 40095: true, // Windows' rating, title, comment, author, keywords, subject
}

// An entry of a directory: its value in the file's byte order, or a directory.
type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte
	inner     []entry
}

// kindSize is the size of one value of each type of TIFF 6.0, and of its parts,
// which have a byte order.
var kindSize = map[uint16]struct{ value, part int }{
	1: {1, 1}, 2: {1, 1}, 3: {2, 2}, 4: {4, 4}, 5: {8, 4}, 6: {1, 1}, 7: {1, 1},
	8: {2, 2}, 9: {4, 4}, 10: {8, 4}, 11: {4, 4}, 12: {8, 8}, 13: {4, 4},
}

// byteOrder is that of a TIFF, nil for what is none.
func byteOrder(data []byte) binary.ByteOrder {
	if len(data) >= 8 {
		switch string(data[:4]) {
		case "II*\x00":
			return binary.LittleEndian
		case "MM\x00*":
			return binary.BigEndian
		}
	}
	return nil
}

// readEntries reads the directory at a place, and those that it leads to. What
// lies outside the data is left out, and what is more than they can hold.
func readEntries(data []byte, order binary.ByteOrder, at uint32) []entry {
	room := uint64(len(data))
	return readEntriesTo(data, order, at, 3, &room)
}

func readEntriesTo(data []byte, order binary.ByteOrder, at uint32, depth int, room *uint64) []entry {
	var list []entry
	if uint64(at)+2 > uint64(len(data)) || depth == 0 {
		return nil
	}
	rest := data[at+2:]
	has := map[uint16]bool{} // each tag counts once: directories could lead to the same ones without end
	for range order.Uint16(data[at:]) {
		if len(rest) < 12 {
			break
		}
		e := entry{tag: order.Uint16(rest), kind: order.Uint16(rest[2:]), count: order.Uint32(rest[4:])}
		e.value, rest = rest[8:12], rest[12:]
		size := uint64(kindSize[e.kind].value) * uint64(e.count)
		if size > 4 {
			from := uint64(order.Uint32(e.value))
			if from+size > uint64(len(data)) || size > *room {
				continue
			}
			*room -= size
			e.value = data[from : from+size]
		}
		switch {
		case size == 0 || has[e.tag]:
			continue
		case e.tag == tagExif || e.tag == tagGPS || e.tag == tagInterop:
			if size != 4 {
				continue
			}
			if e.inner = readEntriesTo(data, order, order.Uint32(e.value), depth-1, room); e.inner == nil {
				continue
			}
		default:
			e.value = e.value[:size]
		}
		has[e.tag] = true
		list = append(list, e)
	}
	return list
}

// appendEntries appends a directory to the end of a little-endian TIFF, which is
// length bytes from its beginning, and before it its values and the directories
// that it leads to. It tells where it lies. raw are entries that are written already.
func appendEntries(data []byte, length int, list []entry, from binary.ByteOrder, raw [][]byte) (out []byte, at int) {
	le := binary.LittleEndian
	start := len(data)
	here := func() int { return length + len(data) - start }
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
		raw = append(raw, line)
	}
	slices.SortStableFunc(raw, func(a, b []byte) int { return cmp.Compare(le.Uint16(a), le.Uint16(b)) })
	align()
	at = here()
	data = le.AppendUint16(data, uint16(len(raw)))
	for _, line := range raw {
		data = append(data, line...)
	}
	return append(data, 0, 0, 0, 0), at
}

// littleEndian is an entry's value in that byte order.
func littleEndian(e entry, from binary.ByteOrder) []byte {
	part := kindSize[e.kind].part
	if from == binary.LittleEndian || part < 2 {
		return e.value
	}
	out := bytes.Clone(e.value)
	for i := 0; i+part <= len(out); i += part {
		slices.Reverse(out[i : i+part])
	}
	return out
}

// exifOfTIFF makes Exif data of what a TIFF file says of its photograph, nil if
// that is nothing.
func exifOfTIFF(file []byte) []byte {
	order := byteOrder(file)
	if order == nil {
		return nil
	}
	list := about(readEntries(file, order, order.Uint32(file[4:])))
	if len(list) == 0 {
		return nil
	}
	header := []byte("II*\x00\x00\x00\x00\x00")
	out, at := appendEntries(header, len(header), list, order, nil)
	binary.LittleEndian.PutUint32(out[4:], uint32(at))
	return out
}

// about leaves the entries that are about the photograph.
func about(list []entry) []entry {
	return slices.DeleteFunc(list, func(e entry) bool { return e.inner == nil && !described[e.tag] })
}

// tiffWithMetadata puts Exif and IPTC data into a little-endian TIFF as libvips
// writes it: a new first directory behind its end, that of the file with more entries.
func tiffWithMetadata(file []byte, m Metadata) [][]byte {
	le := binary.LittleEndian
	if byteOrder(file) != le {
		return [][]byte{file}
	}
	at := int64(le.Uint32(file[4:]))
	if at+2 > int64(len(file)) {
		return [][]byte{file}
	}
	count := int64(le.Uint16(file[at:]))
	if at+2+12*count > int64(len(file)) {
		return [][]byte{file}
	}
	var raw [][]byte
	has := map[uint16]bool{}
	for i := range count {
		line := file[at+2+12*i:][:12]
		raw = append(raw, line)
		has[le.Uint16(line)] = true
	}
	var list []entry
	from := byteOrder(m.Exif)
	if from != nil {
		list = about(readEntries(m.Exif, from, from.Uint32(m.Exif[4:])))
	}
	if m.IPTC != nil {
		list = append(list, entry{tag: tagIPTC, kind: typeUndefined, count: uint32(len(m.IPTC)), value: m.IPTC})
	}
	list = slices.DeleteFunc(list, func(e entry) bool { return has[e.tag] })
	tail, first := appendEntries(nil, len(file), list, from, raw)
	header := append([]byte("II*\x00"), le.AppendUint32(nil, uint32(first))...)
	return [][]byte{header, file[8:], tail}
}

// SaysAdobeRGB tells whether Exif data say that the colours are Adobe RGB's: by the
// index of DCF 2.0, "R03".
func SaysAdobeRGB(exif []byte) bool {
	order := byteOrder(exif)
	if order == nil {
		return false
	}
	list := readEntries(exif, order, order.Uint32(exif[4:]))
	for _, tag := range []uint16{tagExif, tagInterop} {
		i := slices.IndexFunc(list, func(e entry) bool { return e.tag == tag })
		if i < 0 {
			return false
		}
		list = list[i].inner
	}
	return slices.ContainsFunc(list, func(e entry) bool { return e.tag == 1 && bytes.HasPrefix(e.value, []byte("R03")) })
}

// UprightExif is a copy that says what is true of a result: that it stands
// upright, and that there is no thumbnail. It is nil for what is not Exif.
func UprightExif(exif []byte) []byte {
	order := byteOrder(exif)
	if order == nil {
		return nil
	}
	at := int(order.Uint32(exif[4:]))
	if at+2 > len(exif) {
		return nil
	}
	entries := int(order.Uint16(exif[at:]))
	next := at + 2 + 12*entries
	if next+4 > len(exif) {
		return nil
	}
	out := bytes.Clone(exif)
	for i := range entries {
		entry := out[at+2+12*i:][:12]
		if order.Uint16(entry) == tagOrientation && order.Uint16(entry[2:]) == typeShort {
			order.PutUint16(entry[8:], 1)
		}
	}
	order.PutUint32(out[next:], 0) // the directory of the thumbnail
	return out
}

// SayingSRGB is a copy that says that the colours are sRGB's, where it says anything.
func SayingSRGB(exif []byte) []byte {
	order := byteOrder(exif)
	if order == nil {
		return nil
	}
	out := bytes.Clone(exif)
	at := order.Uint32(out[4:])
	for _, tag := range []uint16{tagExif, tagInterop} {
		list := places(out, order, at)
		i := slices.IndexFunc(list, func(p placed) bool { return p.tag == tag })
		if i < 0 {
			break
		}
		at = order.Uint32(list[i].line[8:])
		for _, p := range places(out, order, at) {
			switch {
			case tag == tagExif && p.tag == tagColourSpace && order.Uint16(p.line[2:]) == typeShort:
				order.PutUint16(p.line[8:], 1)
			case tag == tagInterop && p.tag == 1 && string(p.line[8:11]) == "R03":
				copy(p.line[8:], "R98")
			}
		}
	}
	return out
}

// withoutGPS is a copy of Exif data from which the position is gone; nil for what is
// not Exif.
func withoutGPS(exif []byte) []byte {
	order := byteOrder(exif)
	if order == nil {
		return nil
	}
	out := bytes.Clone(exif)
	first := int64(order.Uint32(out[4:]))
	for {
		list := places(out, order, uint32(first))
		i := slices.IndexFunc(list, func(p placed) bool { return p.tag == tagGPS })
		if i < 0 {
			return out
		}
		end := first + 2 + 12*int64(order.Uint16(out[first:])) + 4 // with what leads to the next directory
		if end > int64(len(out)) {
			return nil
		}
		inner := places(out, order, order.Uint32(list[i].line[8:]))
		order.PutUint16(out[first:], order.Uint16(out[first:])-1)
		copy(out[first+2+12*int64(i):], out[first+2+12*int64(i+1):end])
		for _, p := range inner {
			clear(p.value)
			clear(p.line)
		}
	}
}

// A placed entry is where one lies in the data.
type placed struct {
	tag         uint16
	line, value []byte // value: what lies elsewhere
}

func places(data []byte, order binary.ByteOrder, at uint32) []placed {
	var list []placed
	if uint64(at)+2 > uint64(len(data)) {
		return nil
	}
	rest := data[at+2:]
	for range order.Uint16(data[at:]) {
		if len(rest) < 12 {
			break
		}
		p := placed{tag: order.Uint16(rest), line: rest[:12]}
		rest = rest[12:]
		size := uint64(kindSize[order.Uint16(p.line[2:])].value) * uint64(order.Uint32(p.line[4:]))
		from := uint64(order.Uint32(p.line[8:]))
		if size > 4 && from+size <= uint64(len(data)) {
			p.value = data[from : from+size]
		}
		list = append(list, p)
	}
	return list
}
