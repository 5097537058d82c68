package raster

import "math"

// PSNR is the peak signal-to-noise ratio of b against a in dB, over the samples of
// all pairs a[i], b[i] together, with a peak of 255. Both images of a pair must have
// the same size and bands. Equal images give +Inf, no samples at all NaN.
func PSNR(a, b []Pixels) float64 {
	squares, samples := 0.0, 0
	for i := range a {
		for j, v := range a[i].Data {
			d := float64(v) - float64(b[i].Data[j])
			squares += d * d
		}
		samples += len(a[i].Data)
	}
	return 10 * math.Log10(255*255*float64(samples)/squares)
}
