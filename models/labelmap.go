package models

import (
	"gtx/models/labelmap"
	"gtx/models/manifest"
)

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
			labelmap.DrawEdges(image, h, w, to[(depth-1)*channelStep:], pixelStep)
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
		labelmap.DrawEdges(classes[k*h*w:][:h*w], h, w, t.floats[k*h*w:], 1)
	}
	return t
}
