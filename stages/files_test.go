package stages

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"github.com/h2non/bimg"
)

func jpegOf(t testing.TB, p Pixels) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, goImage(p), &jpeg.Options{Quality: 95}); err != nil {
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

// gifOf is a GIF of the given number of frames.
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

// saved returns p as libvips writes it with the given saver.
func saved(t testing.TB, p Pixels, saver string) (file []byte) {
	t.Helper()
	err := withPictures(func(s *scope) error {
		q := s.of(p)
		return q.save(saver, nil, nil, nil, func(f []byte) error {
			file = bytes.Clone(f)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// vipsOf returns p as bimg writes it.
func vipsOf(t testing.TB, p Pixels, o bimg.Options) []byte {
	t.Helper()
	if o.Speed == 0 {
		o.Speed = 9
	}
	file, err := bimg.NewImage(saved(t, p, ".tif")).Process(o)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// A tag is a field of a TIFF directory for tiffOf. Its value fits in 32 bits, or data
// holds it.
type tag struct {
	id, kind uint16
	count    uint32
	value    uint32
	data     []byte // instead of value
}

// tiffOf is a little-endian TIFF of one strip.
func tiffOf(width, height int, bits, samples, photometric uint16, pixels []byte, extra ...tag) []byte {
	le := binary.LittleEndian
	depths := make([]byte, 0, 2*samples)
	for range samples {
		depths = le.AppendUint16(depths, bits)
	}
	tags := []tag{
		{256, 4, 1, uint32(width), nil},
		{257, 4, 1, uint32(height), nil},
		{258, 3, uint32(samples), uint32(bits), nil},
		{259, 3, 1, 1, nil},
		{262, 3, 1, uint32(photometric), nil},
		{273, 4, 1, 8, nil},
		{277, 3, 1, uint32(samples), nil},
		{278, 4, 1, uint32(height), nil},
		{279, 4, 1, uint32(len(pixels)), nil},
	}
	if samples > 2 {
		tags[2].data = depths
	} else if samples == 2 {
		tags[2].value = uint32(bits) | uint32(bits)<<16
	}
	for _, e := range extra {
		i := 0
		for i < len(tags) && tags[i].id < e.id {
			i++
		}
		if i < len(tags) && tags[i].id == e.id {
			tags[i] = e
			continue
		}
		tags = append(tags[:i], append([]tag{e}, tags[i:]...)...)
	}
	out := append([]byte("II*\x00\x00\x00\x00\x00"), pixels...)
	for i, e := range tags {
		if e.data != nil {
			tags[i].value = uint32(len(out))
			out = append(out, e.data...)
		}
	}
	if len(out)%2 == 1 {
		out = append(out, 0)
	}
	le.PutUint32(out[4:], uint32(len(out)))
	out = le.AppendUint16(out, uint16(len(tags)))
	for _, e := range tags {
		out = le.AppendUint16(out, e.id)
		out = le.AppendUint16(out, e.kind)
		out = le.AppendUint32(out, e.count)
		out = le.AppendUint32(out, e.value)
	}
	return le.AppendUint32(out, 0)
}

// exif is an Exif block that holds an orientation and, after it, a thumbnail.
func exif(orientation int, thumbnail []byte) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00")
	b = append(b, byte(orientation), 0, 0, 0, 0, 0, 0, 0)
	return append(b, thumbnail...)
}

// withSegment inserts a segment after a JPEG's first marker.
func withSegment(file []byte, marker byte, body []byte) []byte {
	out := append([]byte{0xff, 0xd8, 0xff, marker}, byte((len(body)+2)>>8), byte(len(body)+2))
	return append(append(out, body...), file[2:]...)
}

// withChunk inserts a chunk after the IHDR of a PNG.
func withChunk(png []byte, kind string, body []byte) []byte {
	const header = 8 + 25
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	chunk = append(append(chunk, kind...), body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return slices.Concat(png[:header], chunk, png[header:])
}

// extended is a WebP file with another chunk after its image.
func extended(file []byte, width, height int, flags byte, name string, body []byte) []byte {
	le := binary.LittleEndian
	out := []byte("RIFF....WEBPVP8X\x0a\x00\x00\x00")
	out = append(out, flags, 0, 0, 0, byte(width-1), byte((width-1)>>8), byte((width-1)>>16),
		byte(height-1), byte((height-1)>>8), byte((height-1)>>16))
	at := max(bytes.Index(file, []byte("VP8 ")), bytes.Index(file, []byte("VP8L")))
	size := 8 + int(le.Uint32(file[at+4:])+1)&^1
	out = append(out, file[at:at+size]...)
	out = le.AppendUint32(append(out, name...), uint32(len(body)))
	out = append(out, body...)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	le.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// le16 widens samples to 16 bits.
func le16(data []byte) []byte {
	var out []byte
	for _, v := range data {
		out = binary.LittleEndian.AppendUint16(out, uint16(v)*257)
	}
	return out
}

// profileOf is an ICC profile of the given colour space and tags.
func profileOf(space string, names []string, bodies [][]byte) []byte {
	return newProfile("test", space, names, bodies)
}

// swapped is a profile that is nearly sRGB with red and green exchanged.
func swapped() []byte {
	return profileOf("RGB ", []string{"gXYZ", "rXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"}, [][]byte{
		xyzTag(0.4360, 0.2225, 0.0139), xyzTag(0.3851, 0.7169, 0.0971), xyzTag(0.1431, 0.0606, 0.7141),
		gammaCurve(2.2), gammaCurve(2.2), gammaCurve(2.2),
	})
}

// wideProfile is a profile with colours outside sRGB: the primaries of Display P3.
func wideProfile() []byte {
	return profileOf("RGB ", []string{"rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"}, [][]byte{
		xyzTag(0.5151, 0.2412, -0.0011), xyzTag(0.2919, 0.6922, 0.0419), xyzTag(0.1572, 0.0666, 0.7841),
		gammaCurve(2.2), gammaCurve(2.2), gammaCurve(2.2),
	})
}

func withProfile(file, profile []byte) []byte {
	return withSegment(file, 0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), profile...))
}

// withPNGProfile inserts a profile into a PNG.
func withPNGProfile(file, profile []byte) []byte {
	var b bytes.Buffer
	b.WriteString("test\x00\x00")
	z := zlib.NewWriter(&b)
	z.Write(profile)
	z.Close()
	return withChunk(file, "iCCP", b.Bytes())
}

// turned adds to an AVIF of libheif the property that turns its image anticlockwise by so
// many quarters ('irot', ISO/IEC 23008-12).
func turned(t *testing.T, file []byte, quarters byte) []byte {
	t.Helper()
	be := binary.BigEndian
	out := bytes.Clone(file)
	grow := func(box string, by uint32) int {
		at := bytes.Index(out, []byte(box)) - 4
		if at < 0 {
			t.Fatalf("no box %s", box)
		}
		be.PutUint32(out[at:], be.Uint32(out[at:])+by)
		return at
	}
	const more = 10 // a box of 9 bytes, and its number in the list of the image's properties
	grow("meta", more)
	grow("iprp", more)
	at := grow("ipco", 9)
	properties := byte(1)
	for p := at + 8; p < at+int(be.Uint32(out[at:]))-9; p += int(be.Uint32(out[p:])) {
		properties++
	}
	end := at + int(be.Uint32(out[at:])) - 9
	out = slices.Insert(out, end, []byte{0, 0, 0, 9, 'i', 'r', 'o', 't', quarters}...)
	at = grow("ipma", 1) // size, name, version, count; the first entry is the main image
	out[at+18]++
	out = slices.Insert(out, at+18+int(out[at+18]), 0x80|properties)
	at = bytes.Index(out, []byte("iloc")) + 4
	if out[at] != 0 || out[at+4] != 0x44 || out[at+5] != 0x40 { // version, sizes of numbers
		t.Skip("this libheif places images differently")
	}
	p := at + 8
	for range be.Uint16(out[at+6:]) {
		be.PutUint32(out[p+4:], be.Uint32(out[p+4:])+more)
		p += 10 + 8*int(be.Uint16(out[p+8:]))
	}
	return out
}
