package stages

import (
	"context"
	"fmt"

	"gtx/stages/raster"
)

// tileRamp is the number of pixels over which one tile fades into the next.
const tileRamp = 16

// Tiled returns a network for images of any size that calls n with overlapping
// squares of side pixels. It uses no result within halo pixels of the edge of a
// square, where n would need pixels beyond the edge. Over the next 16 pixels one
// square fades into the other, which hides seams. If a result of n depends only on
// pixels at most halo away, tiles make no difference at all, to the last bit.
func Tiled(n Network, side, halo int) (Network, error) {
	if side <= 2*halo+tileRamp || halo < 0 {
		return nil, fmt.Errorf("tiles of %d pixels are too small for an overlap of %d on each side", side, halo+tileRamp/2)
	}
	return tiled{n, side, halo}, nil
}

type tiled struct {
	Network
	side, halo int
}

// Run translates images of one size, one after the other.
func (t tiled) Run(ctx context.Context, in Batch) ([]Batch, error) {
	var out []Batch
	size := 3 * in.Width * in.Height
	for i := range in.N {
		p := Pixels{Width: in.Width, Height: in.Height, Bands: 3, Data: in.Pixels[i*size:][:size]}
		one := Batch{}
		if in.From != nil {
			one.From = in.From[i : i+1]
		}
		if in.Seeds != nil {
			one.Seeds = in.Seeds[i : i+1]
		}
		results, err := t.translate(ctx, p, one)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = make([]Batch, len(results))
		}
		for k, r := range results {
			b := &out[k]
			b.N, b.Width, b.Height, b.Pixels = b.N+1, r.Width, r.Height, append(b.Pixels, r.Data...)
		}
	}
	return out, nil
}

// translate translates one image. info has the image's domain and seed for the network.
func (t tiled) translate(ctx context.Context, p Pixels, info Batch) ([]Pixels, error) {
	all := raster.Rectangle{Width: p.Width, Height: p.Height}
	width, height := max(p.Width, t.side), max(p.Height, t.side)
	if width != p.Width || height != p.Height {
		p = p.Padded(all, width, height)
	}
	columns, lines := t.along(width), t.along(height)
	var results []mosaic
	for i, line := range lines {
		for _, column := range columns {
			tile := p.Part(raster.Rectangle{X: column.from, Y: line.from, Width: t.side, Height: t.side})
			info.N, info.Width, info.Height, info.Pixels = 1, t.side, t.side, tile.Data
			parts, err := t.Network.Run(ctx, info)
			if err != nil {
				return nil, err
			}
			for k, part := range parts {
				if part.Width != t.side || part.Height != t.side || len(part.Pixels) != len(tile.Data) {
					return nil, fmt.Errorf("the network gave %d×%d for a tile of %d×%d", part.Width, part.Height, t.side, t.side)
				}
				if k == len(results) {
					results = append(results, newMosaic(width, height, t.side))
				}
				results[k].add(part.Pixels, column, line)
			}
		}
		next := height
		if i+1 < len(lines) {
			next = lines[i+1].from
		}
		for k := range results {
			results[k].finish(next - line.from)
		}
	}
	out := make([]Pixels, len(results))
	for k, r := range results {
		out[k] = r.Pixels.Part(all)
	}
	return out, nil
}

// A span is the place of a tile along one side of an image, and the weight of each of
// its pixels. At each place the weights of all tiles add up to 1.
type span struct {
	from   int
	weight []float32
}

// along places tiles on a side of n pixels, n being at least the side of a tile.
func (t tiled) along(n int) []span {
	step := t.side - 2*t.halo - tileRamp
	var spans []span
	for from := 0; ; from += step {
		last := from+t.side >= n
		s := span{min(from, n-t.side), make([]float32, t.side)}
		for i := range s.weight {
			share := float32(1)
			if len(spans) > 0 {
				share = min(max(float32(i-t.halo+1)/(tileRamp+1), 0), 1)
			}
			s.weight[i] = share
			for _, before := range spans { // fade out what this tile fades in
				if at := s.from + i - before.from; at < t.side {
					before.weight[at] *= 1 - share
				}
			}
		}
		if spans = append(spans, s); last {
			return spans
		}
	}
}

// A mosaic is an image put together from tiles, one line of tiles after the other.
type mosaic struct {
	Pixels
	sums []float32 // weighted sums for the lines of pixels that are not finished
}

func newMosaic(width, height, side int) mosaic {
	return mosaic{
		Pixels: Pixels{Width: width, Height: height, Bands: 3, Data: make([]byte, 0, 3*width*height)},
		sums:   make([]float32, 3*width*side),
	}
}

// add adds a tile to the sums.
func (m *mosaic) add(tile []byte, column, line span) {
	side := len(column.weight)
	for y, down := range line.weight {
		row := m.sums[3*(y*m.Width+column.from):]
		for x, across := range column.weight {
			weight := down * across
			for b := range 3 {
				row[3*x+b] += weight * float32(tile[3*(y*side+x)+b])
			}
		}
	}
}

// finish rounds the next lines of pixels and appends them to the image.
func (m *mosaic) finish(lines int) {
	n := 3 * m.Width * lines
	for _, v := range m.sums[:n] {
		m.Data = append(m.Data, byte(min(v+0.5, 255)))
	}
	clear(m.sums[copy(m.sums, m.sums[n:]):])
}
