package models

import (
	"gtx/models/manifest"
)

// upsampled enlarges the images of a tensor k times by bilinear interpolation, with the centres of the images
// aligned.
func (t tensor) upsampled(k int, layout manifest.Layout) tensor {
	if k <= 1 {
		return t
	}
	depth, h, w := t.sides(layout)
	n := int(t.shape[0])
	out := tensor{shape: imageShape(layout, n, depth, h*k, w*k), floats: make([]float32, len(t.floats)*k*k)}
	lines, columns := grid(h, k), grid(w, k)
	fromChannel, fromPixel := steps(layout, depth, h*w)
	toChannel, toPixel := steps(layout, depth, h*w*k*k)
	for p := range n {
		from, to := t.floats[p*depth*h*w:][:depth*h*w], out.floats[p*depth*h*w*k*k:][:depth*h*w*k*k]
		for c := range depth {
			at := func(y, x int) float32 { return from[c*fromChannel+(y*w+x)*fromPixel] }
			for y, line := range lines {
				for x, column := range columns {
					above := at(line.from, column.from) + column.part*(at(line.from, column.to)-at(line.from, column.from))
					below := at(line.to, column.from) + column.part*(at(line.to, column.to)-at(line.to, column.from))
					to[c*toChannel+(y*w*k+x)*toPixel] = above + line.part*(below-above)
				}
			}
		}
	}
	return out
}

// A position says between which two samples a new sample lies. part is the share of the second, from 0 to 1.
type position struct {
	from, to int
	part     float32
}

// grid returns the positions of n*k new samples among n old ones.
func grid(n, k int) []position {
	positions := make([]position, n*k)
	for i := range positions {
		at := min(max((float64(i)+0.5)/float64(k)-0.5, 0), float64(n-1))
		from := int(at)
		positions[i] = position{from, min(from+1, n-1), float32(at - float64(from))}
	}
	return positions
}
