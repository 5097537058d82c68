package raster

import (
	"bytes"
	"testing"
)

func TestInteriorIsTheMiddleAndLargeEnoughToScore(t *testing.T) {
	for _, c := range []struct{ width, height, left, top int }{
		{256, 400, 64, 100}, // a quarter at each border
		{100, 80, 18, 8},    // less, so that 64 pixels are left
		{101, 64, 18, 0},    // an odd remainder stays inside
		{40, 30, 0, 0},      // too small to score anyway
	} {
		p := grainy(400, 1).Part(Rectangle{Width: c.width, Height: c.height})
		in := p.Interior()
		if in.Width != c.width-2*c.left || in.Height != c.height-2*c.top || in.Bands != p.Bands {
			t.Errorf("%d×%d: the interior is %d×%d", c.width, c.height, in.Width, in.Height)
			continue
		}
		if !bytes.Equal(in.At(0, 0), p.At(c.left, c.top)) || !bytes.Equal(in.At(in.Width-1, in.Height-1), p.At(c.width-c.left-1, c.height-c.top-1)) {
			t.Errorf("%d×%d: the interior does not begin at %d,%d", c.width, c.height, c.left, c.top)
		}
	}
}
