package stages

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"testing"

	"github.com/h2non/bimg"
)

func whole(t testing.TB) map[string][]byte {
	t.Helper()
	p := scene(90, 70)
	noise := scene(40, 40)
	for i := range noise.Data {
		noise.Data[i] = byte(i * i * 7)
	}
	baseline := jpegOf(t, p)
	thumbnail := jpegOf(t, scene(16, 12))
	scan := bytes.Index(baseline, []byte{0xff, 0xda})
	restarts := append([]byte{}, baseline[:scan+100]...)
	restarts = append(append(restarts, 0xff, 0xd0), baseline[scan+100:]...)
	webp := vipsOf(t, p, bimg.Options{Type: bimg.WEBP})
	return map[string][]byte{
		"baseline JPEG":         baseline,
		"progressive JPEG":      vipsOf(t, p, bimg.Options{Type: bimg.JPEG, Interlace: true}),
		"JPEG with restarts":    restarts,
		"JPEG with a thumbnail": withSegment(baseline, 0xe1, append([]byte("Exif\x00\x00"), exif(1, thumbnail)...)),
		"JPEG with fill bytes":  append([]byte{0xff, 0xd8, 0xff, 0xff}, baseline[2:]...),
		"PNG":                   pngOf(t, goImage(p)),
		"interlaced PNG":        vipsOf(t, p, bimg.Options{Type: bimg.PNG, Interlace: true}),
		"PNG of noise":          pngOf(t, goImage(noise)),
		"GIF":                   gifOf(t, 1),
		"WebP":                  webp,
		"lossless WebP":         vipsOf(t, p, bimg.Options{Type: bimg.WEBP, Lossless: true}),
		"extended WebP":         extended(webp, 90, 70, 0x08, "EXIF", exif(1, nil)),
		"TIFF":                  tiffOf(90, 70, 8, 3, 2, p.Data),
		"TIFF of libvips":       vipsOf(t, p, bimg.Options{Type: bimg.TIFF}),
		"AVIF":                  vipsOf(t, p, bimg.Options{Type: bimg.AVIF}),
	}
}

func TestTruncatedFilesAreErrorsAndNotGreyImages(t *testing.T) {
	p := scene(300, 200)
	for name, file := range whole(t) {
		switch name {
		case "TIFF of libvips":
			file = vipsOf(t, p, bimg.Options{Type: bimg.TIFF})
		case "AVIF":
			file = vipsOf(t, p, bimg.Options{Type: bimg.AVIF})
		case "TIFF": // the directory first, as cameras and scanners write it
			file = directoryFirst(p)
			if d := distance(t, decoded(t, file, nil).Pixels, p); d != 0 {
				t.Fatalf("the whole is off by %.1f", d)
			}
		}
		for _, share := range []float64{0.2, 0.5, 0.8, 0.95, 0.999} {
			cut := file[:min(int(share*float64(len(file))), len(file)-2)] // a trailer's byte is no loss
			f, err := Open(OpenOptions{})(context.Background(), Source{Data: cut})
			if err == nil {
				_, err = Decode(nil)(context.Background(), f)
			}
			if err == nil {
				t.Errorf("%s: %.1f %% of it decode", name, 100*share)
			}
		}
	}
}

func directoryFirst(p Pixels) []byte {
	file := tiffOf(p.Width, p.Height, 8, 3, 2, p.Data)
	directory := file[8+len(p.Data):] // depths, then the directory
	shift := uint32(len(p.Data))
	out := append(append([]byte{}, file[:8]...), directory...)
	le := binary.LittleEndian
	at := le.Uint32(out[4:]) - shift
	le.PutUint32(out[4:], at)
	for i := range int(le.Uint16(out[at:])) {
		value := out[int(at)+2+12*i+8:]
		switch le.Uint16(out[int(at)+2+12*i:]) {
		case 258: // depths
			le.PutUint32(value, le.Uint32(value)-shift)
		case 273: // of the strips
			le.PutUint32(value, uint32(8+len(directory)))
		}
	}
	return append(out, p.Data...)
}

func TestBombsAreRefusedBeforeMemoryIsTaken(t *testing.T) {
	const million = 1_000_000
	png := pngOf(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	binary.BigEndian.PutUint32(png[16:], 2*million)
	binary.BigEndian.PutUint32(png[20:], 2*million)
	webp := extended(vipsOf(t, scene(8, 8), bimg.Options{Type: bimg.WEBP}), 60_000, 60_000, 0, "XMP ", nil)
	g := gifOf(t, 1)
	binary.LittleEndian.PutUint16(g[bytes.IndexByte(g[13:], ',')+13+5:], 65535)
	avif := vipsOf(t, scene(8, 8), bimg.Options{Type: bimg.AVIF})
	at := bytes.Index(avif, []byte("ispe"))
	binary.BigEndian.PutUint32(avif[at+8:], 2*million)
	binary.BigEndian.PutUint32(avif[at+12:], 2*million)
	jpeg := jpegOf(t, scene(8, 8))
	at = bytes.Index(jpeg, []byte{0xff, 0xc0})
	copy(jpeg[at+5:], []byte{0xff, 0xff, 0xff, 0xff})
	for name, file := range map[string][]byte{
		"PNG": png, "WebP": webp, "GIF": g, "AVIF": avif, "JPEG": jpeg,
		"TIFF": tiffOf(2*million, 2*million, 8, 1, 1, []byte{0}),
	} {
		_, err := Open(OpenOptions{MaxPixels: million})(context.Background(), Source{Data: file})
		if !errors.Is(err, errTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestImagesLargerThanTheirDataCanHoldAreTruncated(t *testing.T) {
	png := pngOf(t, image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black}))
	binary.BigEndian.PutUint32(png[16:], 9000)
	binary.BigEndian.PutUint32(png[20:], 9000)
	tiff := tiffOf(9000, 9000, 8, 3, 2, make([]byte, 100))
	for name, file := range map[string][]byte{"PNG": png, "TIFF": tiff} {
		f, err := Open(OpenOptions{})(context.Background(), Source{Data: file})
		if err == nil {
			_, err = Decode(nil)(context.Background(), f)
		}
		if err == nil {
			t.Errorf("%s: decodes", name)
		}
	}
}
