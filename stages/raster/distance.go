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

// differenceMost is how many samples MeanDifference reads at most. More would not change what a person sees.
const differenceMost = 1 << 20

// MeanDifference is the mean absolute difference of two RGB images of one size, in grey levels, 0 to 255. It is nil
// if their sizes differ. In large images it reads only some lines, spread over the whole height.
func MeanDifference(a, b Pixels) *float64 {
	if a.Width != b.Width || a.Height != b.Height || a.Bands != b.Bands || len(a.Data) == 0 {
		return nil
	}
	line := a.Width * a.Bands
	step := 1 + len(a.Data)/differenceMost
	sum, samples := 0, 0
	for y := 0; y < a.Height; y += step {
		from, to := a.Data[y*line:][:line], b.Data[y*line:][:line]
		for i, v := range from {
			sum += max(int(v)-int(to[i]), int(to[i])-int(v))
		}
		samples += line
	}
	mean := float64(sum) / float64(samples)
	return &mean
}
