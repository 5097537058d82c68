package container

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// chained is a TIFF whose directories follow one another. Each is given by its entries, which are all short.
func chained(order binary.AppendByteOrder, directories ...[]entry) []byte {
	strip := make([]byte, 90*70*3)
	out := tiffOf(order, strip, directories[0]...)
	for _, list := range directories[1:] {
		out = order.AppendUint32(out[:len(out)-4], uint32(len(out)))
		out = append(out, directoryOf(order, len(out), list)...)
	}
	return out
}

// sizedEntries are those of an image of some size, with more of them in front.
func sizedEntries(order binary.AppendByteOrder, width, height uint32, more ...entry) []entry {
	list := append(more, longEntry(order, tagWidth, width), longEntry(order, tagHeight, height),
		longEntry(order, tagStripOffsets, 8), longEntry(order, tagStripCounts, 90*70*3))
	slices.SortStableFunc(list, func(a, b entry) int { return int(a.tag) - int(b.tag) })
	return list
}

func TestTIFFsThatWouldShowOtherColoursAreRefused(t *testing.T) {
	order := binary.BigEndian
	short := func(tag, v uint16) entry { return shortEntry(order, tag, v) }
	for _, c := range []struct {
		want    string
		entries []entry
	}{
		{"", nil}, {"", []entry{short(tagPhotometric, 2), short(tagBits, 16)}}, {"", []entry{short(tagPhotometric, 6), short(tagCompression, 7)}},
		{"", []entry{short(tagPhotometric, 1), short(tagBits, 32), short(tagSampleFormat, 3)}}, {"", []entry{short(tagPhotometric, 8), short(tagBits, 8)}},
		{"", []entry{short(tagPhotometric, 5), short(tagBits, 16)}}, {"", []entry{short(tagPhotometric, 0), short(tagBits, 16)}},
		{"YCbCr colours without JPEG compression", []entry{short(tagPhotometric, 6), short(tagCompression, 5)}},
		{"YCbCr colours without JPEG compression", []entry{short(tagPhotometric, 6)}},
		{"CMYK in signed samples", []entry{short(tagPhotometric, 5), short(tagSampleFormat, 2), short(tagBits, 8)}},
		{"CMYK in floating-point samples", []entry{short(tagPhotometric, 5), short(tagSampleFormat, 3), short(tagBits, 32)}},
		{"CMYK in samples of 32 bits", []entry{short(tagPhotometric, 5), short(tagBits, 32)}},
		{"inverted grey in signed samples", []entry{short(tagPhotometric, 0), short(tagSampleFormat, 2), short(tagBits, 16)}},
		{"floating-point samples of 16 bits", []entry{short(tagSampleFormat, 3), short(tagBits, 16)}},
		{"floating-point samples of 64 bits", []entry{short(tagSampleFormat, 3), short(tagBits, 64)}},
		{"complex samples", []entry{short(tagSampleFormat, 6), short(tagBits, 64)}},
		{"samples of 64 bits", []entry{short(tagBits, 64)}},
		{"Lab colours of 16 bits", []entry{short(tagPhotometric, 8), short(tagBits, 16)}},
		{"Lab colours in the form of ICC or ITU", []entry{short(tagPhotometric, 9), short(tagBits, 8)}},
		{"raw file", []entry{longEntry(order, tagDNGVersion, 0x01040000)}}, {"raw file", []entry{short(tagPhotometric, 32803)}},
		{"raw file", []entry{longEntry(order, tagSubfile, 1), longEntry(order, tagSubdirectory, 8)}},
		{"the first image of this TIFF is a thumbnail", []entry{longEntry(order, tagSubfile, 1)}},
	} {
		_, err := Parse(chained(order, sizedEntries(order, 90, 70, c.entries...)))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.entries, err, c.want)
		}
	}
	canon := imageOf(binary.LittleEndian, 2, 2, append([]byte("CR\x02\x00"), make([]byte, 8)...))
	if _, err := Parse(canon); err != errRaw {
		t.Errorf("a raw file of Canon: %v", err)
	}
}

func TestSeveralImagesInATIFFAreRefusedUnlessTheyAreVersionsOfOne(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		first := sizedEntries(order, 90, 70)
		for _, c := range []struct {
			name, want string
			warnings   []string
			more       [][]entry
		}{
			{"one", "", nil, nil},
			{"a reduced version", "", nil, [][]entry{sizedEntries(order, 60, 50, longEntry(order, tagSubfile, 1))}},
			{"a reduced version of old", "", nil, [][]entry{sizedEntries(order, 60, 50, shortEntry(order, tagOldSubfile, 2))}},
			{"a mask", "", nil, [][]entry{sizedEntries(order, 90, 70, longEntry(order, tagSubfile, 4))}},
			{"a smaller image", "", []string{warnSmaller}, [][]entry{sizedEntries(order, 45, 35)}},
			{"another page", "2 images in one TIFF: gtx takes one", nil, [][]entry{first}},
			{"nine pages more", "10 images in one TIFF: gtx takes one", nil, slices.Repeat([][]entry{first}, 9)},
			{"a page of half the width", "2 images in one TIFF: gtx takes one", nil, [][]entry{sizedEntries(order, 45, 70)}},
			{"a page behind a mask", "2 images in one TIFF: gtx takes one", nil, [][]entry{sizedEntries(order, 90, 70, longEntry(order, tagSubfile, 4)), first}},
		} {
			h, err := Parse(chained(order, append([][]entry{first}, c.more...)...))
			if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want || !slices.Equal(h.Warnings, c.warnings) {
				t.Errorf("%s: %v, %q", c.name, err, h.Warnings)
			}
		}
		loop := chained(order, first, sizedEntries(order, 40, 30))
		loop = order.AppendUint32(loop[:len(loop)-4], uint32(8+90*70*3))
		if h, err := Parse(loop); err != nil || h.Width != 90 {
			t.Errorf("a loop: %v", err)
		}
	}
}

func TestSingleStripWithoutLengthMustFit(t *testing.T) {
	order := binary.LittleEndian
	list := []entry{longEntry(order, tagWidth, 90), longEntry(order, tagHeight, 70), shortEntry(order, tagBits, 8),
		longEntry(order, tagStripOffsets, 8), shortEntry(order, tagSamples, 3)}
	if h, err := Parse(chained(order, list)); err != nil || h.Width != 90 {
		t.Errorf("%v", err)
	}
	list[1] = longEntry(order, tagHeight, 71)
	if _, err := Parse(chained(order, list)); err != ErrTruncated {
		t.Errorf("one line too few: %v", err)
	}
}
