package manifest

import "testing"

func TestShapeKeepsTheAspectWithinTheBounds(t *testing.T) {
	seasons := Size{Mode: "multiple", H: 256, W: 256, MultipleOf: 8, Min: 64, Max: 512}
	free := Size{Mode: "any", H: 512, W: 512, MultipleOf: 1}
	for _, c := range []struct {
		name          string
		size          Size
		w, h, nominal int
		width, height int
	}{
		{"nominal", seasons, 256, 256, 256, 256, 256},
		{"4:3", seasons, 4000, 3000, 256, 256, 192},
		{"3:4", seasons, 3000, 4000, 256, 192, 256},
		{"3:2", seasons, 6000, 4000, 256, 256, 168},
		{"16:9", seasons, 1920, 1080, 256, 256, 144},
		{"near 4:3", seasons, 4032, 3024, 256, 256, 192},
		{"cropped 4:3", seasons, 4001, 2990, 256, 256, 192},
		{"small is enlarged", seasons, 40, 30, 256, 256, 192},
		{"very tall", seasons, 1, 10000, 256, 64, 256},
		{"very wide", seasons, 200000000, 1, 256, 256, 64},
		{"one pixel", seasons, 1, 1, 256, 256, 256},
		{"larger on demand", seasons, 4000, 3000, 512, 512, 384},
		{"beyond the maximum", seasons, 4000, 3000, 4000, 512, 384},
		{"below the minimum", seasons, 4000, 3000, 1, 64, 64},
		{"no multiple", seasons, 4000, 3000, 300, 304, 232},
		{"bounds that are no multiples", Size{Mode: "multiple", H: 64, W: 64, MultipleOf: 16, Min: 40, Max: 100}, 1, 100, 500, 48, 96},
		{"any", free, 3000, 2000, 512, 512, 341},
		{"any, unbounded", free, 3000, 2000, 3000, 3000, 2000},
		{"any, very wide", free, 100000, 1, 512, 512, 1},
		{"fixed", Size{Mode: "fixed", H: 48, W: 64}, 4000, 3000, 999, 64, 48},
	} {
		width, height := c.size.ShapeFor(c.w, c.h, c.nominal)
		if width != c.width || height != c.height {
			t.Errorf("%s: %d×%d, want %d×%d", c.name, width, height, c.width, c.height)
		}
		if !c.size.Allows(width, height) {
			t.Errorf("%s: %d×%d is not admissible", c.name, width, height)
		}
	}
	if w, h := (Size{Mode: "multiple", H: 128, W: 256, MultipleOf: 8}).Shape(4000, 3000); w != 256 || h != 192 {
		t.Errorf("Shape is %d×%d, want the longer nominal side, 256×192", w, h)
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
		t.Errorf("%d shapes; steps of 8 from 64 to 256 make 49", len(shapes))
	}
}
