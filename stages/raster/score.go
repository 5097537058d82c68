package raster

// A Score is the coherent amplitude, in grey levels, of the patterns that repeat
// every 2, 4 and 8 pixels. Upsampling layers of these strides leave such patterns.
//
// Method: the residual r of a pixel is its luma minus the mean of its 8 neighbours,
// clipped to ±8. In blocks of 8×8 pixels, r at each place of the block is fitted by a
// constant plus multiples of the block's mean gradient. Each block has the weight
// 1/(1+variance of r), which favours smooth ones. The gradient is fitted because
// enlarging by repetition leaves steps proportional to it, while the pattern of a
// network is not. A² is the variance of the constant over the s×s phases of the pixel
// lattice, minus the variance that noise alone explains. Odena et al. 2016
// (distill.pub/2016/deconv-checkerboard) and Zhang et al. 2019 (AutoGAN) describe the
// replicas of the spectrum that A measures.
type Score struct {
	A2, A4, A8 float64
	Valid      bool // false for images too small to score
	Drawn      bool // so few tones that a pattern is intended: dithering, print
}

const (
	// scoreMin is the shortest side of an image that can be scored.
	scoreMin = 64
	// An image is flagged above flagPaired if that is more than flagRatio times the
	// amplitude of its source, and above flagAlone if it has no source.
	// docs/checkerboard.md has the rates of false alarms and of detection.
	flagPaired = 0.2
	flagAlone  = 0.3
	flagRatio  = 2
	// fewTones is the most levels of green that a dithered or printed image has.
	fewTones = 16
)

// Flagged reports whether s shows a checkerboard that its source does not have. A
// source that is not Valid counts as unknown.
func (s Score) Flagged(source Score) bool {
	level := flagPaired
	if !source.Valid {
		level = flagAlone
	}
	over := func(a, in float64) bool { return a > level && a > flagRatio*in }
	return s.Valid && !s.Drawn && (over(s.A2, source.A2) || over(s.A4, source.A4) || over(s.A8, source.A8))
}

// ScoreOf measures RGB or RGBA pixels. It samples large images down to two megapixels,
// in lines spread over the whole image. Score an image before encoding it: JPEG at
// quality 75 hides half of a pattern.
func ScoreOf(p Pixels) Score {
	if p.Width < scoreMin || p.Height < scoreMin {
		return Score{}
	}
	l := latticeOf(p, Rectangle{Width: p.Width, Height: p.Height})
	return Score{A2: l.amplitude(2), A4: l.amplitude(4), A8: l.amplitude(8), Valid: true, Drawn: p.drawn()}
}

// drawn reports whether an image has few tones.
func (p Pixels) drawn() bool {
	var seen [256]bool
	tones := 0
	for i := 1; i < len(p.Data); i += p.Bands {
		if v := p.Data[i]; !seen[v] {
			seen[v] = true
			if tones++; tones > fewTones {
				return false
			}
		}
	}
	return true
}
