package raster

import (
	"math"
	"testing"
)

func TestPSNRIsOverAllSamplesTogether(t *testing.T) {
	grey := func(side int, v byte) Pixels {
		p := Pixels{Width: side, Height: side, Bands: 3, Data: make([]byte, 3*side*side)}
		for i := range p.Data {
			p.Data[i] = v
		}
		return p
	}
	for _, c := range []struct {
		name string
		a, b []Pixels
		want float64
	}{
		{"equal", []Pixels{grey(4, 9)}, []Pixels{grey(4, 9)}, math.Inf(1)},
		{"black against white", []Pixels{grey(4, 0)}, []Pixels{grey(4, 255)}, 0},
		{"off by one", []Pixels{grey(4, 100)}, []Pixels{grey(4, 101)}, 20 * math.Log10(255)},
		// 4 pixels are off by 10 and 16 are equal: the mean square is 100·4/20 = 20.
		{"a small and a large pair", []Pixels{grey(2, 10), grey(4, 7)}, []Pixels{grey(2, 20), grey(4, 7)}, 10 * math.Log10(255*255/20.)},
	} {
		if got := PSNR(c.a, c.b); got != c.want && math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %g dB, not %g", c.name, got, c.want)
		}
	}
	if got := PSNR(nil, nil); !math.IsNaN(got) {
		t.Errorf("nothing: %g dB", got)
	}
}
