package stages

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"gtx/stages/raster"
)

func TestResizeGivesTheExactShape(t *testing.T) {
	for _, c := range []struct{ w, h, wide, high int }{
		{1, 1, 256, 256}, {1, 3000, 64, 256}, {3000, 1, 256, 64}, {3000, 1, 256, 256},
		{2, 2, 1, 1}, {1000, 700, 256, 184}, {1001, 701, 256, 184}, {255, 257, 256, 256},
		{256, 255, 256, 256}, {500, 100, 100, 500}, {100, 500, 500, 100}, {777, 333, 776, 332},
		{513, 511, 256, 256}, {4000, 3, 31, 2},
	} {
		for bands := 3; bands <= 4; bands++ {
			t.Run(fmt.Sprintf("%dx%dx%d to %dx%d", c.w, c.h, bands, c.wide, c.high), func(t *testing.T) {
				p := scene(c.w, c.h)
				if bands == 4 {
					p = p.Join(make([]byte, c.w*c.h))
				}
				img, err := Resize(Fit{Shape: func(int, int) (int, int) { return c.wide, c.high }})(context.Background(), Image{Pixels: p})
				if err != nil {
					t.Fatal(err)
				}
				if q := img.Pixels; q.Width != c.wide || q.Height != c.high || q.Bands != 3 || len(q.Data) != 3*c.wide*c.high {
					t.Errorf("%d×%d×%d in %d bytes", q.Width, q.Height, q.Bands, len(q.Data))
				}
				if bands == 4 && len(img.Alpha) != c.wide*c.high {
					t.Errorf("%d bytes of alpha", len(img.Alpha))
				}
			})
		}
	}
}

// A smooth scene is the same at any size, and of any aspect.
func TestResizeKeepsTheScene(t *testing.T) {
	for _, c := range []struct{ w, h, wide, high int }{
		{1000, 700, 256, 184}, {256, 184, 1000, 700}, {500, 100, 100, 500}, {2048, 64, 64, 64},
		{64, 2048, 64, 64}, {300, 300, 300, 75}, {777, 333, 200, 333},
	} {
		t.Run(fmt.Sprintf("%dx%d to %dx%d", c.w, c.h, c.wide, c.high), func(t *testing.T) {
			p, err := resized(scene(c.w, c.h), c.wide, c.high)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(t, p, scene(c.wide, c.high)); d > 1.5 {
				t.Errorf("off by %.2f grey levels", d)
			}
		})
	}
}

func TestResizeAveragesWhatItShrinksAndKeepsWhatItDoesNot(t *testing.T) {
	p, err := resized(stripes(600, 100, false), 100, 150) // across the columns: grey
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range p.Data {
		if x := i / 3 % 100; x > 1 && x < 98 && (v < 110 || v > 145) {
			t.Fatalf("aliased: %d at column %d", v, x)
		}
	}
	p, err = resized(stripes(600, 100, true), 100, 100) // along the rows: as sharp as they were
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(t, p, stripes(100, 100, true)); d > 2 {
		t.Errorf("blurred by %.1f grey levels", d)
	}
}

func TestResizeToTheSameSizeReturnsTheVeryPixels(t *testing.T) {
	p := scene(64, 48)
	q, err := resized(p, 64, 48)
	if err != nil || &q.Data[0] != &p.Data[0] {
		t.Errorf("copied, or %v", err)
	}
}

// Half of the image is red, half is black and transparent. At the border between them
// the red may fade but must not darken.
func TestColourUnderFullTransparencyDoesNotReachTheEdge(t *testing.T) {
	const w, h = 400, 300
	p := Pixels{Width: w, Height: h, Bands: 4, Data: make([]byte, 4*w*h)}
	for i := range w * h {
		if i%w < 203 {
			copy(p.Data[4*i:], []byte{200, 0, 0, 255})
		}
	}
	img, err := Resize(Fit{Shape: square(64)})(context.Background(), Image{Pixels: p})
	if err != nil {
		t.Fatal(err)
	}
	for x := range 64 {
		red, alpha := img.Pixels.At(x, 32)[0], img.Alpha[32*64+x]
		if alpha > 8 && (red < 190 || red > 210) {
			t.Errorf("column %d: red %d under alpha %d", x, red, alpha)
		}
	}
}

func TestCropTakesTheMiddleAndPadAllOfIt(t *testing.T) {
	var whole raster.Rectangle
	rect := func(x, y, w, h int) raster.Rectangle { return raster.Rectangle{X: x, Y: y, Width: w, Height: h} }
	wide := func(int, int) (int, int) { return 16, 8 }
	for _, c := range []struct {
		mode          FitMode
		width, height int
		crop, inner   raster.Rectangle
	}{
		{"stretch", 40, 40, whole, whole},
		{"crop", 40, 40, rect(0, 10, 40, 20), whole},
		{"crop", 100, 20, rect(30, 0, 40, 20), whole},
		{"crop", 32, 16, rect(0, 0, 32, 16), whole},
		{"crop", 1, 1, rect(0, 0, 1, 1), whole},
		{"pad", 40, 40, whole, rect(4, 0, 8, 8)},
		{"pad", 100, 20, whole, rect(0, 2, 16, 3)},
		{"pad", 32, 16, whole, whole},
		{"pad", 1, 1000, whole, rect(7, 0, 1, 8)},
	} {
		img := Image{Width: c.width, Height: c.height, Pixels: scene(c.width, c.height)}
		got, err := Resize(Fit{Shape: wide, Mode: c.mode})(context.Background(), img)
		if err != nil || got.Pixels.Width != 16 || got.Pixels.Height != 8 || got.original.crop != c.crop || got.inner != c.inner {
			t.Errorf("%s of %d×%d: crop %v, inner %v, %v", c.mode, c.width, c.height, got.original.crop, got.inner, err)
		}
		if c.mode == "crop" && (got.Width != c.crop.Width || got.Height != c.crop.Height) {
			t.Errorf("crop of %d×%d counts as %d×%d", c.width, c.height, got.Width, got.Height)
		}
	}
}

func TestPaddingIsTakenAwayAgain(t *testing.T) {
	in := Image{Width: 10, Height: 30, Pixels: scene(10, 30)}
	fitted, err := Resize(Fit{Shape: square(30), Mode: "pad"})(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for y := range 30 {
		line := fitted.Pixels.Data[y*90:][:90]
		if !bytes.Equal(line[:3], line[30:33]) || !bytes.Equal(line[87:], line[57:60]) {
			t.Fatalf("line %d: the edges are not repeated", y)
		}
	}
	out, err := Translate(&inverter{})(context.Background(), []Labelled{{Image: fitted}})
	if err != nil || out[0].Result.Width != 10 || !bytes.Equal(out[0].Pixels.Data, in.Pixels.Data) {
		t.Fatalf("%d×%d, %v", out[0].Result.Width, out[0].Result.Height, err)
	}
	for i, v := range out[0].Result.Data {
		if v != 255-in.Pixels.Data[i] {
			t.Fatalf("byte %d: %d of %d", i, v, in.Pixels.Data[i])
		}
	}
}

func TestNearestMakesNoNewLevels(t *testing.T) {
	classes := Pixels{Width: 64, Height: 64, Bands: 3}
	for i := range 64 * 64 {
		level := byte(i/640) * 7
		classes.Data = append(classes.Data, level, level, level)
	}
	for _, side := range []int{10, 64, 90} {
		fit := Fit{Shape: square(side), Filter: "nearest"}
		if fit.Decoding() != nil {
			t.Fatal("decoding may mix the samples")
		}
		got, err := Resize(fit)(context.Background(), Image{Width: 64, Height: 64, Pixels: classes})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range got.Pixels.Data {
			if v%7 != 0 || v > 42 {
				t.Fatalf("at %d a level %d appears", side, v)
			}
		}
	}
}

func TestACropIsDecodedLargeEnough(t *testing.T) {
	fit := Fit{Shape: square(256), Mode: "crop"}
	if w, h := fit.Decoding()(4000, 1000); w != 1024 || h != 256 {
		t.Errorf("%d×%d", w, h)
	}
}
