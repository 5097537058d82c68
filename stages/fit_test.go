package stages

import (
	"bytes"
	"context"
	"testing"
)

func TestCropTakesTheMiddleAndPadAllOfIt(t *testing.T) {
	wide := func(int, int) (int, int) { return 16, 8 }
	for _, c := range []struct {
		mode          string
		width, height int
		crop, inner   rectangle
	}{
		{"stretch", 40, 40, rectangle{}, rectangle{}},
		{"crop", 40, 40, rectangle{0, 10, 40, 20}, rectangle{}},
		{"crop", 100, 20, rectangle{30, 0, 40, 20}, rectangle{}},
		{"crop", 32, 16, rectangle{0, 0, 32, 16}, rectangle{}},
		{"crop", 1, 1, rectangle{0, 0, 1, 1}, rectangle{}},
		{"pad", 40, 40, rectangle{}, rectangle{4, 0, 8, 8}},
		{"pad", 100, 20, rectangle{}, rectangle{0, 2, 16, 3}},
		{"pad", 32, 16, rectangle{}, rectangle{}},
		{"pad", 1, 1000, rectangle{}, rectangle{7, 0, 1, 8}},
	} {
		img := Image{Width: c.width, Height: c.height, Pixels: scene(c.width, c.height)}
		got, err := Resize(Fit{Shape: wide, Mode: c.mode})(context.Background(), img)
		if err != nil || got.Pixels.Width != 16 || got.Pixels.Height != 8 || got.crop != c.crop || got.inner != c.inner {
			t.Errorf("%s of %d×%d: crop %v, inner %v, %v", c.mode, c.width, c.height, got.crop, got.inner, err)
		}
		if c.mode == "crop" && (got.Width != c.crop.width || got.Height != c.crop.height) {
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
