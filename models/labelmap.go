package models

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"gtx/models/manifest"
)

// classesOf reads the classes of label maps from 8-bit RGB. It returns one byte per pixel.
func classesOf(l *manifest.LabelMap, pixels []byte) ([]byte, error) {
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

// blank returns pixels of one colour that an input takes: black or, for a palette without black, its first colour.
func blank(in *manifest.Input, height, width int) []byte {
	var pixel [channels]byte
	black := func(colour []int) bool { return slices.Max(colour) == 0 }
	if l := in.LabelMap; l != nil && len(l.Palette) > 0 && !slices.ContainsFunc(l.Palette, black) {
		pixel = rgb(l.Palette[0])
	}
	return bytes.Repeat(pixel[:], height*width)
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

// packClasses turns n label maps of h×w pixels each into a tensor.
func packClasses(l *manifest.LabelMap, classes []byte, n, h, w int, layout manifest.Layout) tensor {
	depth, area := l.Depth(), h*w
	t := tensor{shape: imageShape(layout, n, depth, h, w), floats: make([]float32, n*depth*area)}
	channelStep, pixelStep := steps(layout, depth, area)
	for k := range n {
		image, to := classes[k*area:][:area], t.floats[k*depth*area:][:depth*area]
		for i, class := range image {
			if l.Encoding == manifest.EncodingIndex {
				to[i*pixelStep] = float32(class)
			} else {
				to[int(class)*channelStep+i*pixelStep] = 1
			}
		}
		if l.Edges {
			drawEdges(image, h, w, to[(depth-1)*channelStep:], pixelStep)
		}
	}
	return t
}

// instancesOf returns a number for each pixel, which differs between objects.
func instancesOf(b Batch) []uint32 {
	colours := b.Instances
	if colours == nil {
		colours = b.Pixels
	}
	ids := make([]uint32, len(colours)/channels)
	for i := range ids {
		p := colours[i*channels:][:channels]
		ids[i] = uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
	}
	return ids
}

// packEdges turns maps into one channel, which is 1 at the edges of areas and 0 elsewhere.
func packEdges[T comparable](classes []T, n, h, w int, layout manifest.Layout) tensor {
	t := tensor{shape: imageShape(layout, n, 1, h, w), floats: make([]float32, n*h*w)}
	for k := range n {
		drawEdges(classes[k*h*w:][:h*w], h, w, t.floats[k*h*w:], 1)
	}
	return t
}

// drawEdges sets the pixels that differ from one of their four neighbours to 1, on both sides of an
// edge (Wang et al. 2018, pix2pixHD, "instance boundary map").
func drawEdges[T comparable](classes []T, h, w int, to []float32, step int) {
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
