package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"math/rand/v2"
	"strings"
	"testing"
)

// whole returns complete files by what they are.
func whole(t testing.TB) map[string][]byte {
	t.Helper()
	noise := image.NewGray(image.Rect(0, 0, 40, 40))
	for i := range noise.Pix {
		noise.Pix[i] = byte(i * i * 7)
	}
	baseline := jpegOf(t, scene(90, 70))
	thumbnail := append(exifOf(binary.LittleEndian), jpegOf(t, scene(16, 12))...)
	scan := bytes.Index(baseline, []byte{0xff, 0xda})
	restarts := append([]byte{}, baseline[:scan+100]...)
	restarts = append(append(restarts, 0xff, 0xd0), baseline[scan+100:]...)
	strip := make([]byte, 90*70*3)
	return map[string][]byte{
		"baseline JPEG":         baseline,
		"progressive JPEG":      committed(t, "progressive.jpg"),
		"JPEG with restarts":    restarts,
		"JPEG with a thumbnail": withSegment(baseline, 0xe1, append([]byte("Exif\x00\x00"), thumbnail...)),
		"JPEG with fill bytes":  append([]byte{0xff, 0xd8, 0xff, 0xff}, baseline[2:]...),
		"PNG":                   pngOf(t, scene(90, 70)),
		"interlaced PNG":        committed(t, "interlaced.png"),
		"PNG of noise":          pngOf(t, noise),
		"GIF":                   gifOf(t, 1),
		"WebP":                  committed(t, "lossy.webp"),
		"lossless WebP":         committed(t, "lossless.webp"),
		"extended WebP":         webpOf(t, 0x08, "EXIF", exifOf(binary.BigEndian)),
		"TIFF":                  imageOf(binary.LittleEndian, 90, 70, strip),
		"big-endian TIFF":       imageOf(binary.BigEndian, 90, 70, strip),
		"TIFF of libvips":       committed(t, "libvips.tif"),
		"AVIF":                  committed(t, "still.avif"),
	}
}

func TestWholeFilesPassAndTruncatedOnesDoNot(t *testing.T) {
	for name, file := range whole(t) {
		t.Run(name, func(t *testing.T) {
			format := Sniff(file)
			h, err := Parse(file)
			if err != nil {
				t.Fatal(err)
			}
			if (h.Width != 90 || h.Height != 70) && (h.Width != 40 || h.Height != 40) {
				t.Errorf("%d×%d", h.Width, h.Height)
			}
			step := max(1, len(file)/1500)
			for n := len(file) - 1; n > 0; n -= step {
				if format == TIFF && n > len(file)-4 {
					continue // without the offset of a second image
				}
				if format == GIF && n == len(file)-1 {
					continue // without the trailer
				}
				if _, err := Parse(file[:n]); err == nil {
					t.Fatalf("passed with %d of %d bytes", n, len(file))
				}
			}
			// Whole files with something after them are common.
			garbage := append(bytes.Clone(file), "\x00\x00garbage\xff\xd9"...)
			if _, err := Parse(garbage); err != nil {
				t.Errorf("with garbage behind the end: %v", err)
			}
		})
	}
}

func TestAnimationsAreRefused(t *testing.T) {
	avis := committed(t, "still.avif")
	copy(avis[8:], "avis")
	for name, file := range map[string][]byte{
		"GIF":  gifOf(t, 3),
		"PNG":  withChunk(pngOf(t, scene(32, 32)), "acTL", make([]byte, 8)),
		"WebP": webpOf(t, 0x02, "ANIM", make([]byte, 6)),
		"AVIF": avis,
	} {
		if _, err := Parse(file); !errors.Is(err, ErrAnimated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestImagesOfNoSizeAreCorrupt(t *testing.T) {
	png := pngOf(t, scene(4, 4))
	binary.BigEndian.PutUint32(png[16:], 0)
	jpeg := jpegOf(t, scene(8, 8))
	copy(jpeg[bytes.Index(jpeg, []byte{0xff, 0xc0})+5:], []byte{0, 0})
	for name, file := range map[string][]byte{
		"PNG": png, "JPEG": jpeg, "TIFF": imageOf(binary.LittleEndian, 0, 4, []byte{1, 2, 3}),
		"JPEG without a scan": {0xff, 0xd8, 0xff, 0xd9},
	} {
		if _, err := Parse(file); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseSurvivesDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, file := range whole(t) {
		for range 300 {
			damaged := bytes.Clone(file)
			for range 1 + rng.IntN(8) {
				damaged[rng.IntN(min(len(damaged), 400))] = byte(rng.Uint32())
			}
			if h, err := Parse(damaged); err != nil && strings.Contains(err.Error(), "/") {
				t.Errorf("%s, %v: %v", name, h, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range whole(f) {
		f.Add(file)
		f.Add(file[:len(file)/2])
	}
	for _, head := range []string{"", "\xff\xd8\xff", "GIF89a", "II*\x00", "RIFF\x00\x00\x00\x00WEBP", "\x00\x00\x00\x10ftypavif", "\x89PNG\r\n\x1a\n"} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := Parse(data)
		if err == nil && (h.Width < 1 || h.Height < 1) {
			t.Errorf("%d×%d", h.Width, h.Height)
		}
	})
}
