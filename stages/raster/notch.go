package raster

import "math"

// Method: in blocks of 8×8 pixels, as for the Score, the residual e = v − mean over one period
// around the pixel is taken for each channel, clipped. The pattern at a block is the mean of e over
// pixels of one phase, over the blocks around it, weighted in favour of smooth ones. Its deviation
// from the pattern of the whole image is shrunk by the part that noise alone would explain. The
// pattern is then subtracted. This is a notch at the frequencies of the lattice alone, and it
// adapts to places where the network leaves another pattern, such as sky and forest.
const (
	// notchReach is how many blocks to each side contribute to a pattern. The mean over them is
	// taken twice, so that their weight falls off with distance.
	notchReach = 3
	// notchClip bounds, in grey levels, the residual of a pixel.
	notchClip = 24
	// notchRounds: clipping and rounding leave a part of the pattern for the next round. Only the
	// first localRounds adapt to each place, because each such round costs detail.
	notchRounds = 5
	localRounds = 2
)

// period is the period of the pattern to be removed: the longest one that is too strong even
// without the part that a shorter period explains.
func (s Score) period() int {
	over := func(a, shorter float64) bool { return a*a-shorter*shorter > flagPaired*flagPaired }
	switch {
	case over(s.A8, s.A4):
		return 8
	case over(s.A4, s.A2):
		return 4
	}
	return 2
}

// WithoutCheckerboard returns RGB pixels, at least 16×16 of them, without the strongest of the patterns that s, their
// score, measures.
func (p Pixels) WithoutCheckerboard(s Score) Pixels {
	period := s.period()
	out := Pixels{Width: p.Width, Height: p.Height, Bands: 3, Data: append([]byte{}, p.Data...)}
	plane := make([]float64, p.Width*p.Height)
	across, _ := notchGrid(p.Width, p.Height)
	for channel := range 3 {
		for round := range notchRounds {
			for i := range plane {
				plane[i] = float64(out.Data[3*i+channel])
			}
			residual := lessMean(plane, p.Width, p.Height, period)
			patterns, spread := patternsOf(residual, p.Width, p.Height, period, round < localRounds)
			for i, v := range plane {
				x, y := i%p.Width, i/p.Width
				block := y/8*across + x/8
				d := patterns[block*period*period+y%period*period+x%period]
				if d == 0 {
					continue
				}
				// A pattern below one grey level shows in the few pixels that it made round to
				// another level: probably those that stand out from others of their phase. tip is
				// spread evenly over ±½, so the share of changed pixels equals the strength.
				tip := math.Erf((residual[i]-d)/spread[block]) / 2
				out.Data[3*i+channel] = byte(max(0, min(255, math.Floor(v-d+0.5-tip))))
			}
		}
	}
	return out
}

// lessMean subtracts from each pixel the mean over one period around it, which a pattern of that
// period does not change. Beyond the border it takes pixels from one period further in.
func lessMean(plane []float64, width, height, period int) []float64 {
	half := period / 2
	weights := make([]float64, period+1)
	for i := range weights {
		weights[i] = 1 / float64(period)
	}
	weights[0], weights[period] = weights[0]/2, weights[period]/2
	inside := func(i, n int) int {
		if i < 0 {
			return i + period
		}
		if i >= n {
			return i - period
		}
		return i
	}
	rows := make([]float64, len(plane))
	for y := range height {
		line := plane[y*width:][:width]
		for x := range width {
			for k, w := range weights {
				rows[y*width+x] += w * line[inside(x+k-half, width)]
			}
		}
	}
	out := make([]float64, len(plane))
	copy(out, plane)
	for y := range height {
		for k, w := range weights {
			line := rows[inside(y+k-half, height)*width:][:width]
			for x, v := range line {
				out[y*width+x] -= w * v
			}
		}
	}
	return out
}

// phaseSums describe the blocks of an image, one after the other.
type phaseSums struct {
	phases  int       // per block: period × period
	sums    []float32 // of each phase: the residuals, times the block's weight
	weights []float32 // of each phase: the pixels, times the block's weight
	chance  []float32 // of each block: the variance of a phase's mean, times the squared weight
}

// notchGrid counts the blocks of an image.
func notchGrid(width, height int) (across, down int) { return (width + 7) / 8, (height + 7) / 8 }

// patternsOf returns period×period numbers for each block of 8×8 pixels, and for each block √2
// times the standard deviation of its residual. If local is false all blocks get the pattern of
// the whole image.
func patternsOf(residual []float64, width, height, period int, local bool) (patterns, spread []float64) {
	across, down := notchGrid(width, height)
	s, spread := sumPhases(residual, width, height, period)
	whole := s.whole()
	patterns = make([]float64, across*down*s.phases)
	if !local {
		for b := range across * down {
			copy(patterns[b*s.phases:], whole)
		}
		return patterns, spread
	}
	for range 2 {
		BoxMean(s.sums, across, down, s.phases, notchReach)
		BoxMean(s.weights, across, down, s.phases, notchReach)
		BoxMean(s.chance, across, down, 1, notchReach)
	}
	for b := range across * down {
		s.shrinkTo(whole, b, patterns[b*s.phases:][:s.phases])
	}
	return patterns, spread
}

// sumPhases adds up the residuals of each block.
func sumPhases(residual []float64, width, height, period int) (s phaseSums, spread []float64) {
	across, down := notchGrid(width, height)
	s = phaseSums{
		phases:  period * period,
		sums:    make([]float32, across*down*period*period),
		weights: make([]float32, across*down*period*period),
		chance:  make([]float32, across*down),
	}
	spread = make([]float64, across*down)
	for b := range across * down {
		left, top := b%across*8, b/across*8
		sums, weights := s.sums[b*s.phases:][:s.phases], s.weights[b*s.phases:][:s.phases]
		n, total, squares := 0.0, 0.0, 0.0
		for y := top; y < min(top+8, height); y++ {
			for x := left; x < min(left+8, width); x++ {
				e := max(-notchClip, min(notchClip, residual[y*width+x]))
				phase := y%period*period + x%period
				sums[phase] += float32(e)
				weights[phase]++
				n, total, squares = n+1, total+e, squares+e*e
			}
		}
		variance := squares/n - total/n*total/n
		spread[b] = math.Sqrt(2*max(0, variance)) + 0.1
		weight := float32(1 / (1 + variance)) // smooth blocks count for most
		for i := range sums {
			sums[i] *= weight
			weights[i] *= weight
		}
		s.chance[b] = weight * weight * float32(variance*n/float64(s.phases))
	}
	return s, spread
}

// whole is the pattern of all blocks together.
func (s phaseSums) whole() []float64 {
	sums, weights := make([]float64, s.phases), make([]float64, s.phases)
	for i := range s.sums {
		sums[i%s.phases] += float64(s.sums[i])
		weights[i%s.phases] += float64(s.weights[i])
	}
	pattern := make([]float64, s.phases)
	centre(pattern, sums, weights)
	return pattern
}

// shrinkTo fills in the pattern at a block, from sums that have been averaged over the blocks
// around it. Its deviation from the pattern of the whole image is shrunk by the part that noise
// alone would explain.
func (s phaseSums) shrinkTo(whole []float64, block int, pattern []float64) {
	weights := s.weights[block*s.phases:][:s.phases]
	centre(pattern, s.sums[block*s.phases:][:s.phases], weights)
	power, weight := 0.0, 0.0
	for i, v := range pattern {
		power += (v - whole[i]) * (v - whole[i]) / float64(s.phases)
		weight += float64(weights[i]) / float64(s.phases)
	}
	// Taking a mean over n blocks twice is nearly a mean over 9/4·n of them.
	const blocks = 9. / 4 * (2*notchReach + 1) * (2*notchReach + 1)
	chance := float64(s.chance[block]) / (weight * weight * blocks)
	for i, v := range pattern {
		pattern[i] = whole[i] + (v-whole[i])*max(0, 1-chance/max(power, 1e-9))
	}
}

// centre divides the sums of the phases by their weights and subtracts the mean of all phases.
func centre[T float32 | float64](pattern []float64, sums, weights []T) {
	mean := 0.0
	for i := range pattern {
		if weights[i] > 0 {
			pattern[i] = float64(sums[i] / weights[i])
		}
		mean += pattern[i] / float64(len(pattern))
	}
	for i := range pattern {
		pattern[i] -= mean
	}
}
