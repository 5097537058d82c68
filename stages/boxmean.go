package stages

// boxMean replaces each value by the mean over the (2r+1)² window around it, clipped
// at the borders. The channels of a pixel lie side by side.
func boxMean(values []float32, width, height, channels, r int) {
	line := make([]float64, channels*width)
	// Columns first, then rows. A running sum adds one value and drops another.
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
