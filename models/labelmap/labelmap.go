// Package labelmap reads label maps: pictures whose colours are classes.
package labelmap

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"gtx/models/manifest"
)

// channels of a pixel.
const channels = 3

// Classes reads the classes of label maps from 8-bit RGB. It returns one byte per pixel.
func Classes(l *manifest.LabelMap, pixels []byte) ([]byte, error) {
	classes := make([]byte, len(pixels)/channels)
	byColour := map[[channels]byte]byte{}
	for i, colour := range l.Palette {
		byColour[rgb(colour)] = byte(i)
	}
	for i := range classes {
		p := [channels]byte(pixels[i*channels:])
		if l.Palette != nil {
			class, ok := byColour[p]
			switch {
			case ok:
			case l.Nearest:
				class = nearest(l.Palette, p)
				byColour[p] = class
			default:
				return nil, fmt.Errorf("the colour %v in the label map belongs to no class", p)
			}
			classes[i] = class
			continue
		}
		if p[0] != p[1] || p[1] != p[2] {
			return nil, fmt.Errorf("the colour %v in the label map is not grey: classes are grey levels", p)
		}
		if int(p[0]) >= l.Classes {
			return nil, fmt.Errorf("class %d in the label map is not within 0 to %d", p[0], l.Classes-1)
		}
		classes[i] = p[0]
	}
	return classes, nil
}

// rgb returns a colour of a palette as a pixel has it.
func rgb(colour []int) [channels]byte {
	return [channels]byte{byte(colour[0]), byte(colour[1]), byte(colour[2])}
}

// nearest returns the index of the colour with the smallest squared distance in RGB, the first of several.
func nearest(palette [][]int, p [channels]byte) byte {
	best, least := 0, math.MaxInt
	for i, colour := range palette {
		distance := 0
		for c, v := range colour {
			distance += (v - int(p[c])) * (v - int(p[c]))
		}
		if distance < least {
			best, least = i, distance
		}
	}
	return byte(best)
}

// Blank returns so many pixels of one colour that a network takes: black or, for a palette without black, its first
// colour. l is nil for a network that takes photographs.
func Blank(l *manifest.LabelMap, pixels int) []byte {
	var pixel [channels]byte
	black := func(colour []int) bool { return slices.Max(colour) == 0 }
	if l != nil && len(l.Palette) > 0 && !slices.ContainsFunc(l.Palette, black) {
		pixel = rgb(l.Palette[0])
	}
	return bytes.Repeat(pixel[:], pixels)
}

// DrawEdges sets the pixels of an h×w map that differ from one of their four neighbours to 1, on both sides of an
// edge (Wang et al. 2018, pix2pixHD, "instance boundary map").
func DrawEdges[T comparable](classes []T, h, w int, to []float32, step int) {
	mark := func(i, j int) {
		if classes[i] != classes[j] {
			to[i*step], to[j*step] = 1, 1
		}
	}
	for y := range h {
		for x := range w {
			i := y*w + x
			if x > 0 {
				mark(i, i-1)
			}
			if y > 0 {
				mark(i, i-w)
			}
		}
	}
}
