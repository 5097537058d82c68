package stages

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
)

func thumbnailOf(t *testing.T, o ThumbnailOptions, path string) (Thumbnail, Pixels) {
	t.Helper()
	thumb, err := MakeThumbnail(o)(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(thumb.File))
	if err != nil || img.Bounds().Dx() != thumb.Width || img.Bounds().Dy() != thumb.Height {
		t.Fatalf("%v, %v", img, err)
	}
	p := Pixels{Width: thumb.Width, Height: thumb.Height, Bands: 3}
	for y := range p.Height {
		for x := range p.Width {
			r, g, b, _ := img.At(x, y).RGBA()
			p.Data = append(p.Data, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return thumb, p
}

func BenchmarkThumbnail(b *testing.B) {
	thumb := MakeThumbnail(ThumbnailOptions{Side: 208})
	for b.Loop() {
		if _, err := thumb(context.Background(), "/tmp/pg/photos/alps/2010-09-07_12_23_20.jpg"); err != nil {
			b.Fatal(err)
		}
	}
}

var _ = []any{errors.New, png.Decode, fs.ErrNotExist, math.Abs, os.Getpid, filepath.Join}
