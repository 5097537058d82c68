package stages

import "context"

// Detail returns the stage that makes the translation as large as it is to be
// written. A network sees a few hundred pixels of a photograph that has thousands;
// this carries what it did over to all of them. In each small window the change
// is fitted by an affine map of the colours, result ≈ A·source + b, and the maps,
// smoothed and interpolated, are applied to the whole photograph: the look is the
// network's and the detail the photograph's own, without halos or seams. Texture
// finer than a window that the network added is lost.
//
// The photograph is decoded again, whole: a worker that goes on to encode what it
// has made here keeps no more than one of them in memory. A result that is to be smaller is only scaled, and
// takes the alpha of its source.
func Detail(size Size) func(context.Context, Checked) (Checked, error) {
	return func(ctx context.Context, c Checked) (Checked, error) {
		width, height := size.of(c.Image, c.Result)
		larger := width*height > c.Result.Width*c.Result.Height
		same := width == c.Result.Width && height == c.Result.Height
		if c.Keep || same || !larger && c.Alpha == nil {
			return c, nil
		}
		whole, err := decodeFile(c.file, nil)
		if err != nil {
			return c, err
		}
		full, err := whole.Pixels.part(c.crop).resized(width, height)
		if err != nil {
			return c, err
		}
		if !larger {
			_, c.Alpha = full.split()
			c.Result, err = c.Result.resized(width, height)
			return c, err
		}
		small, err := c.Pixels.resized(c.Result.Width, c.Result.Height)
		if err != nil {
			return c, err
		}
		if ctx.Err() != nil { // what follows takes the longest
			return c, context.Cause(ctx)
		}
		transfer(full, small, c.Result)
		c.Result, c.Alpha = full.split()
		return c, nil
	}
}

// Method: guided filtering with a colour guide, on a coarse grid (He & Sun, Fast
// Guided Filter, 2015), with one change: where a window is too flat to tell, A
// tends to the identity instead of zero, so that fine texture stays, and a network
// that changes nothing gives back the photograph itself.
const (
	// detailRadius is half the side of a window, in pixels of the network: 5×5.
	detailRadius = 2
	// detailFlat is the variance, in squared grey levels, at which a window is
	// half-way between telling its own map and being too flat to.
	detailFlat = 65
	// maps have 12 coefficients: A, row by row, with b as the fourth of each row.
	coefficients = 12
)

// transfer gives full, in place, the change that turned small into result. small
// and result are RGB of one size; full has their aspect, and may have alpha, which
// stays.
func transfer(full, small, result Pixels) {
	maps := fitMaps(small, result)
	row := make([]float32, coefficients*small.Width)
	columns := newGrid(full.Width, small.Width)
	lines := newGrid(full.Height, small.Height)
	for y := range full.Height {
		above := maps[lines[y].from*len(row):][:len(row)]
		below := maps[lines[y].to*len(row):][:len(row)]
		for i, a := range above {
			row[i] = a + lines[y].part*(below[i]-a)
		}
		applyMaps(full.Data[y*full.Width*full.Bands:][:full.Width*full.Bands], full.Bands, row, columns)
	}
}

// applyMaps applies a line of maps to a line of pixels, in place.
func applyMaps(line []byte, bands int, maps []float32, columns []node) {
	for x, n := range columns {
		p := line[x*bands:][:3]
		l := maps[n.from*coefficients:][:coefficients]
		r := maps[n.to*coefficients:][:coefficients]
		t := n.part
		red, green, blue := float32(p[0]), float32(p[1]), float32(p[2])
		at := func(i int) float32 { return l[i] + t*(r[i]-l[i]) }
		p[0] = grey(at(0)*red + at(1)*green + at(2)*blue + at(3))
		p[1] = grey(at(4)*red + at(5)*green + at(6)*blue + at(7))
		p[2] = grey(at(8)*red + at(9)*green + at(10)*blue + at(11))
	}
}

// grey rounds to the nearest sample.
func grey(v float32) byte { return byte(min(max(v+0.5, 0), 255)) }

// A node says between which coarse samples a fine one lies, and how far along.
type node struct {
	from, to int
	part     float32
}

// newGrid places n fine samples on a coarse ones, centre on centre, with the
// outermost held at the border.
func newGrid(n, coarse int) []node {
	grid := make([]node, n)
	for i := range grid {
		at := (float64(i)+0.5)*float64(coarse)/float64(n) - 0.5
		at = min(max(at, 0), float64(coarse-1))
		from := int(at)
		grid[i] = node{from, min(from+1, coarse-1), float32(at - float64(from))}
	}
	return grid
}

// fitMaps fits the map of each pixel's window: coefficients × pixels numbers.
func fitMaps(small, result Pixels) []float32 {
	n := small.Width * small.Height
	// The sums that least squares need: the means of source and result, of their
	// products, and of the source's products with itself.
	const (
		source   = 0
		target   = 3
		cross    = 6  // target i × source j at cross+3i+j
		own      = 15 // source i × source j, i ≤ j, in the order of ownAt
		channels = 21
	)
	ownAt := [3][3]int{{0, 1, 2}, {1, 3, 4}, {2, 4, 5}}
	moments := make([]float32, channels*n)
	for i := range n {
		m := moments[i*channels:][:channels]
		s, t := small.Data[3*i:][:3], result.Data[3*i:][:3]
		for a := range 3 {
			m[source+a], m[target+a] = float32(s[a]), float32(t[a])
			for b := range 3 {
				m[cross+3*a+b] = float32(t[a]) * float32(s[b])
				m[own+ownAt[a][b]] = float32(s[a]) * float32(s[b])
			}
		}
	}
	boxMean(moments, small.Width, small.Height, channels, detailRadius)

	maps := make([]float32, coefficients*n)
	for i := range n {
		m := moments[i*channels:][:channels]
		var covariance, mixed [3][3]float64
		for a := range 3 {
			for b := range 3 {
				covariance[a][b] = float64(m[own+ownAt[a][b]]) - float64(m[source+a])*float64(m[source+b])
				mixed[a][b] = float64(m[cross+3*a+b]) - float64(m[target+a])*float64(m[source+b])
			}
			covariance[a][a] += detailFlat
			mixed[a][a] += detailFlat
		}
		inverse := invert(covariance)
		for a := range 3 {
			row := maps[i*coefficients+4*a:][:4]
			offset := float64(m[target+a])
			for b := range 3 {
				v := mixed[a][0]*inverse[0][b] + mixed[a][1]*inverse[1][b] + mixed[a][2]*inverse[2][b]
				row[b] = float32(v)
				offset -= v * float64(m[source+b])
			}
			row[3] = float32(offset)
		}
	}
	boxMean(maps, small.Width, small.Height, coefficients, detailRadius)
	return maps
}

// invert returns the inverse of a symmetric, positive definite matrix.
func invert(m [3][3]float64) [3][3]float64 {
	c00 := m[1][1]*m[2][2] - m[1][2]*m[1][2]
	c01 := m[0][2]*m[1][2] - m[0][1]*m[2][2]
	c02 := m[0][1]*m[1][2] - m[0][2]*m[1][1]
	c11 := m[0][0]*m[2][2] - m[0][2]*m[0][2]
	c12 := m[0][1]*m[0][2] - m[0][0]*m[1][2]
	c22 := m[0][0]*m[1][1] - m[0][1]*m[0][1]
	d := 1 / (m[0][0]*c00 + m[0][1]*c01 + m[0][2]*c02)
	return [3][3]float64{
		{c00 * d, c01 * d, c02 * d},
		{c01 * d, c11 * d, c12 * d},
		{c02 * d, c12 * d, c22 * d},
	}
}

// boxMean replaces each value by the mean over the (2r+1)² window around it,
// cut off at the borders. Values of one pixel lie side by side.
func boxMean(values []float32, width, height, channels, r int) {
	line := make([]float64, channels*width)
	// Columns first, then rows; a running sum takes in one value and drops another.
	means := func(count, stride, start int, row int) {
		sums := line[:row]
		clear(sums)
		out := make([]float32, count*row)
		in := func(k int) []float32 { return values[start+k*stride:][:row] }
		for k := range min(r, count) {
			for i, v := range in(k) {
				sums[i] += float64(v)
			}
		}
		for k := range count {
			if k+r < count {
				for i, v := range in(k + r) {
					sums[i] += float64(v)
				}
			}
			if k-r-1 >= 0 {
				for i, v := range in(k - r - 1) {
					sums[i] -= float64(v)
				}
			}
			scale := 1 / float64(min(k+r, count-1)-max(k-r, 0)+1)
			for i, s := range sums {
				out[k*row+i] = float32(s * scale)
			}
		}
		for k := range count {
			copy(in(k), out[k*row:][:row])
		}
	}
	means(height, channels*width, 0, channels*width)
	for y := range height {
		means(width, channels, y*width*channels, channels)
	}
}
