package stages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gtx/stages/container"
	"gtx/stages/raster"
)

// inFile writes a file to a folder of the test.
func inFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestThumbnailShowsTheWholeImageUpright(t *testing.T) {
	wide := scene(400, 200)
	turned := withSegment(jpegOf(t, wide), 0xe1, append([]byte("Exif\x00\x00"), exif(6, nil)...)) // 90 degrees clockwise
	for name, c := range map[string]struct {
		file                []byte
		side, width, height int
	}{
		"smaller":        {saved(t, wide, ".png"), 100, 100, 50},
		"hardly":         {saved(t, wide, ".png"), 399, 399, 200},
		"not larger":     {saved(t, wide, ".png"), 1000, 400, 200},
		"lies down":      {turned, 100, 50, 100},
		"a line":         {saved(t, scene(400, 1), ".png"), 100, 100, 1},
		"webp, as it is": {saved(t, wide, ".webp[lossless]"), 100, 100, 50},
	} {
		thumb, err := MakeThumbnail(ThumbnailOptions{Side: c.side})(context.Background(), inFile(t, "image", c.file))
		if err != nil || thumb.Width != c.width || thumb.Height != c.height {
			t.Errorf("%s: %d×%d, %v", name, thumb.Width, thumb.Height, err)
			continue
		}
		got := decoded(t, thumb.File, nil)
		want, err := resized(decoded(t, c.file, nil).Pixels, c.width, c.height)
		if err != nil {
			t.Fatal(err)
		}
		if d := raster.PSNR([]Pixels{want}, []Pixels{got.Pixels}); d < 26 {
			t.Errorf("%s: %.1f dB", name, d)
		}
	}
}

func TestThumbnailOfATransparentImageLiesOnWhite(t *testing.T) {
	p := Pixels{Width: 32, Height: 32, Bands: 4, Data: make([]byte, 32*32*4)}
	for i := range 32 * 32 {
		p.Data[4*i+3] = byte(i / 32 / 16 * 128) // black above with alpha 0, below with alpha 128
	}
	thumb, err := MakeThumbnail(ThumbnailOptions{Side: 32})(context.Background(), inFile(t, "p.png", saved(t, p, ".png")))
	if err != nil {
		t.Fatal(err)
	}
	got := decoded(t, thumb.File, nil).Pixels.Data
	if top, bottom := got[3*32*4], got[3*32*28]; top < 250 || bottom < 120 || bottom > 134 {
		t.Errorf("%d above, %d below", top, bottom)
	}
}

func TestThumbnailWithANoteIsGtxsOwn(t *testing.T) {
	path := inFile(t, "p.jpg", jpegOf(t, scene(64, 64)))
	for _, note := range []bool{false, true} {
		thumb, err := MakeThumbnail(ThumbnailOptions{Side: 32, Note: note})(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		if own := container.ReadIdentity(thumb.File) != ""; own != note {
			t.Errorf("note %v: it is %v that gtx made it", note, own)
		}
	}
}

func TestThumbnailOfWhatIsNoImageFails(t *testing.T) {
	make := MakeThumbnail(ThumbnailOptions{Side: 32, Open: OpenOptions{MaxPixels: 1000}})
	if _, err := make(context.Background(), filepath.Join(t.TempDir(), "gone.jpg")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := make(context.Background(), inFile(t, "large.jpg", jpegOf(t, scene(64, 64)))); !errors.Is(err, errTooLarge) {
		t.Error(err)
	}
}

func TestPatternIsShownWhereItIs(t *testing.T) {
	p := scene(320, 240)
	for y := 160; y < 240; y++ {
		for x := 200; x < 300; x++ {
			for k := range 3 {
				p.Data[(y*p.Width+x)*3+k] = byte(100 + 6*((x+y)%2))
			}
		}
	}
	path := inFile(t, "p.png", saved(t, p, ".png"))
	source := inFile(t, "source.png", saved(t, scene(320, 240), ".png"))
	shown, err := ShowPattern(OpenOptions{})(context.Background(), path, source)
	if err != nil {
		t.Fatal(err)
	}
	if shown.X < 176 || shown.Y < 132 || shown.Score.A2 < 2.5 {
		t.Errorf("at %d, %d: %+v", shown.X, shown.Y, shown.Score)
	}
	for name, file := range map[string][]byte{"result": shown.Result, "source": shown.Source, "residual": shown.Residual} {
		if img := decoded(t, file, nil); img.Width != PatternSide || img.Height != PatternSide {
			t.Errorf("%s: %d×%d", name, img.Width, img.Height)
		}
	}
	crop := decoded(t, shown.Result, nil).Pixels
	if want := p.Part(raster.Rectangle{X: shown.X, Y: shown.Y, Width: PatternSide, Height: PatternSide}); !equalPixels(crop, want) {
		t.Error("the crop is of another place")
	}
	// The residual of neighbours that differ by 6 is ±3, times the gain.
	residual := decoded(t, shown.Residual, nil).Pixels
	at := residual.Data[(PatternSide/2*PatternSide+PatternSide/2)*residual.Bands]
	if d := math.Abs(math.Abs(float64(at)-128) - 3*shown.Gain); d > 2 {
		t.Errorf("the residual is %d with a gain of %g", at, shown.Gain)
	}
	if without, err := ShowPattern(OpenOptions{})(context.Background(), path, ""); err != nil || without.Source != nil {
		t.Errorf("a source from nowhere, %v", err)
	}
	if _, err := ShowPattern(OpenOptions{})(context.Background(), inFile(t, "s.png", saved(t, scene(40, 60), ".png")), ""); !errors.Is(err, errNoPattern) {
		t.Error(err)
	}
}

func TestChangeIsTheMeanDifference(t *testing.T) {
	grey := func(width, height int, v func(i int) byte) Pixels {
		p := Pixels{Width: width, Height: height, Bands: 3, Data: make([]byte, width*height*3)}
		for i := range p.Data {
			p.Data[i] = v(i)
		}
		return p
	}
	flat := func(v byte) func(int) byte { return func(int) byte { return v } }
	for name, c := range map[string]struct {
		a, b Pixels
		want string
	}{
		"the same":     {grey(8, 8, flat(7)), grey(8, 8, flat(7)), "0.00"},
		"up and down":  {grey(8, 8, flat(100)), grey(8, 8, func(i int) byte { return byte(100 + 10*(i%2*2-1)) }), "10.00"},
		"all the way":  {grey(8, 8, flat(0)), grey(8, 8, flat(255)), "255.00"},
		"large":        {grey(2000, 1500, flat(1)), grey(2000, 1500, flat(4)), "3.00"},
		"another size": {grey(8, 8, flat(0)), grey(16, 16, flat(0)), ""},
	} {
		got := ""
		if d := raster.MeanDifference(c.a, c.b); d != nil {
			got = fmt.Sprintf("%.2f", *d)
		}
		if got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	in := Translated{Labelled: Labelled{Image: Image{Pixels: grey(8, 8, flat(10))}}, Result: grey(8, 8, flat(30))}
	for _, o := range []Checkerboard{CheckWarn, CheckOff} {
		if c, err := Check(o)(context.Background(), in); err != nil || c.Moved == nil || *c.Moved != 20 {
			t.Errorf("%s: %v, %v", o, c.Moved, err)
		}
	}
	in.Keep = true
	if c, err := Check(CheckWarn)(context.Background(), in); err != nil || c.Moved != nil {
		t.Errorf("a kept image: %v, %v", c.Moved, err)
	}
}

func equalPixels(a, b Pixels) bool {
	return a.Width == b.Width && a.Height == b.Height && string(a.Data) == string(b.Data)
}

func BenchmarkThumbnail(b *testing.B) {
	path := inFile(b, "p.jpg", jpegOf(b, scene(256, 256)))
	thumb := MakeThumbnail(ThumbnailOptions{Side: 208})
	for b.Loop() {
		if _, err := thumb(context.Background(), path); err != nil {
			b.Fatal(err)
		}
	}
}
