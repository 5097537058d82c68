package raster

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// grainy is a square image of edges, flat areas and grain.
func grainy(side, seed int) Pixels {
	rng := rand.New(rand.NewPCG(uint64(seed), 6))
	p := DeadLeaves(side, seed)
	for i, v := range p.Data {
		p.Data[i] = byte(max(0, min(255, float64(v)+2*rng.NormFloat64())))
	}
	return p
}

// withPattern adds a repeating pattern with a root mean square of rms grey levels and zero mean, then rounds.
func withPattern(p Pixels, period int, rms float64, rng *rand.Rand) Pixels {
	pattern := make([]float64, period*period)
	mean, square := 0.0, 0.0
	for i := range pattern {
		pattern[i] = rng.NormFloat64()
		mean += pattern[i] / float64(len(pattern))
	}
	for i := range pattern {
		pattern[i] -= mean
		square += pattern[i] * pattern[i] / float64(len(pattern))
	}
	out := Pixels{Width: p.Width, Height: p.Height, Bands: 3, Data: make([]byte, len(p.Data))}
	for i, v := range p.Data {
		x, y := i/3%p.Width, i/3/p.Width
		d := pattern[y%period*period+x%period] * rms / math.Sqrt(square)
		out.Data[i] = byte(max(0, min(255, math.Floor(float64(v)+d+rng.Float64()))))
	}
	return out
}

// squaredError is the mean squared difference over all samples.
func squaredError(a, b Pixels) float64 {
	sum := 0.0
	for i, v := range a.Data {
		d := float64(v) - float64(b.Data[i])
		sum += d * d
	}
	return sum / float64(len(a.Data))
}

func TestTheNotchTakesThePatternAwayAndLittleElse(t *testing.T) {
	clean := grainy(1024, 1).Part(Rectangle{Width: 256, Height: 192})
	before := ScoreOf(clean)
	rng := rand.New(rand.NewPCG(9, 10))
	for _, period := range []int{2, 4, 8} {
		for _, rms := range []float64{1, 2, 4} {
			marked := withPattern(clean, period, rms, rng)
			kept := slices.Clone(marked.Data)
			was := ScoreOf(marked)
			repaired := marked.WithoutCheckerboard(was)
			is := ScoreOf(repaired)
			if !slices.Equal(marked.Data, kept) {
				t.Error("the argument has changed")
			}
			if !was.Flagged(before) || is.Flagged(before) {
				t.Errorf("period %d, %g rms: %+v becomes %+v", period, rms, was, is)
			}
			of := map[int]float64{2: was.A2, 4: was.A4, 8: was.A8}[period]
			left := map[int]float64{2: is.A2, 4: is.A4, 8: is.A8}[period]
			worse, now := squaredError(clean, marked), squaredError(clean, repaired)
			t.Logf("period %d, %g rms: amplitude %.2f of %.2f, error %.2f of %.2f", period, rms, left, of, now, worse)
			if left > max(0.1*of, 0.05) || now >= worse {
				t.Errorf("period %d, %g rms: amplitude %.2f of %.2f, error %.2f of %.2f", period, rms, left, of, now, worse)
			}
		}
	}
}
