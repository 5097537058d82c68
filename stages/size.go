package stages

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size says how large the result is. The zero Size is that of the input.
type Size struct {
	kind          sizeKind
	width, height int
}

type sizeKind string

const (
	sizeSource sizeKind = "source" // as the input
	sizeModel  sizeKind = "model"  // as the network gave it
	sizeLong   sizeKind = "long"   // width is the longer side
	sizeExact  sizeKind = "exact"
)

// ParseSize reads source (the size of the input), model (the size that the network
// gave), N (pixels of the longer side) or WxH.
func ParseSize(s string) (Size, error) {
	if kind := sizeKind(s); kind == sizeSource || kind == sizeModel {
		return Size{kind: kind}, nil
	}
	first, second, exact := strings.Cut(s, "x")
	width, err := strconv.Atoi(first)
	height := width
	if err == nil && exact {
		height, err = strconv.Atoi(second)
	}
	if err != nil || min(width, height) < 1 || max(width, height) > 1<<16 {
		return Size{}, fmt.Errorf("%q is not source, model, N or WxH", s)
	}
	if exact {
		return Size{sizeExact, width, height}, nil
	}
	return Size{sizeLong, width, height}, nil
}

// of is the size of the result for an image and its translation.
func (s Size) of(img Image, result Pixels) (width, height int) {
	switch s.kind {
	case sizeModel:
		return result.Width, result.Height
	case sizeLong:
		scale := float64(s.width) / float64(max(img.Width, img.Height))
		side := func(n int) int { return max(1, int(math.Round(float64(n)*scale))) }
		return side(img.Width), side(img.Height)
	case sizeExact:
		return s.width, s.height
	}
	return img.Width, img.Height
}
