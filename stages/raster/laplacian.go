package raster

import (
	"math"
	"slices"
)

const (
	gainRadius = 3 // of the window, in pixels of the network
	gainNoise  = 4 // squared grey levels that say nothing about the gain
	gainMost   = 2
)

// FitLaplacian makes maps of the change from small to result, which are RGB of one size, by the Laplacian method. The
// lower bands of the pyramid come from the result. The bands above them come from the photograph, times the gain that
// the network gave to the highest band of luma around each pixel (Burt & Adelson, The Laplacian Pyramid as a Compact
// Image Code, 1983; for translation Liang et al., LPTN, CVPR 2021).
func FitLaplacian(small, result Pixels) Maps {
	from, to := highBandPower(small), highBandPower(result)
	m := newMaps(small)
	for i := range from {
		gain := min(float32(math.Sqrt(float64((to[i]+gainNoise)/(from[i]+gainNoise)))), gainMost)
		for a := range 3 {
			x, y := i%small.Width, i/small.Width
			m.Values[m.at(x, y, 5*a)] = gain
			m.Values[m.at(x, y, 4*a+3)] = float32(result.Data[3*i+a]) - gain*float32(small.Data[3*i+a])
		}
	}
	return m
}

// highBandPower returns the mean square of the highest band of luma around each pixel.
func highBandPower(p Pixels) []float32 {
	luma := p.Luma()
	soft := slices.Clone(luma)
	BoxMean(soft, p.Width, p.Height, 1, 1)
	for i, v := range luma {
		luma[i] = (v - soft[i]) * (v - soft[i])
	}
	BoxMean(luma, p.Width, p.Height, 1, gainRadius)
	return luma
}
