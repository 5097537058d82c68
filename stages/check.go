package stages

import (
	"context"
	"fmt"
)

// A Score is the coherent amplitude, in grey levels, of the patterns that repeat
// every 2, 4 and 8 pixels: what an upsampling layer of that stride leaves.
//
// Method: r = luma − mean of its 8 neighbours, clipped to ±8. In blocks of 8×8
// pixels, each weighted by 1/(1+variance of r), so that smooth ones count for
// most, r at each pixel of the block is fitted by a constant and by multiples of
// the block's mean gradient: enlarging by repetition leaves steps that go with the
// gradient, and a network a pattern that does not. A² is the variance of that
// constant over the s×s phases of the pixel lattice, less what chance gives. The
// replicas of the spectrum that A measures are described in Odena et al. 2016
// (distill.pub/2016/deconv-checkerboard) and Zhang et al. 2019 (AutoGAN).
type Score struct {
	A2, A4, A8 float64
	Valid      bool // false for pictures too small to tell
	Drawn      bool // so few tones that a pattern is meant: dithering, print
}

const (
	// scoreMin is the least side of a picture that can be scored.
	scoreMin = 64
	// A picture is flagged above flagPaired if that is flagRatio times what its
	// source has, and above flagAlone where there is no source. docs/checkerboard.md
	// has the rates of false alarms and of detection.
	flagPaired = 0.2
	flagAlone  = 0.3
	flagRatio  = 2
	// fewTones are those of green that a dithered or a printed picture has.
	fewTones = 16
)

// Flagged tells whether s shows a checkerboard that its source does not have. A
// source that is not Valid is one that nobody knows.
func (s Score) Flagged(source Score) bool {
	level := flagPaired
	if !source.Valid {
		level = flagAlone
	}
	over := func(a, in float64) bool { return a > level && a > flagRatio*in }
	return s.Valid && !s.Drawn && (over(s.A2, source.A2) || over(s.A4, source.A4) || over(s.A8, source.A8))
}

// ScoreOf measures RGB or RGBA pixels; of large pictures two megapixels, in lines all
// over them. Take it before encoding: JPEG at quality
// 75 hides half of what is there.
func ScoreOf(p Pixels) Score {
	if p.Width < scoreMin || p.Height < scoreMin {
		return Score{}
	}
	l := latticeOf(p, rectangle{width: p.Width, height: p.Height})
	return Score{A2: l.amplitude(2), A4: l.amplitude(4), A8: l.amplitude(8), Valid: true, Drawn: p.drawn()}
}

// drawn tells whether a picture has few tones.
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

// Checkerboard says what becomes of a translation that shows a checkerboard.
type Checkerboard string

const (
	CheckWarn Checkerboard = "warn"
	CheckFail Checkerboard = "fail"
	// CheckRepair takes the pattern away, and warns of what is left.
	CheckRepair Checkerboard = "repair"
	CheckOff    Checkerboard = "off"
)

// A Checked is a translation and the scores of its source and of itself.
type Checked struct {
	Translated
	Before, After Score
	Flagged       bool
	Repaired      bool // it was flagged, and After is what it is now

	change *change // from Detail, for Encode; nil: the result is only scaled
}

// Check returns the stage that scores each translation against its source.
func Check(o Checkerboard) func(context.Context, Translated) (Checked, error) {
	return func(_ context.Context, t Translated) (Checked, error) {
		c := Checked{Translated: t}
		if t.Keep || o == CheckOff {
			return c, nil
		}
		c.Before, c.After = ScoreOf(t.Pixels), ScoreOf(t.Result)
		c.Flagged = c.After.Flagged(c.Before)
		if c.Flagged && o == CheckRepair {
			c.Result = c.Result.notched(c.After.period())
			c.After, c.Repaired = ScoreOf(c.Result), true
			c.Flagged = c.After.Flagged(c.Before)
		}
		if c.Flagged && o == CheckFail {
			return c, fmt.Errorf("checkerboard: amplitudes %.2f, %.2f, %.2f grey levels at periods 2, 4, 8 (source %.2f, %.2f, %.2f)",
				c.After.A2, c.After.A4, c.After.A8, c.Before.A2, c.Before.A4, c.Before.A8)
		}
		return c, nil
	}
}
