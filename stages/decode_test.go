package stages

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/h2non/bimg"
)

func TestEveryOrientationDecodesUpright(t *testing.T) {
	want := scene(96, 64)
	for o := 1; o <= 8; o++ {
		stored := lying(want, o)
		webp := vipsOf(t, stored, bimg.Options{Type: bimg.WEBP, Lossless: true})
		for name, file := range map[string][]byte{
			"jpeg": withSegment(jpegOf(t, stored), 0xe1, append([]byte("Exif\x00\x00"), exif(o, nil)...)),
			"png":  withChunk(pngOf(t, goImage(stored)), "eXIf", exif(o, nil)),
			"webp": extended(webp, stored.Width, stored.Height, 0x08, "EXIF", exif(o, nil)),
			"tiff": tiffOf(stored.Width, stored.Height, 8, 3, 2, stored.Data, tag{274, 3, 1, uint32(o), nil}),
		} {
			t.Run(fmt.Sprintf("%s/%d", name, o), func(t *testing.T) {
				img := decoded(t, file, nil)
				rgb, _ := img.Pixels.Split()
				if img.Width != 96 || img.Height != 64 {
					t.Errorf("%d×%d", img.Width, img.Height)
				}
				if d := distance(t, rgb, want); d > 2 {
					t.Errorf("off by %.1f grey levels", d)
				}
				// A network of one wide shape: an image on its side must not be shrunk too far.
				wide := decoded(t, file, func(int, int) (int, int) { return 48, 16 })
				if p := wide.Pixels; p.Width < 48 || p.Height < 16 || wide.Width != 96 || wide.Height != 64 {
					t.Errorf("shrunk to %d×%d of %d×%d", p.Width, p.Height, wide.Width, wide.Height)
				}
			})
		}
	}
}

// pixelKinds are one image in pixels of many kinds, and the RGB that each of them means.
type pixelKinds struct {
	grey                                 *image.Gray
	deep                                 *image.NRGBA64
	indexed                              *image.Paletted
	greyAlpha, cmyk, bits, alpha         []byte // bits: one per pixel
	greyRGB, indexRGB, flatCMYK, bitsRGB Pixels
}

func pixelKindsOf(rgb Pixels) *pixelKinds {
	w, h := rgb.Width, rgb.Height
	empty := Pixels{Width: w, Height: h, Bands: 3}
	k := &pixelKinds{
		grey: image.NewGray(image.Rect(0, 0, w, h)), deep: image.NewNRGBA64(image.Rect(0, 0, w, h)),
		indexed: image.NewPaletted(image.Rect(0, 0, w, h), nil), bits: make([]byte, w/8*h), alpha: make([]byte, w*h),
		greyRGB: empty, indexRGB: empty, flatCMYK: empty, bitsRGB: empty,
	}
	for i := range 16 {
		k.indexed.Palette = append(k.indexed.Palette, color.RGBA{byte(17 * i), byte(255 - 11*i), byte(i * i), 255})
	}
	for i := range w * h {
		x, y := i%w, i/w
		px := rgb.At(x, y)
		k.grey.Pix[i] = px[0]
		k.greyRGB.Data = append(k.greyRGB.Data, px[0], px[0], px[0])
		k.greyAlpha = append(k.greyAlpha, px[0], byte(i))
		k.alpha[i] = byte(i)
		k.deep.SetNRGBA64(x, y, color.NRGBA64{uint16(px[0]) * 257, uint16(px[1]) * 257, uint16(px[2]) * 257, 65535})
		n := (x + y) / 9
		k.indexed.Pix[i] = byte(n % 16)
		k.indexRGB.Data = append(k.indexRGB.Data, byte(17*(n%16)), byte(255-11*(n%16)), byte((n%16)*(n%16)))
		if x < w/2 {
			k.cmyk = append(k.cmyk, 0, 0, 0, 0)
			k.flatCMYK.Data = append(k.flatCMYK.Data, 255, 255, 255)
		} else {
			k.cmyk = append(k.cmyk, 0, 255, 255, 0)
			k.flatCMYK.Data = append(k.flatCMYK.Data, 230, 30, 35)
		}
		v := byte(0)
		if (x/5+y/5)%2 == 0 {
			v = 255
			k.bits[i/8] |= 0x80 >> (i % 8)
		}
		k.bitsRGB.Data = append(k.bitsRGB.Data, v, v, v)
	}
	return k
}

func TestEveryKindOfPixelDecodesToRGB(t *testing.T) {
	const w, h = 80, 60
	want := scene(w, h)
	k := pixelKindsOf(want)
	cmykFile := tiffOf(w, h, 8, 4, 5, k.cmyk)
	cmykJPEG, err := bimg.NewImage(cmykFile).Process(bimg.Options{Type: bimg.JPEG, Interpretation: bimg.InterpretationCMYK, Quality: 95})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		file  []byte
		want  Pixels
		alpha []byte
		level float64
	}{
		{"grey PNG", pngOf(t, k.grey), k.greyRGB, nil, 0},
		{"grey TIFF", tiffOf(w, h, 8, 1, 1, k.grey.Pix), k.greyRGB, nil, 0},
		{"grey+alpha TIFF", tiffOf(w, h, 8, 2, 1, k.greyAlpha, tag{338, 3, 1, 2, nil}), k.greyRGB, k.alpha, 0},
		{"16-bit PNG", pngOf(t, k.deep), want, nil, 1},
		{"16-bit TIFF", tiffOf(w, h, 16, 3, 2, le16(want.Data)), want, nil, 1},
		{"16-bit grey TIFF", tiffOf(w, h, 16, 1, 1, le16(k.grey.Pix)), k.greyRGB, nil, 1},
		{"palette PNG", pngOf(t, k.indexed), k.indexRGB, nil, 0},
		{"CMYK TIFF", cmykFile, k.flatCMYK, nil, 12},
		{"CMYK JPEG", cmykJPEG, k.flatCMYK, nil, 12},
		{"bilevel TIFF", tiffOf(w, h, 1, 1, 1, k.bits), k.bitsRGB, nil, 0},
		{"RGBA PNG", pngOf(t, goImage(want.Join(k.alpha))), want, k.alpha, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rgb, alpha := decoded(t, c.file, nil).Pixels.Split()
			if d := distance(t, rgb, c.want); d > c.level {
				t.Errorf("off by %.1f grey levels: %v, want %v", d, rgb.Data[3*(w-5):3*w], c.want.Data[3*(w-5):3*w])
			}
			if string(alpha) != string(c.alpha) {
				t.Errorf("%d bytes of alpha, want %d", len(alpha), len(c.alpha))
			}
		})
	}
}

// newProfile is an ICC profile, version 2, for a display of the given colour space
// ("RGB " or "GRAY"), with the given tags and the required ones.
func newProfile(title, space string, names []string, bodies [][]byte) []byte {
	be := binary.BigEndian
	p := make([]byte, 128)
	copy(p[8:], []byte{2, 0x40, 0, 0})
	copy(p[12:], "mntr"+space+"XYZ ")
	copy(p[36:], "acsp")
	copy(p[68:], []byte{0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d}) // D50
	description := be.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(title)+1))
	description = append(append(description, title...), make([]byte, 1+78)...)
	names = append([]string{"desc", "cprt", "wtpt"}, names...)
	bodies = append([][]byte{description, []byte("text\x00\x00\x00\x00none\x00"), xyzTag(0.9642, 1, 0.8249)}, bodies...)
	p = be.AppendUint32(p, uint32(len(names)))
	at := len(p) + 12*len(names)
	var data []byte
	for i, name := range names {
		for (at+len(data))%4 != 0 {
			data = append(data, 0)
		}
		p = append(p, name...)
		p = be.AppendUint32(p, uint32(at+len(data)))
		p = be.AppendUint32(p, uint32(len(bodies[i])))
		data = append(data, bodies[i]...)
	}
	p = append(p, data...)
	be.PutUint32(p, uint32(len(p)))
	return p
}

func xyzTag(x, y, z float64) []byte {
	b := []byte("XYZ \x00\x00\x00\x00")
	for _, v := range []float64{x, y, z} {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(v*65536)))
	}
	return b
}

// gammaCurve is a curve of one exponent, below 256.
func gammaCurve(g float64) []byte {
	return append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), byte(g), byte(g*256))
}

func TestProfileIsAppliedAndReplacedBySRGB(t *testing.T) {
	p := scene(80, 60)
	exchanged := Pixels{Width: 80, Height: 60, Bands: 3}
	for i := 0; i < len(p.Data); i += 3 {
		exchanged.Data = append(exchanged.Data, p.Data[i+1], p.Data[i], p.Data[i+2])
	}
	grey := Pixels{Width: 80, Height: 60, Bands: 3}
	var levels []byte
	for i := 0; i < len(p.Data); i += 3 {
		levels = append(levels, p.Data[i])
		grey.Data = append(grey.Data, p.Data[i], p.Data[i], p.Data[i])
	}
	greyProfile := profileOf("GRAY", []string{"kTRC"}, [][]byte{gammaCurve(2.2)})
	muted := Pixels{Width: 80, Height: 60, Bands: 3} // inside the gamut of print
	for _, v := range p.Data {
		muted.Data = append(muted.Data, 100+v/4)
	}
	cmyk := vipsOf(t, muted, bimg.Options{Type: bimg.JPEG, Interpretation: bimg.InterpretationCMYK, Quality: 95})
	var greyJPEG bytes.Buffer
	if err := jpeg.Encode(&greyJPEG, &image.Gray{Pix: levels, Stride: 80, Rect: image.Rect(0, 0, 80, 60)}, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	icc := func(profile []byte) tag { return tag{34675, 7, uint32(len(profile)), 0, profile} }
	for _, c := range []struct {
		name    string
		file    []byte
		want    Pixels
		profile bool
	}{
		{"JPEG", withProfile(jpegOf(t, p), swapped()), exchanged, true},
		{"8-bit TIFF", tiffOf(80, 60, 8, 3, 2, p.Data, icc(swapped())), exchanged, true},
		{"16-bit TIFF", tiffOf(80, 60, 16, 3, 2, le16(p.Data), icc(swapped())), exchanged, true},
		{"grey TIFF", tiffOf(80, 60, 8, 1, 1, levels, icc(greyProfile)), grey, true},
		{"RGB with a grey profile", tiffOf(80, 60, 8, 3, 2, p.Data, icc(greyProfile)), p, false},
		{"RGB with a broken profile", tiffOf(80, 60, 8, 3, 2, p.Data, icc([]byte("no profile at all"))), p, true},
		{"CMYK JPEG", cmyk, muted, true},
		{"grey JPEG", withProfile(greyJPEG.Bytes(), greyProfile), grey, true},
		{"grey with a profile for RGB", tiffOf(80, 60, 8, 1, 1, levels, icc(swapped())), grey, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			img := decoded(t, c.file, nil)
			if d := distance(t, img.Pixels, c.want); d > 4 {
				t.Errorf("off by %.1f grey levels: %v, want %v", d, img.Pixels.Data[:9], c.want.Data[:9])
			}
			if !c.profile && img.Profile == nil {
				return // useless, and dropped
			}
			if len(img.Profile) < 128 || string(img.Profile[16:20]) != "RGB " || string(img.Profile) == string(swapped()) {
				t.Errorf("profile of %d bytes", len(img.Profile))
			}
		})
	}
	if img := decoded(t, jpegOf(t, p), nil); img.Profile != nil {
		t.Error("an image without a profile got one")
	}
}

func TestDecodeShrinksButNeverBelowTheShape(t *testing.T) {
	for _, c := range []struct{ w, h, wide, high, width, height int }{
		{1000, 700, 256, 184, 500, 350},
		{1024, 736, 256, 184, 256, 184},
		{1023, 735, 256, 184, 256, 184},
		{1021, 735, 256, 184, 256, 184},
		{2050, 1400, 256, 176, 513, 350},
		{64, 48, 256, 256, 64, 48},
	} {
		p := scene(c.w, c.h)
		for name, file := range map[string][]byte{
			"jpeg": vipsOf(t, p, bimg.Options{Type: bimg.JPEG, Quality: 95}),
			"png":  vipsOf(t, p, bimg.Options{Type: bimg.PNG, Compression: 1}),
			"webp": vipsOf(t, p, bimg.Options{Type: bimg.WEBP}),
			"tiff": vipsOf(t, p, bimg.Options{Type: bimg.TIFF}),
		} {
			t.Run(fmt.Sprintf("%s/%dx%d", name, c.w, c.h), func(t *testing.T) {
				img := decoded(t, file, func(w, h int) (int, int) {
					if w < h {
						return c.high, c.wide
					}
					return c.wide, c.high
				})
				got := [4]int{img.Width, img.Height, img.Pixels.Width, img.Pixels.Height}
				want := [4]int{c.w, c.h, c.width, c.height}
				// Decoders that shrink round down, or to the nearest, and may then shrink less.
				switch {
				case c.w == 2050 && (name == "jpeg" || name == "webp"):
					want[2] = 512
				case c.w == 1021 && name == "jpeg":
					want[2], want[3] = 510, 367
				case c.w == 1021 && name == "webp":
					want[2], want[3] = 510, 368
				}
				if got != want {
					t.Errorf("%v, want %v", got, want)
				}
				if d := distance(t, img.Pixels, scene(img.Pixels.Width, img.Pixels.Height)); d > 2.5 {
					t.Errorf("off by %.1f grey levels", d)
				}
			})
		}
	}
}

func TestHalvings(t *testing.T) {
	for _, c := range []struct{ w, h, wide, high, want int }{
		{256, 256, 256, 256, 0}, {511, 511, 256, 256, 1}, {510, 511, 256, 256, 0},
		{4000, 3000, 256, 192, 3}, {4096, 3072, 256, 192, 4}, {1, 1, 1, 1, 16},
		{3000, 1, 256, 8, 0}, {8, 8, 16, 16, 0},
	} {
		if got := halvings(c.w, c.h, c.wide, c.high); got != c.want {
			t.Errorf("%d×%d for %d×%d: %d, want %d", c.w, c.h, c.wide, c.high, got, c.want)
		}
	}
}

func TestDecodeErrorsHoldNoTextOfLibvips(t *testing.T) {
	f := opened(t, pngOf(t, goImage(scene(20, 20))))
	f.Data = append([]byte{}, f.Data[:8]...)
	_, err := Decode(nil)(context.Background(), f)
	if err == nil || err.Error() != "cannot be decoded: corrupt, or a variant that libvips cannot read" {
		t.Errorf("%v", err)
	}
}

func TestShrinkingWeighsColourByAlpha(t *testing.T) {
	p := Pixels{Width: 3, Height: 2, Bands: 4, Data: []byte{
		200, 100, 50, 255, 0, 0, 0, 0, 7, 8, 9, 0,
		200, 100, 50, 255, 0, 0, 0, 0, 9, 8, 7, 0,
	}}
	want := []byte{200, 100, 50, 128, 0, 0, 0, 0}
	var got Pixels
	err := withPictures(func(s *scope) (err error) {
		q := s.of(p)
		q.shrink(2)
		got, err = q.pixels()
		return err
	})
	if err != nil || got.Width != 2 || got.Height != 1 || string(got.Data) != string(want) {
		t.Errorf("%d×%d %v, want %v: %v", got.Width, got.Height, got.Data, want, err)
	}
}

// What DecodeOnce keeps is what Encode would read from the file.
func TestKeptPixelsAreThoseOfTheFile(t *testing.T) {
	photo := scene(300, 200)
	transparent := photo.Join(bytes.Repeat([]byte{255, 7, 0, 128}, 300*200/4))
	plain := jpegOf(t, photo)
	for name, file := range map[string][]byte{
		"jpeg": plain, "png": pngOf(t, goImage(photo)), "alpha": pngOf(t, goImage(transparent)),
		"dots":    withChunk(pngOf(t, goImage(photo)), "pHYs", []byte{0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1}), // 300 per inch
		"turned":  withSegment(plain, 0xe1, append([]byte("Exif\x00\x00"), exif(6, nil)...)),
		"profile": withProfile(plain, wideProfile()),
		"deep":    tiffOf(300, 200, 16, 3, 2, make([]byte, 6*300*200)),
	} {
		t.Run(name, func(t *testing.T) {
			shape := func(w, h int) (int, int) { return w / 4, h / 4 }
			f := opened(t, file)
			again, err := Decode(shape)(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			once, err := DecodeOnce(shape)(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if kept := once.original.pixels.Data != nil; kept != (name != "deep") || again.original.pixels.Data != nil {
				t.Errorf("kept: %t", kept)
			}
			if once.Pixels.Width != again.Pixels.Width || distance(t, once.Pixels, again.Pixels) > 3 {
				t.Errorf("the network sees another image: %d×%d", once.Pixels.Width, once.Pixels.Height)
			}
			if name == "dots" && once.original.resolution.x != 11.811 {
				t.Errorf("resolution %v", once.original.resolution)
			}
			for _, own := range []bool{false, true} {
				if !bytes.Equal(wholeOf(t, once, own), wholeOf(t, again, own)) {
					t.Errorf("own colours %t: other pixels", own)
				}
			}
		})
	}
}

// wholeOf returns the pixels of a photograph as Encode sees them.
func wholeOf(t *testing.T, img Image, own bool) []byte {
	t.Helper()
	var pixels Pixels
	err := withPictures(func(s *scope) (err error) {
		pixels, err = img.original.whole(s, img.Width, img.Height, false, own).pixels()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pixels.Data
}
