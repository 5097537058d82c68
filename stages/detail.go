package stages

import (
	"context"
	"math"
	"slices"
)

// A Method says how a network's work is carried over to a larger photograph.
type Method string

const (
	Affine    Method = "affine"
	Laplacian Method = "laplacian"
	// Plain does not carry it over: what the network gave is enlarged.
	Plain Method = "none"
)

// Methods lists them, the best first: docs/detail.md has the comparison.
var Methods = []Method{Affine, Laplacian, Plain}

// DetailOptions says how a result gets the detail of its photograph.
type DetailOptions struct {
	Size   Size
	Method Method
	Keep   bool // in the colours of the photograph's own profile
}

// Detail returns the stage that finds out what the network did to a photograph, so
// that Encode can do the same to all of its pixels: a network sees a few hundred,
// and the photograph has thousands.
//
// A result of the photograph's size that is not larger than the network's is the
// photograph plus the difference that the network made: nothing is lost of what
// 8 bits, sRGB or scaling would have taken. Smaller results are only scaled.
func Detail(o DetailOptions) func(context.Context, Checked) (Checked, error) {
	return func(_ context.Context, c Checked) (Checked, error) {
		width, height := o.Size.of(c.Image, c.Result)
		larger := width*height > c.Result.Width*c.Result.Height
		whole := width == c.Width && height == c.Height
		same := width == c.Result.Width && height == c.Result.Height
		own := o.Keep && c.how.own != nil
		if c.Keep || o.Method == Plain || !larger && !whole || same && !own && !c.how.deep {
			return c, nil
		}
		small, result := c.Pixels, c.Result
		err := error(nil)
		if !larger {
			if result, err = result.resized(width, height); err != nil {
				return c, err
			}
		}
		if small, err = small.resized(result.Width, result.Height); err != nil {
			return c, err
		}
		if own {
			for _, p := range []*Pixels{&small, &result} {
				if *p, err = p.inProfile(c.how.own); err != nil {
					return c, err
				}
			}
		}
		switch {
		case !larger:
			c.change = &change{less: small, more: result}
		case o.Method == Laplacian:
			c.change = banded(small, result)
		default:
			c.change = fitted(small, result)
		}
		return c, nil
	}
}

// A change is what a network did to a picture, as affine maps of the colours, at
// the nodes of a grid that is spread over the picture: coefficients numbers each,
// A row by row with b as the fourth of each row, in grey levels from 0 to 255. Where
// there are none it is how much one picture is more than another, pixel by pixel.
type change struct {
	width, height int
	maps          []float32
	less, more    Pixels
}

const coefficients = 12

// banded is the change of the Laplacian method: the lower bands of the pyramid are
// the result's and those above them the photograph's, times the gain that the highest
// band of the result has around a pixel, of luma (Burt & Adelson, The Laplacian Pyramid
// as a Compact Image Code, 1983; for translation Liang et al., LPTN, CVPR 2021).
func banded(small, result Pixels) *change {
	n := small.Width * small.Height
	power := func(p Pixels) []float32 { // of the highest band, around each pixel
		luma := make([]float32, n)
		for i := range luma {
			s := p.Data[3*i:][:3]
			luma[i] = 0.299*float32(s[0]) + 0.587*float32(s[1]) + 0.114*float32(s[2])
		}
		soft := slices.Clone(luma)
		boxMean(soft, p.Width, p.Height, 1, 1)
		for i, v := range luma {
			luma[i] = (v - soft[i]) * (v - soft[i])
		}
		boxMean(luma, p.Width, p.Height, 1, gainRadius)
		return luma
	}
	from, to := power(small), power(result)
	c := &change{width: small.Width, height: small.Height, maps: make([]float32, coefficients*n)}
	for i := range n {
		gain := min(float32(math.Sqrt(float64((to[i]+gainNoise)/(from[i]+gainNoise)))), gainMost)
		for a := range 3 {
			row := c.maps[i*coefficients+4*a:][:4]
			row[a], row[3] = gain, float32(result.Data[3*i+a])-gain*float32(small.Data[3*i+a])
		}
	}
	return c
}

const (
	gainRadius = 3 // of the window, in pixels of the network
	gainNoise  = 4 // squared grey levels that say nothing of the gain
	gainMost   = 2
)

// The affine method: in each small window the change is fitted by an affine map of
// the colours, result ≈ A·source + b, and the maps, smoothed, are interpolated. So
// the look is the network's and the detail the photograph's own, without halos or
// seams. It is guided filtering with a colour guide, on a coarse grid (He & Sun, Fast
// Guided Filter, 2015), with two changes. Where a window is too flat to tell, A tends
// to the identity instead of zero, so that fine texture stays, and a network that
// changes nothing gives back the photograph itself. And what the maps leave
// unexplained of the result, texture that the network added, is added to b.
const (
	// detailRadius is half the side of a window, in pixels of the network: 5×5.
	detailRadius = 2
	// detailFlat is the variance, in squared grey levels, at which a window is
	// half-way between telling its own map and being too flat to.
	detailFlat = 65
)

// fitted is the change that the windows around each pixel tell. small and result
// are RGB of one size.
func fitted(small, result Pixels) *change {
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
	for i := range n {
		s := small.Data[3*i:][:3]
		for a := range 3 {
			row := maps[i*coefficients+4*a:][:4]
			explained := row[0]*float32(s[0]) + row[1]*float32(s[1]) + row[2]*float32(s[2]) + row[3]
			row[3] += float32(result.Data[3*i+a]) - explained
		}
	}
	return &change{width: small.Width, height: small.Height, maps: maps}
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
