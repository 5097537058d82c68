package manifest

import "testing"

func TestShapeKeepsTheAspectWithinTheBounds(t *testing.T) {
	seasons := Size{Mode: "multiple", H: 256, W: 256, MultipleOf: 8, Min: 64, Max: 512}
	free := Size{Mode: "any", H: 512, W: 512, MultipleOf: 1}
	for _, c := range []struct {
		name          string
		size          Size
		w, h, side    int // side: of a square of as many pixels
		width, height int
	}{
		{"square", seasons, 256, 256, 256, 256, 256},
		{"4:3", seasons, 4000, 3000, 256, 296, 224},
		{"3:4", seasons, 3000, 4000, 256, 224, 296},
		{"3:2", seasons, 6000, 4000, 256, 312, 208},
		{"16:9", seasons, 1920, 1080, 256, 344, 192},
		{"near 4:3", seasons, 4032, 3024, 256, 296, 224},
		{"cropped 4:3", seasons, 4001, 2990, 256, 296, 224},
		{"small is enlarged", seasons, 40, 30, 256, 296, 224},
		{"4:1", seasons, 4000, 1000, 256, 512, 128},
		{"very tall", seasons, 1, 10000, 256, 64, 512},
		{"very wide", seasons, 200000000, 1, 256, 512, 64},
		{"one pixel", seasons, 1, 1, 256, 256, 256},
		{"larger on demand", seasons, 4000, 3000, 400, 464, 344},
		{"beyond the maximum", seasons, 4000, 3000, 4000, 512, 384},
		{"below the minimum", seasons, 4000, 3000, 1, 64, 64},
		{"no multiple", seasons, 4000, 3000, 259, 296, 224},
		{"bounds that are no multiples", Size{Mode: "multiple", H: 64, W: 64, MultipleOf: 16, Min: 40, Max: 100}, 1, 100, 500, 48, 96},
		{"any", free, 3000, 2000, 512, 627, 418},
		{"any, unbounded", free, 3000, 2000, 3000, 3675, 2449},
		{"any, very wide", free, 100000, 1, 512, 2048, 1},
		{"fixed", Size{Mode: "fixed", H: 48, W: 64}, 4000, 3000, 999, 64, 48},
	} {
		width, height := c.size.ShapeFor(c.w, c.h, c.side*c.side)
		if width != c.width || height != c.height {
			t.Errorf("%s: %d×%d, want %d×%d", c.name, width, height, c.width, c.height)
		}
		if !c.size.Allows(width, height) {
			t.Errorf("%s: %d×%d is not admissible", c.name, width, height)
		}
	}
	if w, h := (Size{Mode: "multiple", H: 128, W: 512, MultipleOf: 8}).Shape(4000, 3000); w != 296 || h != 224 {
		t.Errorf("Shape is %d×%d, want as many pixels as 512×128: 296×224", w, h)
	}
	if w, h := (Size{Mode: "multiple", MultipleOf: 8}).Shape(9001, 110); w != 9000 || h != 112 {
		t.Errorf("Shape is %d×%d, want the image's own, 9000×112", w, h)
	}
}

func TestShapesAreFewAndAdmissible(t *testing.T) {
	seasons := Size{Mode: "multiple", H: 256, W: 256, MultipleOf: 8, Min: 64, Max: 512}
	shapes := map[[2]int]bool{}
	for w := 1; w < 3000; w += 7 {
		for h := 1; h < 3000; h += 11 {
			width, height := seasons.Shape(w, h)
			if !seasons.Allows(width, height) {
				t.Fatalf("%d×%d became %d×%d", w, h, width, height)
			}
			shapes[[2]int{width, height}] = true
		}
	}
	if len(shapes) > 49 {
		t.Errorf("%d shapes; shorter sides from 64 to 256 in steps of 8 make 49", len(shapes))
	}
}
