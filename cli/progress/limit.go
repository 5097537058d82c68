package progress

import (
	"fmt"
	"strconv"
	"strings"
)

// A Limit says how many inputs of a run may fail. The zero Limit allows none.
type Limit struct {
	most    int
	percent float64
}

// ParseLimit reads a number, or a percentage such as 0.1%. Empty text allows no failure.
func ParseLimit(text string) (l Limit, err error) {
	if text == "" {
		return l, nil
	}
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		if l.percent, err = strconv.ParseFloat(percent, 64); err == nil && l.percent >= 0 && l.percent <= 100 {
			return l, nil
		}
	} else if l.most, err = strconv.Atoi(text); err == nil && l.most >= 0 {
		return l, nil
	}
	return Limit{}, fmt.Errorf("%q is neither a number of images nor a percentage from 0%% to 100%%", text)
}

// TooMany tells whether more inputs have failed than the limit allows. A failed input
// that may have held many images, such as a tar, always exceeds it.
func (t *Tally) TooMany() bool {
	return t.unseen > 0 || t.failedInputs > t.limit.most && float64(t.Failed)*100 > t.limit.percent*float64(t.counted())
}
