package stages

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// blur is a network with a receptive field of 5×5. Beyond the edges it sees black.
type blur struct{ calls *int }

func (b blur) Run(_ context.Context, in Batch) ([]Batch, error) {
	*b.calls++
	out := in
	out.Pixels = make([]byte, len(in.Pixels))
	for i := range in.N {
		from, to := in.Pixels[i*3*in.Width*in.Height:], out.Pixels[i*3*in.Width*in.Height:]
		for y := range in.Height {
			for x := range 3 * in.Width {
				sum := 0
				for v := max(y-2, 0); v <= min(y+2, in.Height-1); v++ {
					for u := max(x-6, x%3); u <= min(x+6, 3*in.Width-1); u += 3 {
						sum += int(from[v*3*in.Width+u])
					}
				}
				to[y*3*in.Width+x] = byte(sum / 25)
			}
		}
	}
	return []Batch{out, in}, nil
}

func TestTilesLeaveNoSeam(t *testing.T) {
	calls := 0
	network := blur{&calls}
	n, err := Tiled(network, 32, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range [][2]int{{32, 32}, {33, 32}, {45, 70}, {131, 97}, {200, 32}} {
		p, q := textured(size[0], size[1], 3, 1), textured(size[0], size[1], 3, 2)
		in := batchOf([]Pixels{p, q})
		in.From = []string{"a", "b"}
		want, _ := network.Run(t.Context(), in)
		calls = 0
		got, err := n.Run(t.Context(), in)
		if err != nil || len(got) != 2 || calls < 2 {
			t.Fatal(size, got, calls, err)
		}
		for k := range got {
			if got[k].N != 2 || got[k].Width != size[0] || got[k].Height != size[1] || !slices.Equal(got[k].Pixels, want[k].Pixels) {
				t.Errorf("%v, result %d: %d of %d×%d, not as without tiles", size, k, got[k].N, got[k].Width, got[k].Height)
			}
		}
	}
	// An image smaller than a tile is padded with its edges, and the padding is cut off again.
	small := textured(7, 40, 3, 3)
	got, err := n.Run(t.Context(), batchOf([]Pixels{small}))
	if err != nil || got[0].Width != 7 || got[0].Height != 40 || !slices.Equal(got[1].Pixels, small.Data) {
		t.Errorf("%d×%d, %v", got[0].Width, got[0].Height, err)
	}
}

func TestTilesThatAreAllOverlapAreRefused(t *testing.T) {
	for _, c := range []struct{ side, halo int }{{64, 24}, {64, 1000}, {16, 0}, {64, -1}} {
		if _, err := Tiled(blur{}, c.side, c.halo); err == nil || !strings.Contains(err.Error(), "too small") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
