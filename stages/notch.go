package stages

import "math"

// Method: in blocks of 8×8 pixels, as for the Score, the residual e = v − mean over
// one period around is taken for each channel, clipped. The mean of e over pixels of
// one phase, over the blocks around and weighted in favour of smooth ones, is the
// pattern there, which is subtracted; of what differs from the pattern of the whole
// picture as much is left as chance gives. So this is a notch at the frequencies of
// the lattice alone, and it follows what the network does to skies and to forests.
const (
	// notchReach is how many blocks to each side make up a pattern; the mean over them
	// is taken twice, so that it fades out.
	notchReach = 3
	// notchClip is the most, in grey levels, that a pixel says about a pattern.
	notchClip = 24
	// notchRounds: what clipping and rounding leave of the pattern is seen the next time.
	// Only the first localRounds look at each place for itself: each of them costs detail.
	notchRounds = 5
	localRounds = 2
)

// period is the one of the pattern that is to be removed: the longest whose part
// that is not a shorter one's is too strong.
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

// notched returns an RGB picture of at least 16×16 pixels without the pattern that
// repeats every period (2, 4 or 8) pixels.
func (p Pixels) notched(period int) Pixels {
	out := Pixels{Width: p.Width, Height: p.Height, Bands: 3, Data: append([]byte{}, p.Data...)}
	plane := make([]float64, p.Width*p.Height)
	for channel := range 3 {
		for round := range notchRounds {
			for i := range plane {
				plane[i] = float64(out.Data[3*i+channel])
			}
			residual := lessMean(plane, p.Width, p.Height, period)
			patterns, spread, across := patternsOf(residual, p.Width, p.Height, period, round < localRounds)
			for i, v := range plane {
				x, y := i%p.Width, i/p.Width
				block := y/8*across + x/8
				d := patterns[block*period*period+y%period*period+x%period]
				if d == 0 {
					continue
				}
				// A pattern of less than a level is there because some pixels were rounded the
				// other way: those, likely, that stand out from others of their phase. tip is
				// spread evenly over ±½, so that as many are changed as the pattern is strong.
				tip := math.Erf((residual[i]-d)/spread[block]) / 2
				out.Data[3*i+channel] = byte(max(0, min(255, math.Floor(v-d+0.5-tip))))
			}
		}
	}
	return out
}

// lessMean subtracts from each pixel the mean over one period around it, in which a
// pattern of that period has no part. Beyond the border, what lies as far inside.
func lessMean(plane []float64, width, height, period int) []float64 {
	half := period / 2
	weights := make([]float64, period+1)
	for i := range weights {
		weights[i] = 1 / float64(period)
	}
	weights[0], weights[period] = weights[0]/2, weights[period]/2
	// A pattern continues a period further in.
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

// patternsOf returns period×period numbers for each block of 8×8 pixels, √2 times the
// standard deviation of each, and how many blocks there are in a line.
func patternsOf(residual []float64, width, height, period int, local bool) (patterns, spread []float64, across int) {
	across, down := (width+7)/8, (height+7)/8
	phases := period * period
	// Of each block: the weighted sums and the weights of its phases, and the variance of a mean.
	stride := 2*phases + 1
	sums := make([]float32, across*down*stride)
	spread = make([]float64, across*down)
	for by := range down {
		for bx := range across {
			s := sums[(by*across+bx)*stride:][:stride]
			n, total, squares := 0.0, 0.0, 0.0
			for y := by * 8; y < min(by*8+8, height); y++ {
				for x := bx * 8; x < min(bx*8+8, width); x++ {
					e := max(-notchClip, min(notchClip, residual[y*width+x]))
					s[y%period*period+x%period] += float32(e)
					s[phases+y%period*period+x%period]++
					n, total, squares = n+1, total+e, squares+e*e
				}
			}
			variance := squares/n - total/n*total/n
			spread[by*across+bx] = math.Sqrt(2*max(0, variance)) + 0.1
			w := float32(1 / (1 + variance))
			for i := range 2 * phases {
				s[i] *= w
			}
			s[2*phases] = w * w * float32(variance*n/float64(phases))
		}
	}
	everywhere := make([]float64, stride)
	for b := range across * down {
		for i, v := range sums[b*stride:][:stride] {
			everywhere[i] += float64(v)
		}
	}
	all := make([]float64, phases) // the pattern of the whole picture
	centre(all, everywhere[:phases], everywhere[phases:])
	boxMean(sums, across, down, stride, notchReach)
	boxMean(sums, across, down, stride, notchReach)
	patterns = make([]float64, across*down*phases)
	for b := range across * down {
		s, pattern := sums[b*stride:][:stride], patterns[b*phases:][:phases]
		centre(pattern, s[:phases], s[phases:2*phases])
		power, weight := 0.0, 0.0
		for i, v := range pattern {
			power += (v - all[i]) * (v - all[i]) / float64(phases)
			weight += float64(s[phases+i]) / float64(phases)
		}
		// Twice a mean over n blocks is one over about 9/4·n of them.
		const blocks = 9. / 4 * (2*notchReach + 1) * (2*notchReach + 1)
		chance := float64(s[2*phases]) / (weight * weight * blocks)
		for i, v := range pattern {
			if pattern[i] = all[i]; local {
				pattern[i] += (v - all[i]) * max(0, 1-chance/max(power, 1e-9))
			}
		}
	}
	return patterns, spread, across
}

// centre fills in a pattern from the sums and the weights of its phases, without their mean.
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
