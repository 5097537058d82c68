package stages

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/h2non/bimg"

	"gtx/stages/container"
)

// A losslessPhoto is a photograph of a kind that a lossless format can hold.
type losslessPhoto struct {
	format      Format
	orientation int
	size        [2]int
	deep, alpha bool
	profile     []byte
}

// losslessPhotos are smaller than the network's image, as large, and larger.
func losslessPhotos() []losslessPhoto {
	small, same, large := [2]int{13, 9}, [2]int{32, 24}, [2]int{70, 51}
	var photos []losslessPhoto
	for _, format := range []Format{PNG, TIFF} {
		for orientation := 1; orientation <= 8; orientation++ {
			for _, size := range [][2]int{small, same, large} {
				photos = append(photos,
					losslessPhoto{format, orientation, size, false, false, nil},
					losslessPhoto{format, orientation, size, false, true, nil},
					losslessPhoto{format, orientation, size, true, false, nil},
					losslessPhoto{format, orientation, size, true, true, nil})
			}
		}
	}
	// Profiles take long: one orientation that swaps the sides and one that does not are enough.
	for _, orientation := range []int{1, 6} {
		for _, deep := range []bool{false, true} {
			photos = append(photos,
				losslessPhoto{TIFF, orientation, small, deep, true, wideProfile()},
				losslessPhoto{TIFF, orientation, same, deep, true, wideProfile()},
				losslessPhoto{TIFF, orientation, large, deep, true, wideProfile()},
				losslessPhoto{PNG, orientation, large, deep, true, wideProfile()})
		}
	}
	return photos
}

// The identity test: a network that changes nothing gives back the photograph to the last bit.
func TestLosslessPhotographsComeBackBitForBit(t *testing.T) {
	for _, p := range losslessPhotos() {
		name := fmt.Sprintf("%s, orientation %d, 16 bits %v, alpha %v, profile %v, %v", p.format, p.orientation, p.deep, p.alpha, p.profile != nil, p.size)
		want := deepPhoto(p.size[0], p.size[1], p.deep, p.alpha)
		file := want.file(t, p.format, p.orientation, p.deep, p.alpha, p.profile)
		keep := p.profile != nil
		c := identical(t, file, func(int, int) (int, int) { return 32, 24 }, DetailOptions{Keep: keep})
		c.Source.Out = Stdout
		w, err := Encode(EncodeOptions{Size: Size{kind: sizeSource}, Quality: 90, KeepProfile: keep})(t.Context(), c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := shown(t, w.Data); !got.equals(want) {
			t.Errorf("%s: %d×%d, differs; want %d×%d", name, got.width, got.height, want.width, want.height)
		}
		img := decoded(t, w.Data, nil)
		if keep && !bytes.Equal(img.original.own, p.profile) {
			t.Errorf("%s: profile of %d bytes", name, len(img.original.own))
		}
		if img.original.deep != p.deep || len(img.Warnings) > 0 {
			t.Errorf("%s: 16 bits %v, warnings %q", name, img.original.deep, img.Warnings)
		}
	}
}

// In lossy formats only the loss of encoding remains.
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
	gif := gifOf(t, 1)
	for i := range 8 {
		gif[len(gif)-60+i] ^= 0x55
	}
	for name, file := range map[string][]byte{"PNG": file, "WebP": webp, "GIF": gif} {
		f := opened(t, file)
		if img, err := Decode(nil)(t.Context(), f); err == nil && !slices.Contains(img.Warnings, warnDamaged) {
			t.Errorf("%s: decodes without a word", name)
		}
	}
}

func TestThinImagesComeBack(t *testing.T) {
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

// If the result is not made from the photograph, colours inside sRGB still survive the way through the profile.
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
	want, err := resized(muted, 40, 30)
	if err != nil {
		t.Fatal(err)
	}
	got := photoOf(t, w.Data)
	sum := 0.0
	for i, v := range want.Data {
		sum += math.Abs(float64(v) - float64(got.samples[i/3*4+i%3]>>8))
	}
	if mean := sum / float64(len(want.Data)); mean > 1.5 || decoded(t, w.Data, nil).original.own == nil {
		t.Errorf("off by %.1f grey levels", mean)
	}
}

// Cameras that use Adobe RGB embed no profile. They set the DCF index R03 in the Exif data.
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
	if px := got.Pixels.At(8, 8); px[0] > 2 || px[1] < 156 || px[1] > 164 {
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
	if kept := decoded(t, w.Data, nil); !bytes.Equal(kept.original.own, container.AdobeRGB()) || len(w.Warnings) > 0 {
		t.Errorf("profile of %d bytes, %q", len(kept.original.own), w.Warnings)
	}
	c = identical(t, file, square(8), DetailOptions{})
	c.Source.Out = Stdout
	if w, err = Encode(EncodeOptions{Size: Size{kind: "source"}, Quality: 95})(t.Context(), c); err != nil || metadataOf(t, w.Data).SaysAdobeRGB() {
		t.Errorf("in sRGB the Exif data say Adobe RGB: %v", err)
	}
}

// Warnings are about the image, not about other contents of the file.
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
	if img := decoded(t, w.Data, nil); !img.original.deep {
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
