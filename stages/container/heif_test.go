package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

func boxOf(kind string, contents ...[]byte) []byte {
	body := slices.Concat(contents...)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

func bigEndian(size int, n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n)[8-size:] }

// extent says where data of an item lie. method is 0 in the file and 1 among the metadata.
type extent struct{ method, offset, length uint64 }

// locations is an iloc box of some version with items from 1 on.
func locations(version byte, list ...extent) []byte {
	wide := 2
	if version == 2 {
		wide = 4
	}
	body := slices.Concat([]byte{version, 0, 0, 0, 0x44, 0x40}, bigEndian(wide, uint64(len(list)))) // 4 bytes each
	for i, e := range list {
		body = append(body, bigEndian(wide, uint64(i+1))...)
		if version > 0 {
			body = append(body, bigEndian(2, e.method)...)
		}
		body = slices.Concat(body, bigEndian(2, 0), bigEndian(4, e.offset/2), bigEndian(2, 1), bigEndian(4, e.offset-e.offset/2), bigEndian(4, e.length))
	}
	return boxOf("iloc", body)
}

// heifOf is a file with a primary image of 90×70, which is item 2, and a thumbnail.
func heifOf(brand string, iloc []byte, more ...[]byte) []byte {
	size := func(w, h uint64) []byte { return boxOf("ispe", bigEndian(4, 0), bigEndian(4, w), bigEndian(4, h)) }
	properties := boxOf("iprp", boxOf("ipco", size(400, 400), boxOf("pixi", bigEndian(4, 0)), size(90, 70)),
		boxOf("ipma", bigEndian(4, 0), bigEndian(4, 2), []byte{0, 1, 1, 1, 0, 2, 2, 0x82, 3}))
	meta := boxOf("meta", bigEndian(4, 0), boxOf("pitm", bigEndian(4, 0), bigEndian(2, 2)), iloc, properties, boxOf("idat", make([]byte, 50)))
	return slices.Concat(append([][]byte{boxOf("ftyp", []byte(brand), bigEndian(4, 0), []byte("mif1heic")), meta}, more...)...)
}

func TestSizeIsThatOfThePrimaryImage(t *testing.T) {
	for version := range byte(3) {
		// The bytes "ispe" in the pixels or elsewhere mean nothing.
		data := boxOf("mdat", []byte("ispe\x00\x00\x00\x00\x7f\xff\xff\xff\x7f\xff\xff\xff"))
		h, err := Parse(heifOf("heic", locations(version, extent{0, 100, 20}), data))
		if err != nil || h.Width != 90 || h.Height != 70 {
			t.Errorf("version %d: %d×%d, %v", version, h.Width, h.Height, err)
		}
	}
}

func TestDataOfAllItemsMustLieInTheFile(t *testing.T) {
	const length = 32
	data := boxOf("mdat", make([]byte, length))
	size := uint64(len(heifOf("heic", locations(1, extent{}, extent{}), data)))
	for _, c := range []struct {
		name string
		list []extent
		want error
	}{
		{"in the file", []extent{{0, size - length, length}, {0, size - length, 1}}, nil},
		{"behind the end", []extent{{0, size - length, length}, {0, size - length, length + 1}}, ErrTruncated},
		{"among the metadata", []extent{{1, 0, 50}, {1, 49, 1}}, nil},
		{"behind the metadata", []extent{{1, 0, 50}, {1, 49, 2}}, ErrTruncated},
		{"from another item", []extent{{2, 0, 5000}, {1, 0, 1}}, nil},
	} {
		if _, err := Parse(heifOf("heic", locations(1, c.list...), data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// Pixels among the metadata need no other box.
	if h, err := Parse(heifOf("heic", locations(1, extent{1, 0, 50}))); err != nil || h.Width != 90 {
		t.Errorf("%v", err)
	}
}

func TestOnlySequencesAreAnimated(t *testing.T) {
	movie := func(handler string, samples uint64) []byte {
		return boxOf("moov", boxOf("mvhd", make([]byte, 20)), boxOf("trak", boxOf("mdia", boxOf("hdlr", make([]byte, 8), []byte(handler)),
			boxOf("minf", boxOf("stbl", boxOf("stsz", bigEndian(4, 0), bigEndian(4, 0), bigEndian(4, samples)))))))
	}
	iloc := locations(0, extent{0, 8, 8})
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"a still of brand msf1", heifOf("msf1", iloc), nil},
		{"a still of brand hevc", heifOf("hevc", iloc), nil},
		{"one image in a track", heifOf("msf1", iloc, movie("pict", 1)), nil},
		{"sound", heifOf("heic", iloc, movie("soun", 50)), nil},
		{"two images in a track", heifOf("msf1", iloc, movie("pict", 2)), ErrAnimated},
		{"a video", heifOf("heic", iloc, movie("vide", 30)), ErrAnimated},
	} {
		if _, err := Parse(c.file); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestHostileBoxesAreCorrectedOrRefused(t *testing.T) {
	nothing := boxOf("iloc", []byte{0, 0, 0, 0, 0, 0}, bigEndian(2, 0xffff), bytes.Repeat([]byte{0, 1, 0, 0, 0xff, 0xff}, 0xffff)) // extents of no bytes
	for name, iloc := range map[string][]byte{
		"extents of no bytes": nothing, "too many items": boxOf("iloc", []byte{2, 0, 0, 0, 0x44, 0, 0xff, 0xff, 0xff, 0xff}),
		"large numbers": boxOf("iloc", []byte{0, 0, 0, 0, 0x88, 0x80, 0, 1, 0, 1, 0, 0}, bytes.Repeat([]byte{0xff}, 8), []byte{0, 1}, bytes.Repeat([]byte{0xff}, 16)),
		"none":          nil,
	} {
		if _, err := Parse(heifOf("heic", iloc)); err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTruncated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := heifOf("heic", locations(0, extent{0, 8, 8}))
	without := bytes.Replace(whole, []byte("ispe"), []byte("free"), -1)
	if _, err := Parse(without); !errors.Is(err, ErrCorrupt) {
		t.Errorf("no size: %v", err)
	}
	if _, err := Parse([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + strings.Repeat("\x00", 40))); !errors.Is(err, ErrTruncated) {
		t.Errorf("no metadata: %v", err)
	}
}

func FuzzHEIF(f *testing.F) {
	f.Add(heifOf("heic", locations(0, extent{0, 8, 8}))[24:])
	f.Add(heifOf("msf1", locations(1, extent{1, 0, 8}, extent{0, 8, 8}), boxOf("moov", boxOf("trak")))[24:])
	f.Add(heifOf("heic", locations(2, extent{0, 8, 8}), boxOf("mdat", make([]byte, 8)))[24:])
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := parseHEIF(slices.Concat([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), data))
		if err == nil && h.Width == 0 && h.Height == 0 {
			t.Error("no size")
		}
	})
}
