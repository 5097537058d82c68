package stages

import (
	"math"
	"slices"
)

const (
	gainRadius = 3 // of the window, in pixels of the network
	gainNoise  = 4 // squared grey levels that say nothing about the gain
	gainMost   = 2
)

// laplacianChange implements the Laplacian method: the lower bands of the pyramid come from the result. The
// bands above them come from the photograph, times the gain that the network gave to the highest
// band of luma around each pixel (Burt & Adelson, The Laplacian Pyramid as a Compact Image Code,
// 1983; for translation Liang et al., LPTN, CVPR 2021). Both are RGB of one size.
func laplacianChange(small, result Pixels) *change {
	from, to := highBandPower(small), highBandPower(result)
	n := small.Width * small.Height
	c := &change{columns: small.Width, rows: small.Height, maps: make([]float32, coefficients*n)}
	for i := range n {
		gain := min(float32(math.Sqrt(float64((to[i]+gainNoise)/(from[i]+gainNoise)))), gainMost)
		for a := range 3 {
			x, y := i%small.Width, i/small.Width
			c.maps[c.at(x, y, 5*a)] = gain
			c.maps[c.at(x, y, 4*a+3)] = float32(result.Data[3*i+a]) - gain*float32(small.Data[3*i+a])
		}
	}
	return c
}

// highBandPower returns the mean square of the highest band of luma around each pixel.
func highBandPower(p Pixels) []float32 {
	luma := p.Luma()
	soft := slices.Clone(luma)
	boxMean(soft, p.Width, p.Height, 1, 1)
	for i, v := range luma {
		luma[i] = (v - soft[i]) * (v - soft[i])
	}
	boxMean(luma, p.Width, p.Height, 1, gainRadius)
	return luma
}
