package container

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// committed is a file in testdata. Those that the standard library cannot encode were
// written by libvips.
func committed(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func scene(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = byte(i / 16)
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gifOf is a GIF of 90×70 with the given number of frames.
func gifOf(t testing.TB, frames int) []byte {
	t.Helper()
	var g gif.GIF
	for i := range frames {
		p := image.NewPaletted(image.Rect(0, 0, 90, 70), color.Palette{color.Black, color.White, color.RGBA{255, 0, 0, 255}})
		for j := range p.Pix {
			p.Pix[j] = byte((j*j/7 + i) % 3)
		}
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withSegment inserts a segment after a JPEG's first marker.
func withSegment(file []byte, marker byte, body []byte) []byte {
	head := []byte{0xff, 0xd8, 0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}
	return slices.Concat(head, body, file[2:])
}

// withChunk inserts a chunk after the IHDR of a PNG.
func withChunk(file []byte, kind string, body []byte) []byte {
	const header = len(pngSignature) + 25
	return slices.Concat(file[:header], pngChunk(kind, body), file[header:])
}

// webpOf is an extended WebP of 90×70 with the given features and, after its image
// data, one more chunk.
func webpOf(t testing.TB, features byte, kind string, body []byte) []byte {
	t.Helper()
	out := append([]byte("RIFF....WEBPVP8X\x0a\x00\x00\x00"), features, 0, 0, 0, 89, 0, 0, 69, 0, 0)
	for _, chunk := range riffChunks(committed(t, "lossy.webp")) {
		if chunk.kind == "VP8 " {
			out = append(append(out, "VP8 "...), binary.LittleEndian.AppendUint32(nil, uint32(len(chunk.body)))...)
			out = append(out, chunk.body...)
		}
	}
	out = binary.LittleEndian.AppendUint32(append(out, kind...), uint32(len(body)))
	out = append(append(out, body...), make([]byte, len(body)%2)...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// tiffOf is a TIFF of one strip, which begins at 8, and of the directory with the
// given entries after it. Without a strip it is an Exif block.
func tiffOf(order binary.AppendByteOrder, strip []byte, list ...entry) []byte {
	out := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		out = []byte("MM\x00*")
	}
	at := 8 + (len(strip)+1)&^1
	out = append(order.AppendUint32(out, uint32(at)), strip...)
	out = append(out, make([]byte, at-len(out))...)
	return append(out, directoryOf(order, at, list)...)
}

// directoryOf is a directory that lies at offset at, then its values and the
// directories that it points to.
func directoryOf(order binary.AppendByteOrder, at int, list []entry) []byte {
	out := order.AppendUint16(nil, uint16(len(list)))
	var behind []byte
	at += 2 + 12*len(list) + 4
	for _, e := range list {
		out = order.AppendUint16(order.AppendUint16(out, e.tag), e.kind)
		out = order.AppendUint32(out, max(e.count, 1))
		switch {
		case e.inner != nil:
			out = order.AppendUint32(out, uint32(at+len(behind)))
			behind = append(behind, directoryOf(order, at+len(behind), e.inner)...)
		case len(e.value) > 4:
			out = order.AppendUint32(out, uint32(at+len(behind)))
			behind = append(behind, e.value...)
		default:
			out = append(append(out, e.value...), make([]byte, 4-len(e.value))...)
		}
	}
	return append(order.AppendUint32(out, 0), behind...)
}

func shortEntry(order binary.AppendByteOrder, tag, v uint16) entry {
	return entry{tag: tag, kind: typeShort, value: order.AppendUint16(nil, v)}
}

func longEntry(order binary.AppendByteOrder, tag uint16, v uint32) entry {
	return entry{tag: tag, kind: typeLong, value: order.AppendUint32(nil, v)}
}

func bytesEntry(tag, kind uint16, value string) entry {
	return entry{tag: tag, kind: kind, count: uint32(len(value)), value: []byte(value)}
}

// imageOf is a TIFF image of the given size with more entries, whose tags are larger
// than those of the image.
func imageOf(order binary.AppendByteOrder, width, height uint32, strip []byte, more ...entry) []byte {
	return tiffOf(order, strip, append([]entry{
		longEntry(order, tagWidth, width), longEntry(order, tagHeight, height),
		longEntry(order, tagStripOffsets, 8), longEntry(order, tagStripCounts, uint32(len(strip))),
	}, more...)...)
}

// exifOf is an Exif block: a maker, an orientation, a date, an exposure and a
// maker's note in a second directory, and a position in a third.
func exifOf(order binary.AppendByteOrder) []byte {
	ratio := func(numbers ...uint32) (out []byte) {
		for _, n := range numbers {
			out = order.AppendUint32(out, n)
		}
		return out
	}
	return tiffOf(order, nil,
		bytesEntry(271, 2, "Maker\x00"), shortEntry(order, tagOrientation, 6), bytesEntry(306, 2, "2026:11:23 01:02:03\x00"),
		entry{tag: tagExif, kind: typeLong, inner: []entry{
			{tag: 33434, kind: 5, value: ratio(1, 250)}, bytesEntry(37500, typeUndefined, "\x01secret\x02"),
			shortEntry(order, tagColourSpace, 65535),
			{tag: tagInterop, kind: typeLong, inner: []entry{bytesEntry(1, 2, "R03\x00")}},
		}},
		entry{tag: tagGPS, kind: typeLong, inner: []entry{
			bytesEntry(1, 2, "N\x00"), {tag: 2, kind: 5, count: 3, value: ratio(47, 1, 11, 1, 4321, 100)},
		}})
}
