package container

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// selfish returns a block whose first directory has n entries with a tag, all of which
// point to that directory.
func selfish(order binary.AppendByteOrder, tag uint16, n int) []byte {
	return tiffOf(order, nil, slices.Repeat([]entry{longEntry(order, tag, headerSize)}, n)...)
}

// overlapping returns a block in which every even offset holds a directory that
// reaches to the end of the data. Its entries point to more of them, or have values
// that are nearly as long as the data.
func overlapping(n int) []byte {
	out := []byte("II*\x00\x08\x00\x00\x00")
	out = binary.LittleEndian.AppendUint16(out, 0xffff)
	for i := range n {
		e := longEntry(binary.LittleEndian, tagGPS, uint32(headerSize+2*i))
		if i%2 == 1 {
			e = longEntry(binary.LittleEndian, uint16(i), 8)
			e.kind, e.count = typeUndefined, uint32(lineSize*n-8)
		}
		line := binary.LittleEndian.AppendUint16(nil, e.tag)
		line = binary.LittleEndian.AppendUint16(line, e.kind)
		line = binary.LittleEndian.AppendUint32(line, max(e.count, 1))
		out = append(append(out, line...), e.value...)
	}
	return out
}

// hostile returns blocks of some 60 KB that take time quadratic or cubic in their size
// if every pointer to a directory is followed.
func hostile() map[string][]byte {
	return map[string][]byte{
		"GPS pointers to the first directory":     selfish(binary.LittleEndian, tagGPS, 5000),
		"Exif pointers to the first directory":    selfish(binary.BigEndian, tagExif, 5000),
		"Interop pointers to the first directory": selfish(binary.LittleEndian, tagInterop, 5000),
		"overlapping directories and values":      overlapping(5000),
		"GPS entries that share one long value": tiffOf(binary.LittleEndian, nil, entry{tag: tagGPS, kind: typeLong, inner: slices.Repeat(
			[]entry{{tag: 2, kind: typeUndefined, count: 60_000, value: binary.LittleEndian.AppendUint32(nil, 8)}}, 5000)}),
	}
}

// busy returns the processor time of this process, in which the load of others does not count.
func busy() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func TestAFewDirectoriesAreNoKnot(t *testing.T) {
	if knotted(selfish(binary.LittleEndian, tagGPS, mostDirectories)) || knotted(nil) || knotted([]byte("II*\x00\x08")) {
		t.Error("refused")
	}
	inner := entry{tag: tagExif, kind: typeLong, inner: slices.Repeat([]entry{longEntry(binary.LittleEndian, tagInterop, 8)}, mostDirectories)}
	if !knotted(tiffOf(binary.LittleEndian, nil, inner)) {
		t.Error("a knot in the second directory is not found")
	}
}

// A reader that follows each pointer would need minutes.
func TestHostileDirectoriesAreReadInLinearTime(t *testing.T) {
	strip := make([]byte, 12)
	for name, block := range hostile() {
		file := imageOf(binary.LittleEndian, 2, 2, strip, slices.Repeat([]entry{longEntry(binary.LittleEndian, tagGPS, 20)}, 5000)...)
		files := map[string][]byte{
			"JPEG": withSegment(jpegOf(t, scene(8, 8)), 0xe1, append([]byte("Exif\x00\x00"), block...)),
			"PNG":  withChunk(pngOf(t, scene(8, 8)), "eXIf", block),
			"WebP": webpOf(t, 0x08, "EXIF", block),
			"TIFF": file,
		}
		for _, format := range slices.Sorted(maps.Keys(files)) {
			start := busy()
			h, err := Parse(files[format])
			// libexif is not asked about TIFF, and follows no pointers in the last block.
			if knots := format != "TIFF" && !strings.Contains(name, "share one"); knots && err != ErrKnotted || !knots && err != nil {
				t.Errorf("%s in %s: %v", name, format, err)
			}
			m := h.Metadata
			m.SaysAdobeRGB()
			for _, m := range []Metadata{m.Upright(), m.WithoutPosition(), m.SayingSRGB()} {
				m.Insert(TIFF, imageOf(binary.LittleEndian, 2, 2, strip))
			}
			if d := busy() - start; d > 2*time.Second {
				t.Errorf("%s in %s: %v", name, format, d)
			}
		}
	}
}

// The first of two entries counts, as in libtiff.
func TestTagThatOccursTwiceCountsOnce(t *testing.T) {
	order := binary.BigEndian
	h, err := Parse(imageOf(order, 2, 3, make([]byte, 18), longEntry(order, tagWidth, 7), bytesEntry(tagXMP, typeByte, "<x/>\n"), bytesEntry(tagXMP, typeByte, "other")))
	if err != nil || h.Width != 2 || h.Height != 3 || string(h.Metadata.XMP) != "<x/>\n" {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestPositionIsRemovedFromEveryEntryAndCleared(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		position := entry{tag: tagGPS, kind: typeLong, inner: []entry{bytesEntry(2, typeUndefined, "a secret place"), bytesEntry(1, 2, "N\x00")}}
		block := tiffOf(order, nil, bytesEntry(271, 2, "Maker\x00"), position, shortEntry(order, tagOrientation, 6), position)
		m := Metadata{Exif: block}.WithoutPosition()
		w := newWalker(m.Exif)
		var tags []uint16
		for _, e := range w.entries(w.first(), exifDepth, all) {
			tags = append(tags, e.tag)
		}
		if !slices.Equal(tags, []uint16{271, tagOrientation}) || bytes.Contains(m.Exif, []byte("secret")) || !isExif(m.Exif) {
			t.Errorf("tags %d of %q", tags, m.Exif)
		}
	}
}

// numberOf counts the entries of a tree and the bytes of their values.
func numberOf(list []entry) (entries, bytes int) {
	for _, e := range list {
		n, size := numberOf(e.inner)
		entries += 1 + n
		if bytes += size; len(e.value) > 4 {
			bytes += len(e.value)
		}
	}
	return entries, bytes
}

// Whatever the data, reading them takes no more entries and bytes than they have.
func FuzzDirectories(f *testing.F) {
	f.Add(exifOf(binary.LittleEndian))
	f.Add(exifOf(binary.BigEndian))
	f.Add(selfish(binary.LittleEndian, tagGPS, 50))
	f.Add(selfish(binary.BigEndian, tagExif, 50))
	f.Add(overlapping(50))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWalker(data)
		if w == nil {
			return
		}
		list := w.entries(w.first(), exifDepth, all)
		entries, size := numberOf(list)
		if entries > len(data)/lineSize || size > len(data) || len(w.seen) > entries+len(data)/lineSize+1 {
			t.Errorf("%d entries, %d bytes of values and %d directories of %d bytes", entries, size, len(w.seen), len(data))
		}
		if block := exifBlock(list, w.order); len(block) > 3*len(data) {
			t.Errorf("a block of %d bytes of %d bytes", len(block), len(data))
		}
	})
}
