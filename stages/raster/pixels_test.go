package raster

import "testing"

func TestSplitAndJoinAreInverse(t *testing.T) {
	alpha := make([]byte, 16*9)
	for i := range alpha {
		alpha[i] = byte(i)
	}
	p := grainy(16, 1).Part(Rectangle{Width: 16, Height: 9})
	rgb, got := p.Join(alpha).Split()
	if string(rgb.Data) != string(p.Data) || string(got) != string(alpha) {
		t.Error("the round trip changed the image")
	}
	for i := range alpha {
		alpha[i] = 255
	}
	if _, got := p.Join(alpha).Split(); got != nil {
		t.Error("an opaque image has alpha")
	}
	if q := p.Join(nil); q.Bands != 3 || &q.Data[0] != &p.Data[0] {
		t.Error("joining nothing is not free")
	}
}

func TestShrunkPixelsAreMeans(t *testing.T) {
	for _, size := range [][3]int{{1, 1, 2}, {8, 8, 2}, {9, 7, 4}, {300, 17, 8}, {1000, 3, 256}} {
		p, factor := grainy(max(size[0], size[1]), 1).Part(Rectangle{Width: size[0], Height: size[1]}), size[2]
		got := p.Shrunk(factor)
		for y := range got.Height {
			for x := range got.Width {
				for band := range 3 {
					sum, n := 0, 0
					for v := y * factor; v < min((y+1)*factor, p.Height); v++ {
						for u := x * factor; u < min((x+1)*factor, p.Width); u++ {
							sum += int(p.Data[3*(v*p.Width+u)+band])
							n++
						}
					}
					if want := byte((sum + n/2) / n); got.Data[3*(y*got.Width+x)+band] != want {
						t.Fatalf("%v: %d,%d is %v, not %d", size, x, y, got.Data[3*(y*got.Width+x)+band], want)
					}
				}
			}
		}
	}
}
