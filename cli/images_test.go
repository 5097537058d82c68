package cli_test

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"slices"
	"strings"

	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// writePhoto makes a scene with a sky, a ridge and a meadow: mean grey near 110,
// no sample below 20 or above 200, so that a shift by 40 clips nothing.
func writePhoto(path string, w, h, seed int) error {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			ridge := 0.45 + 0.1*math.Sin(5*u+float64(seed)) + 0.04*math.Sin(17*u*float64(seed%7+1))
			grain := 12 * math.Sin(float64(x*y%97)+float64(seed))
			c := color.RGBA{uint8(70 + grain), uint8(120 + 40*v + grain), uint8(60 + grain), 255}
			if v < ridge {
				c = color.RGBA{uint8(90 + 60*v), uint8(120 + 50*v), 190, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return writeImage(path, img)
}

// writeBands makes upright bands of equal width, of one colour each.
func writeBands(path string, w, h int, bands [][]int) error {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := bands[x*len(bands)/w]
			img.SetRGBA(x, y, color.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
		}
	}
	return writeImage(path, img)
}

// writeImage writes a PNG if the name ends in .png, and otherwise a JPEG.
func writeImage(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if strings.HasSuffix(path, ".png") {
		return png.Encode(f, img)
	}
	return jpeg.Encode(f, img, &jpeg.Options{Quality: 92})
}

// exifOf returns a big-endian Exif block with an artist and, in the GPS directory, a map datum.
func exifOf(artist, place string) []byte {
	const (
		tagArtist, tagGPS, tagMapDatum = 0x013b, 0x8825, 0x0012
		ascii, long                    = 2, 4
	)
	order := binary.BigEndian
	artist, place = artist+"\x00", place+"\x00"
	entry := func(b []byte, tag, kind uint16, count int, value uint32) []byte {
		b = order.AppendUint16(order.AppendUint16(b, tag), kind)
		return order.AppendUint32(order.AppendUint32(b, uint32(count)), value)
	}
	const second = 8 + 2 + 2*12 + 4 // offset of the second directory
	const values = second + 2 + 12 + 4
	b := []byte("MM\x00*\x00\x00\x00\x08")
	b = order.AppendUint16(b, 2)
	b = entry(b, tagArtist, ascii, len(artist), values)
	b = entry(b, tagGPS, long, 1, second)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, 1)
	b = entry(b, tagMapDatum, ascii, len(place), values+uint32(len(artist)))
	b = order.AppendUint32(b, 0)
	return append(b, artist+place...)
}

// withExif puts an Exif block after the first marker of a JPEG.
func withExif(jpeg, exif []byte) []byte {
	body := append([]byte("Exif\x00\x00"), exif...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+len(body)))
	return slices.Concat(jpeg[:2], segment, body, jpeg[2:])
}

func decode(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	return img, err
}

// difference is the largest difference between two samples. Both images must have the same size.
func difference(one, two string) (int, error) {
	a, err := decode(one)
	if err != nil {
		return 0, err
	}
	b, err := decode(two)
	if err != nil {
		return 0, err
	}
	if a.Bounds() != b.Bounds() {
		return 0, fmt.Errorf("%v and %v", a.Bounds(), b.Bounds())
	}
	most := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(ar) - int(br), int(ag) - int(bg), int(ab) - int(bb)} {
				most = max(most, d/257, -d/257)
			}
		}
	}
	return most, nil
}

func meanOf(path string) (float64, error) {
	img, err := decode(path)
	if err != nil {
		return 0, err
	}
	sum, b := 0.0, img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			sum += float64(r+g+bl) / 3 / 257
		}
	}
	return sum / float64(b.Dx()*b.Dy()), nil
}
