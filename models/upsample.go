package models

import (
	"gtx/models/manifest"
)

// upsampled enlarges the images of a tensor k times, bilinearly and with aligned pixel centres.
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

// A node places a fine sample between two coarse ones: part of the way from one to the other.
type node struct {
	from, to int
	part     float32
}

// grid places n*k fine samples on n coarse ones.
func grid(n, k int) []node {
	nodes := make([]node, n*k)
	for i := range nodes {
		at := min(max((float64(i)+0.5)/float64(k)-0.5, 0), float64(n-1))
		from := int(at)
		nodes[i] = node{from, min(from+1, n-1), float32(at - float64(from))}
	}
	return nodes
}
