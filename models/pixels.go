package models

import (
	"errors"
	"fmt"
)

// channelStep and pixelStep locate the values of a float tensor: value c of pixel i in a picture of
// area pixels is at c*channelStep + i*pixelStep.
func steps(layout string, area int) (channelStep, pixelStep int) {
	if layout == layoutNCHW {
		return area, 1
	}
	return 1, channels
}

// source is the channel of RGB that becomes channel c of a network.
func source(color string, c int) int {
	if color == colorBGR {
		return channels - 1 - c
	}
	return c
}

// packFloats turns 8-bit RGB pictures of area pixels each into a network's values,
// byte*scale + offset, in its own layout and channel order.
func packFloats(pixels []byte, area int, in *Input) []float32 {
	values := make([]float32, len(pixels))
	channelStep, pixelStep := steps(in.Layout, area)
	for c := range channels {
		var table [256]float32
		for b := range table {
			table[b] = float32(float64(b)*in.Image.Scale[c] + in.Image.Offset[c])
		}
		from := source(in.Image.Color, c)
		for start := 0; start < len(pixels); start += area * channels {
			picture, to := pixels[start:start+area*channels], values[start:start+area*channels]
			for i := range area {
				to[c*channelStep+i*pixelStep] = table[picture[i*channels+from]]
			}
		}
	}
	return values
}

var errNotFinite = errors.New("the network gave NaN or infinity")

// unpackFloats is the way back: (value-offset)/scale, rounded half up, beyond black and white clipped
// or, where the manifest forbids it, an error.
func unpackFloats(values []float32, area int, out *Output) ([]byte, error) {
	pixels := make([]byte, len(values))
	channelStep, pixelStep := steps(out.Layout, area)
	for c := range channels {
		offset, factor := float32(out.Offset[c]), float32(1/out.Scale[c])
		to := source(out.Color, c)
		for start := 0; start < len(values); start += area * channels {
			from, picture := values[start:start+area*channels], pixels[start:start+area*channels]
			for i := range area {
				v := (from[c*channelStep+i*pixelStep]-offset)*factor + 0.5
				if v-v != 0 {
					return nil, errNotFinite
				}
				if v < 0 || v >= 256 {
					if !*out.Clip {
						return nil, fmt.Errorf("the network gave %g, beyond 0 to 255", v-0.5)
					}
					v = min(max(v, 0), 255)
				}
				picture[i*channels+to] = byte(v)
			}
		}
	}
	return pixels, nil
}
