package stages

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size says how large the result is.
type Size struct {
	kind          string // "source", "model", "long" or "exact"
	width, height int
}

// ParseSize reads source (as the input), model (as it left the network), N
// (pixels of the longer side) or WxH.
func ParseSize(s string) (Size, error) {
	if s == "source" || s == "model" {
		return Size{kind: s}, nil
	}
	wide, high, exact := strings.Cut(s, "x")
	w, err := strconv.Atoi(wide)
	h := w
	if err == nil && exact {
		h, err = strconv.Atoi(high)
	}
	if err != nil || min(w, h) < 1 || max(w, h) > 1<<16 {
		return Size{}, fmt.Errorf("%q is not source, model, N or WxH", s)
	}
	if exact {
		return Size{"exact", w, h}, nil
	}
	return Size{"long", w, w}, nil
}

// of is the size of the result for an input and its translation.
func (s Size) of(img Image, result Pixels) (width, height int) {
	switch s.kind {
	case "model":
		return result.Width, result.Height
	case "long":
		scale := float64(s.width) / float64(max(img.Width, img.Height))
		side := func(n int) int { return max(1, int(math.Round(float64(n)*scale))) }
		return side(img.Width), side(img.Height)
	case "exact":
		return s.width, s.height
	}
	return img.Width, img.Height
}
