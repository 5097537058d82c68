package container

import (
	"bytes"
	"compress/lzw"
	"image"
	"math/rand/v2"
	"slices"
	"testing"
)

// gifOfCode is a GIF of 10×4 pixels with two colours and the given code.
func gifOfCode(code []byte) []byte {
	out := append([]byte("GIF89a\x0a\x00\x04\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xfe\x02hi\x00,\x00\x00\x00\x00\x0a\x00\x04\x00\x00\x02"), byte(len(code)))
	return append(append(out, code...), "\x00;"...)
}

func lzwOf(t testing.TB, pixels int) []byte {
	var b bytes.Buffer
	w := lzw.NewWriter(&b, lzw.LSB, 2)
	if _, err := w.Write(bytes.Repeat([]byte{0, 1, 1}, 100)[:pixels]); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBrokenPixelsOfAGIFAreFound(t *testing.T) {
	for name, file := range map[string][]byte{
		"whole": gifOfCode(lzwOf(t, 40)), "too many pixels": gifOfCode(lzwOf(t, 60)), "large": gifOf(t, 1),
	} {
		if GIFIsDamaged(file) {
			t.Errorf("%s: damaged", name)
		}
	}
	for name, file := range map[string][]byte{
		"too few pixels": gifOfCode(lzwOf(t, 39)), "an unknown code": gifOfCode([]byte{0x3c, 0xff, 0xff}), "no pixels": gifOfCode(nil),
		"cut": gifOfCode(lzwOf(t, 40))[:40], "no image": []byte("GIF89a"), "codes of 12 bits": bytes.Replace(gifOfCode(lzwOf(t, 40)), []byte("\x04\x00\x00\x02"), []byte("\x04\x00\x00\x0c"), 1),
	} {
		if !GIFIsDamaged(file) {
			t.Errorf("%s: whole", name)
		}
	}
}

func TestMostFlippedBitsOfAGIFAreFound(t *testing.T) {
	file, rng, found := gifOf(t, 1), rand.New(rand.NewPCG(1, 2)), 0
	_, begin, _ := gifFrame(file)
	for range 100 {
		damaged := bytes.Clone(file)
		for range 3 {
			damaged[begin+2+rng.IntN(len(file)-begin-4)] ^= 1 << rng.IntN(8)
		}
		if _, err := Parse(damaged); err != nil || GIFIsDamaged(damaged) {
			found++
		}
	}
	if found < 70 {
		t.Errorf("%d of 100", found)
	}
}

func TestWrongChecksumOfAPNGIsFound(t *testing.T) {
	for name, img := range map[string]image.Image{"RGBA": scene(90, 70), "grey": image.NewGray(image.Rect(0, 0, 9, 9)), "deep": image.NewNRGBA64(image.Rect(0, 0, 33, 5))} {
		plain := pngOf(t, img)
		var parts []byte
		for _, flip := range []byte{0, 1} { // in several chunks, with a right and a wrong checksum
			parts = bytes.Clone(plain[:len(pngSignature)+25])
			for _, c := range pngChunks(plain) {
				if c.kind == "IDAT" {
					body := bytes.Clone(c.body)
					body[len(body)-1] ^= flip
					parts = append(append(parts, pngChunk("IDAT", body[:10])...), pngChunk("IDAT", body[10:])...)
				}
			}
			parts = append(parts, pngChunk("IEND", nil)...)
			if got := PNGIsDamaged(parts); got != (flip == 1) {
				t.Errorf("%s, %d: %v", name, flip, got)
			}
		}
	}
	if PNGIsDamaged(committed(t, "interlaced.png")) {
		t.Error("an interlaced PNG is damaged")
	}
}

func FuzzPNG(f *testing.F) {
	f.Add(pngOf(f, scene(9, 7)))
	f.Fuzz(func(_ *testing.T, file []byte) {
		if h, err := Parse(file); err == nil && h.Format == PNG && h.Width*h.Height < 1<<20 {
			PNGIsDamaged(file)
		}
	})
}

func FuzzGIF(f *testing.F) {
	f.Add(gifOf(f, 1))
	f.Add(gifOfCode(lzwOf(f, 40)))
	f.Add(slices.Concat([]byte("GIF89a"), make([]byte, 7), []byte("!\x00")))
	f.Fuzz(func(_ *testing.T, file []byte) {
		if h, err := parseGIF(file); err == nil && h.Width*h.Height < 1<<20 {
			GIFIsDamaged(file)
		}
	})
}
