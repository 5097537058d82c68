package stages

import (
	"context"
	"fmt"

	"gtx/stages/raster"
)

// A Score is the amplitude of the checkerboards in an image.
type Score = raster.Score

// Checkerboard says what to do with a translation that shows a checkerboard.
type Checkerboard string

const (
	CheckWarn Checkerboard = "warn"
	CheckFail Checkerboard = "fail"
	// CheckRepair removes the pattern and warns if the result is still flagged.
	CheckRepair Checkerboard = "repair"
	CheckOff    Checkerboard = "off"
)

// A Checked is a translation with the score of its source, Before, and its own, After.
type Checked struct {
	Translated
	Before, After Score
	Flagged       bool
	Repaired      bool     // it was flagged; After is the score of the repaired result
	Moved         *float64 // mean absolute difference from the source in grey levels, where the network saw both; nil if it is not known

	change *change // from Detail, for Encode; nil if the result is only scaled
}

// Check returns the stage that scores each translation against its source.
func Check(o Checkerboard) func(context.Context, Translated) (Checked, error) {
	return func(_ context.Context, t Translated) (Checked, error) {
		c := Checked{Translated: t}
		if t.Keep {
			return c, nil
		}
		c.Moved = raster.MeanDifference(t.Pixels, t.Result)
		if o == CheckOff {
			return c, nil
		}
		c.Before, c.After = raster.ScoreOf(t.Pixels), raster.ScoreOf(t.Result)
		c.Flagged = c.After.Flagged(c.Before)
		if c.Flagged && o == CheckRepair {
			c.Result = c.Result.WithoutCheckerboard(c.After)
			c.After, c.Repaired = raster.ScoreOf(c.Result), true
			c.Flagged = c.After.Flagged(c.Before)
		}
		if c.Flagged && o == CheckFail {
			return c, fmt.Errorf("checkerboard: amplitudes %.2f, %.2f, %.2f grey levels at periods 2, 4, 8 (source %.2f, %.2f, %.2f)",
				c.After.A2, c.After.A4, c.After.A8, c.Before.A2, c.Before.A4, c.Before.A8)
		}
		return c, nil
	}
}
