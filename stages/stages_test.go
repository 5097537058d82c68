package stages

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/h2non/bimg"
)

func TestMain(m *testing.M) {
	Setup()
	os.Exit(m.Run())
}

// scene is a smooth picture that differs from all its mirrored and turned selves.
func scene(width, height int) Pixels {
	p := Pixels{Width: width, Height: height, Bands: 3, Data: make([]byte, 0, 3*width*height)}
	for y := range height {
		for x := range width {
			u, v := (float64(x)+0.5)/float64(width), (float64(y)+0.5)/float64(height)
			p.Data = append(p.Data,
				byte(30+200*u),
				byte(30+200*v*v),
				byte(128+90*math.Sin(3*u+5*v)))
		}
	}
	return p
}

// at returns the pixel at (x,y).
func (p Pixels) at(x, y int) []byte { return p.Data[(y*p.Width+x)*p.Bands:][:p.Bands] }

// goImage returns p as the standard library has it.
func goImage(p Pixels) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	for y := range p.Height {
		for x := range p.Width {
			c := color.NRGBA{A: 255}
			px := p.at(x, y)
			c.R, c.G, c.B = px[0], px[1], px[2]
			if p.Bands == 4 {
				c.A = px[3]
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

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

// saved is p as libvips writes it with the given saver.
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

// vipsOf is p as bimg writes it.
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

// A tag is a field of a TIFF directory for tiffOf; its value fits in 32 bits or
// lies in data.
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

// withSegment inserts a segment behind a JPEG's first marker.
func withSegment(file []byte, marker byte, body []byte) []byte {
	out := append([]byte{0xff, 0xd8, 0xff, marker}, byte((len(body)+2)>>8), byte(len(body)+2))
	return append(append(out, body...), file[2:]...)
}

// withChunk inserts a chunk behind the IHDR of a PNG.
func withChunk(png []byte, kind string, body []byte) []byte {
	const header = 8 + 25
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	chunk = append(append(chunk, kind...), body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return slices.Concat(png[:header], chunk, png[header:])
}

// extended is the picture of a WebP with another chunk behind it.
func extended(file []byte, width, height int, flags byte, name string, body []byte) []byte {
	le := binary.LittleEndian
	out := []byte("RIFF....WEBPVP8X\x0a\x00\x00\x00")
	out = append(out, flags, 0, 0, 0, byte(width-1), byte((width-1)>>8), byte((width-1)>>16),
		byte(height-1), byte((height-1)>>8), byte((height-1)>>16))
	at := max(bytes.Index(file, []byte("VP8 ")), bytes.Index(file, []byte("VP8L")))
	picture := 8 + int(le.Uint32(file[at+4:])+1)&^1
	out = append(out, file[at:at+picture]...)
	out = le.AppendUint32(append(out, name...), uint32(len(body)))
	out = append(out, body...)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	le.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// opened is what Open returns for a file in memory.
func opened(t testing.TB, data []byte) File {
	t.Helper()
	f, err := Open(OpenOptions{OwnToo: true})(context.Background(), Source{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// decoded is what Decode returns for a file in memory.
func decoded(t testing.TB, data []byte, shape Shape) Image {
	t.Helper()
	img, err := Decode(shape)(context.Background(), opened(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// distance is the mean absolute difference of two pictures of one shape.
func distance(t testing.TB, a, b Pixels) float64 {
	t.Helper()
	if a.Width != b.Width || a.Height != b.Height || a.Bands != b.Bands || len(a.Data) != len(b.Data) {
		t.Fatalf("shapes differ: %d×%d×%d and %d×%d×%d", a.Width, a.Height, a.Bands, b.Width, b.Height, b.Bands)
	}
	sum := 0
	for i := range a.Data {
		sum += max(int(a.Data[i])-int(b.Data[i]), int(b.Data[i])-int(a.Data[i]))
	}
	return float64(sum) / float64(len(a.Data))
}

func square(n int) Shape { return func(int, int) (int, int) { return n, n } }
