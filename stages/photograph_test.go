package stages

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"testing"

	"github.com/h2non/bimg"

	"gtx/stages/container"
)

// A photo is a source file and what it shows, upright, in 16 bits a sample.
type photo struct {
	width, height int
	samples       []uint16 // RGBA
}

// deepPhoto has samples that 8 bits cannot hold, and alpha if it is asked for:
// transparent, opaque and between, with colour below all of it.
func deepPhoto(width, height int, deep, alpha bool) photo {
	p := photo{width: width, height: height}
	for i, v := range textured(width, height, 4, 11).Data {
		s := uint16(v) * 257
		switch {
		case i%4 == 3 && !alpha:
			s = 65535
		case i%4 == 3:
			s = []uint16{0, 65535, s}[i/4%3]
		case deep:
			s = s&^0xff | uint16(i*37%256)
		}
		p.samples = append(p.samples, s)
	}
	return p
}

// shown is what a file shows, as PNG of libvips tells Go.
func shown(t testing.TB, file []byte) photo {
	t.Helper()
	img := decoded(t, file, nil)
	var out bytes.Buffer
	err := withPictures(func(s *scope) error {
		p := Checked{Translated: Translated{Labelled: Labelled{Image: img}}}.whole(s, img.Width, img.Height, true, true)
		return p.save(".png[compression=1]", nil, nil, nil, func(f []byte) error {
			out.Write(f)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return photoOf(t, out.Bytes())
}

func photoOf(t testing.TB, file []byte) photo {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	p := photo{width: img.Bounds().Dx(), height: img.Bounds().Dy()}
	for y := range p.height {
		for x := range p.width {
			c := color.NRGBA64Model.Convert(img.At(x, y)).(color.NRGBA64)
			if n, ok := img.(*image.NRGBA); ok { // not through premultiplied colours
				q := n.NRGBAAt(x, y)
				c = color.NRGBA64{uint16(q.R) * 257, uint16(q.G) * 257, uint16(q.B) * 257, uint16(q.A) * 257}
			}
			p.samples = append(p.samples, c.R, c.G, c.B, c.A)
		}
	}
	return p
}

// lying is the photograph as a camera of orientation o stores it.
func (p photo) lying(o int) photo {
	bytes := Pixels{Width: p.width, Height: p.height, Bands: 8}
	for _, v := range p.samples {
		bytes.Data = binary.LittleEndian.AppendUint16(bytes.Data, v)
	}
	bytes = lying(bytes, o)
	q := photo{width: bytes.Width, height: bytes.Height}
	for i := 0; i < len(bytes.Data); i += 2 {
		q.samples = append(q.samples, binary.LittleEndian.Uint16(bytes.Data[i:]))
	}
	return q
}

// file is the photograph as PNG or TIFF, of 8 or 16 bits.
func (p photo) file(t testing.TB, format Format, o int, deep, alpha bool, profile []byte) []byte {
	t.Helper()
	p = p.lying(o)
	bands := 3
	if alpha {
		bands = 4
	}
	if format == TIFF {
		var data []byte
		bits := uint16(8)
		for i, v := range p.samples {
			switch {
			case i%4 >= bands:
			case deep:
				bits = 16
				data = binary.LittleEndian.AppendUint16(data, v)
			default:
				data = append(data, byte(v>>8))
			}
		}
		tags := []tag{{274, 3, 1, uint32(o), nil}}
		if alpha {
			tags = append(tags, tag{338, 3, 1, 2, nil})
		}
		if profile != nil {
			tags = append(tags, tag{34675, 7, uint32(len(profile)), 0, profile})
		}
		return tiffOf(p.width, p.height, bits, uint16(bands), 2, data, tags...)
	}
	var img image.Image
	if deep {
		m := image.NewNRGBA64(image.Rect(0, 0, p.width, p.height))
		for i, v := range p.samples {
			binary.BigEndian.PutUint16(m.Pix[2*i:], v)
		}
		img = m
	} else {
		m := image.NewNRGBA(image.Rect(0, 0, p.width, p.height))
		for i, v := range p.samples {
			m.Pix[i] = byte(v >> 8)
		}
		img = m
	}
	file := withChunk(pngOf(t, img), "eXIf", exif(o, nil))
	if profile != nil {
		file = withPNGProfile(file, profile)
	}
	return file
}

func (p photo) equals(q photo) bool {
	return p.width == q.width && p.height == q.height && slices.Equal(p.samples, q.samples)
}

// The identity test: a network that changes nothing gives back the photograph, of
// every kind that a lossless format can hold, to the last bit. Smaller than the
// network's picture, as large, and larger.
func TestLosslessPhotographsComeBackBitForBit(t *testing.T) {
	for _, format := range []Format{PNG, TIFF} {
		for o := 1; o <= 8; o++ {
			for kind := range 4 {
				deep, alpha := kind&1 != 0, kind&2 != 0
				for _, size := range [][2]int{{13, 9}, {32, 24}, {70, 51}} {
					for _, profile := range [][]byte{nil, wideProfile()} {
						if profile != nil && (o%5 != 1 || !alpha || format == PNG && size[0] != 70) { // they take long
							continue
						}
						name := fmt.Sprintf("%s, orientation %d, 16 bits %v, alpha %v, profile %v, %v", format, o, deep, alpha, profile != nil, size)
						want := deepPhoto(size[0], size[1], deep, alpha)
						file := want.file(t, format, o, deep, alpha, profile)
						keep := profile != nil
						c := identical(t, file, func(int, int) (int, int) { return 32, 24 }, DetailOptions{Keep: keep})
						c.Source.Out = Stdout
						w, err := Encode(EncodeOptions{Size: Size{kind: "source"}, Quality: 90, KeepProfile: keep})(t.Context(), c)
						if err != nil {
							t.Errorf("%s: %v", name, err)
							continue
						}
						if got := shown(t, w.Data); !got.equals(want) {
							t.Errorf("%s: %d×%d, differs; want %d×%d", name, got.width, got.height, want.width, want.height)
						}
						if img := decoded(t, w.Data, nil); keep && !bytes.Equal(img.how.own, profile) || img.how.deep != deep || len(img.Warnings) > 0 {
							t.Errorf("%s: profile of %d bytes, 16 bits %v, warnings %q", name, len(img.how.own), img.how.deep, img.Warnings)
						}
					}
				}
			}
		}
	}
}

// wideProfile is a profile with colours that sRGB has not: Display P3's primaries.
func wideProfile() []byte {
	return profileOf("RGB ", []string{"rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"}, [][]byte{
		xyzTag(0.5151, 0.2412, -0.0011), xyzTag(0.2919, 0.6922, 0.0419), xyzTag(0.1572, 0.0666, 0.7841),
		gammaCurve(2.2), gammaCurve(2.2), gammaCurve(2.2),
	})
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

// Lossy formats come back as well as they are encoded.
func TestLossyPhotographsComeBackNearly(t *testing.T) {
	want := scene(96, 64)
	for o := 1; o <= 8; o++ {
		stored := lying(want, o)
		webp := vipsOf(t, stored, bimg.Options{Type: bimg.WEBP, Lossless: true})
		sources := map[string][]byte{
			"jpg":  withSegment(jpegOf(t, stored), 0xe1, append([]byte("Exif\x00\x00"), exif(o, nil)...)),
			"webp": extended(webp, stored.Width, stored.Height, 0x08, "EXIF", exif(o, nil)),
		}
		if o == 1 { // libvips cannot write one that lies on its side
			sources["avif"] = vipsOf(t, want, bimg.Options{Type: bimg.AVIF, Quality: 95})
		}
		for name, file := range sources {
			for _, format := range []Format{JPEG, WebP, AVIF} {
				c := identical(t, file, func(int, int) (int, int) { return 32, 24 }, DetailOptions{})
				got := decoded(t, encodedAs(t, format, c), nil).Pixels
				if d := distance(t, got, want); d > 2.5 {
					t.Errorf("%s of orientation %d to %s: off by %.1f grey levels", name, o, format, d)
				}
			}
		}
	}
}

func TestDamageInsideAWholeFileIsSaidOrAnError(t *testing.T) {
	p := textured(200, 160, 3, 4)
	jpeg := jpegOf(t, p)
	jpeg = slices.Delete(jpeg, len(jpeg)/2, len(jpeg)/2+300) // coded data, all of it
	c := identical(t, jpeg, square(64), DetailOptions{})
	c.Source.Out = Stdout
	w, err := Encode(EncodeOptions{Size: Size{kind: "source"}, Quality: 90})(t.Context(), c)
	if err != nil || !slices.Equal(w.Warnings, []string{warnDamaged}) {
		t.Errorf("JPEG: %v, warnings %q", err, w.Warnings)
	}
	file := pngOf(t, goImage(p))
	file[len(file)/2] ^= 0xff
	webp := vipsOf(t, p, bimg.Options{Type: bimg.WEBP, Lossless: true})
	clear(webp[40:400])
	for name, file := range map[string][]byte{"PNG": file, "WebP": webp} {
		f := opened(t, file)
		if img, err := Decode(nil)(t.Context(), f); err == nil && !slices.Contains(img.Warnings, warnDamaged) {
			t.Errorf("%s: decodes without a word", name)
		}
	}
}

func TestThinPicturesComeBack(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 10000}, {10000, 1}, {3, 2}} {
		want := textured(size[0], size[1], 3, 6)
		c := identical(t, pngOf(t, goImage(want)), func(int, int) (int, int) { return 64, 48 }, DetailOptions{})
		if got := decoded(t, encodedAs(t, PNG, c), nil).Pixels; got.Width != size[0] || got.Height != size[1] || worst(got, want) > 0 {
			t.Errorf("%v: %d×%d", size, got.Width, got.Height)
		}
	}
}

// Chroma is not halved above quality 90: its sampling factors are those of luma.
func TestJPEGKeepsAllChromaAtHighQuality(t *testing.T) {
	for quality, want := range map[int]byte{80: 0x22, 91: 0x11, 100: 0x11} {
		c := translated(scene(64, 48))
		c.Source.Format, c.Source.Out = JPEG, Stdout
		w, err := Encode(EncodeOptions{Size: Size{kind: "source"}, Quality: quality})(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(w.Data, []byte{0xff, 0xc0})
		if got := w.Data[at+11]; got != want {
			t.Errorf("quality %d: luma has factors %x, want %x", quality, got, want)
		}
	}
}

// Where the photograph is not carried over, colours that sRGB has come back through
// the profile.
func TestSmallerResultsAreInTheColoursOfTheKeptProfile(t *testing.T) {
	muted := scene(80, 60)
	for i, v := range muted.Data {
		muted.Data[i] = 100 + v/4
	}
	c := identical(t, withProfile(jpegOf(t, muted), wideProfile()), square(48), DetailOptions{Size: Size{"exact", 40, 30}, Keep: true})
	c.Source.Out, c.Source.Format = Stdout, PNG
	w, err := Encode(EncodeOptions{Size: Size{"exact", 40, 30}, KeepProfile: true})(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	want, err := muted.resized(40, 30)
	if err != nil {
		t.Fatal(err)
	}
	got := photoOf(t, w.Data)
	sum := 0.0
	for i, v := range want.Data {
		sum += math.Abs(float64(v) - float64(got.samples[i/3*4+i%3]>>8))
	}
	if mean := sum / float64(len(want.Data)); mean > 1.5 || decoded(t, w.Data, nil).how.own == nil {
		t.Errorf("off by %.1f grey levels", mean)
	}
}

// Cameras say Adobe RGB in Exif data, by the index R03 of DCF, and embed no profile.
func TestAdobeRGBIsKnownByItsExifData(t *testing.T) {
	le := binary.LittleEndian
	entry := func(tag, kind uint16, count, value uint32) []byte {
		return le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(nil, tag), kind), count), value)
	}
	exif := slices.Concat([]byte("II*\x00\x08\x00\x00\x00\x01\x00"), entry(34665, 4, 1, 26), make([]byte, 4),
		[]byte("\x01\x00"), entry(40965, 4, 1, 44), make([]byte, 4),
		[]byte("\x01\x00"), entry(1, 2, 4, uint32('R')|uint32('0')<<8|uint32('3')<<16), make([]byte, 4))
	p := Pixels{Width: 16, Height: 16, Bands: 3, Data: bytes.Repeat([]byte{60, 160, 90}, 256)}
	plain := jpegOf(t, p)
	file := withSegment(plain, 0xe1, append([]byte("Exif\x00\x00"), exif...))
	got := decoded(t, file, nil)
	want := decoded(t, withProfile(plain, container.AdobeRGB()), nil)
	if !slices.Equal(got.Pixels.Data, want.Pixels.Data) || got.Profile == nil {
		t.Errorf("%v, want %v", got.Pixels.Data[:3], want.Pixels.Data[:3])
	}
	// 60, 160, 90 are 0.0416, 0.3586, 0.1012 in linear Adobe RGB, outside of sRGB in red:
	// linear red is 1.3983·0.0416 − 0.3983·0.3586 < 0.
	if px := got.Pixels.at(8, 8); px[0] > 2 || px[1] < 156 || px[1] > 164 {
		t.Errorf("%v", px)
	}
	c := identical(t, file, square(8), DetailOptions{Keep: true})
	c.Source.Out = Stdout
	w, err := Encode(EncodeOptions{Size: Size{kind: "source"}, Quality: 95, KeepProfile: true})(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !metadataOf(t, w.Data).SaysAdobeRGB() {
		t.Error("the Exif data do not say so any more")
	}
	if kept := decoded(t, w.Data, nil); !bytes.Equal(kept.how.own, container.AdobeRGB()) || len(w.Warnings) > 0 {
		t.Errorf("profile of %d bytes, %q", len(kept.how.own), w.Warnings)
	}
	c = identical(t, file, square(8), DetailOptions{})
	c.Source.Out = Stdout
	if w, err = Encode(EncodeOptions{Size: Size{kind: "source"}, Quality: 95})(t.Context(), c); err != nil || metadataOf(t, w.Data).SaysAdobeRGB() {
		t.Errorf("in sRGB the Exif data say Adobe RGB: %v", err)
	}
}

// Warnings are of the picture: what else a file holds is nobody's business.
func TestOddButSoundFilesGiveNoWarning(t *testing.T) {
	p := scene(40, 30)
	png := pngOf(t, goImage(p))
	jpeg := jpegOf(t, p)
	for name, file := range map[string][]byte{
		"TIFF with private tags": tiffOf(40, 30, 8, 3, 2, p.Data, tag{65000, 3, 1, 7, nil}, tag{50000, 2, 4, 0x414141, nil}),
		"PNG with odd chunks":    withChunk(withChunk(png, "tEXt", []byte("no keyword")), "prVt", []byte("private")),
		"PNG with a gamma of 0":  withChunk(png, "gAMA", make([]byte, 4)),
		"JPEG with a comment":    withSegment(withSegment(jpeg, 0xfe, []byte("hello")), 0xe5, []byte("private")),
		"JPEG with garbage":      append(bytes.Clone(jpeg), "garbage"...),
	} {
		if img := decoded(t, file, nil); len(img.Warnings) > 0 {
			t.Errorf("%s: %q", name, img.Warnings)
		}
	}
}

func TestAVIFKeepsMoreThanEightBits(t *testing.T) {
	want := deepPhoto(70, 51, true, true)
	for i := range want.samples { // smooth, so that little is lost in encoding
		if i%4 < 3 {
			want.samples[i] = uint16(20000 + i/4%70*150 + i/280*100)
		} else {
			want.samples[i] = 65535
		}
	}
	c := identical(t, want.file(t, PNG, 1, true, false, nil), square(32), DetailOptions{})
	c.Source.Out, c.Source.Format = Stdout, AVIF
	w, err := Encode(EncodeOptions{Size: Size{kind: "source"}, Quality: 100})(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if img := decoded(t, w.Data, nil); !img.how.deep {
		t.Error("8 bits a sample")
	}
	got, sum := shown(t, w.Data), 0.0
	for i, v := range want.samples {
		sum += math.Abs(float64(v) - float64(got.samples[i]))
	}
	if mean := sum / float64(len(want.samples)); mean > 128 { // half a level of 8 bits
		t.Errorf("off by %.0f of 65535", mean)
	}
}

// turned is an AVIF of libheif's with the property that its picture is to be turned
// anticlockwise by so many quarters ('irot', ISO/IEC 23008-12).
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
	const more = 10 // a box of 9 bytes, and its number among those of the picture
	grow("meta", more)
	grow("iprp", more)
	at := grow("ipco", 9)
	properties := byte(1)
	for p := at + 8; p < at+int(be.Uint32(out[at:]))-9; p += int(be.Uint32(out[p:])) {
		properties++
	}
	end := at + int(be.Uint32(out[at:])) - 9
	out = slices.Insert(out, end, []byte{0, 0, 0, 9, 'i', 'r', 'o', 't', quarters}...)
	at = grow("ipma", 1) // size, name, version, count; the first entry is the picture's
	out[at+18]++
	out = slices.Insert(out, at+18+int(out[at+18]), 0x80|properties)
	at = bytes.Index(out, []byte("iloc")) + 4
	if out[at] != 0 || out[at+4] != 0x44 || out[at+5] != 0x40 { // version, sizes of numbers
		t.Skip("this libheif places pictures otherwise")
	}
	p := at + 8
	for range be.Uint16(out[at+6:]) {
		be.PutUint32(out[p+4:], be.Uint32(out[p+4:])+more)
		p += 10 + 8*int(be.Uint16(out[p+8:]))
	}
	return out
}

func TestTurnedAVIFComesOutUpright(t *testing.T) {
	want := scene(96, 64)
	for quarters, o := range []int{1, 8, 3, 6} {
		stored := lying(want, o)
		file := turned(t, vipsOf(t, stored, bimg.Options{Type: bimg.AVIF, Quality: 95}), byte(quarters))
		c := identical(t, file, func(int, int) (int, int) { return 32, 24 }, DetailOptions{})
		got := decoded(t, encodedAs(t, PNG, c), nil).Pixels
		if got.Width != 96 || got.Height != 64 {
			t.Errorf("%d quarters: %d×%d", quarters, got.Width, got.Height)
		} else if d := distance(t, got, want); d > 2.5 {
			t.Errorf("%d quarters: off by %.1f grey levels", quarters, d)
		}
	}
}
