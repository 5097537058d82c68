package models

import (
	"errors"
	"fmt"

	"gtx/models/manifest"
)

// A tensor is an input or an output of a graph. Its values are either floats or bytes.
type tensor struct {
	shape  []int64
	floats []float32
	bytes  []uint8
}

// sides returns the number of channels, the height and the width of an image tensor in a layout.
func (t tensor) sides(layout manifest.Layout) (depth, height, width int) {
	if layout == manifest.LayoutNCHW {
		return int(t.shape[1]), int(t.shape[2]), int(t.shape[3])
	}
	return int(t.shape[3]), int(t.shape[1]), int(t.shape[2])
}

// imageShape returns the shape of n images in a layout.
func imageShape(layout manifest.Layout, n, depth, height, width int) []int64 {
	if layout == manifest.LayoutNCHW {
		return []int64{int64(n), int64(depth), int64(height), int64(width)}
	}
	return []int64{int64(n), int64(height), int64(width), int64(depth)}
}

// steps locates the values of an image tensor. Within an image of area pixels, channel c of pixel i is at
// c*channelStep + i*pixelStep.
func steps(layout manifest.Layout, depth, area int) (channelStep, pixelStep int) {
	if layout == manifest.LayoutNCHW {
		return area, 1
	}
	return 1, depth
}

// source returns the channel of RGB that becomes channel c of the network.
func source(color manifest.Color, c int) int {
	if color == manifest.ColorBGR {
		return channels - 1 - c
	}
	return c
}

// pack turns 8-bit RGB images into the tensor of an image input: byte*scale + offset, in the input's layout
// and channel order. It does not copy bytes that need no change.
func pack(pixels []byte, n, height, width int, in *manifest.Input) tensor {
	color := in.Image.Color
	depth := color.Channels()
	t := tensor{shape: imageShape(in.Layout, n, depth, height, width)}
	switch {
	case in.DType != manifest.DTypeUint8:
		t.floats = packAs(pixels, height*width, in, func(c int, b byte) float32 {
			return float32(float64(b)*in.Image.Scale[c] + in.Image.Offset[c])
		})
	case color == manifest.ColorRGB && in.Layout == manifest.LayoutNHWC:
		t.bytes = pixels
	default:
		t.bytes = packAs(pixels, height*width, in, func(_ int, b byte) byte { return b })
	}
	return t
}

func packAs[T any](pixels []byte, area int, in *manifest.Input, value func(channel int, b byte) T) []T {
	color := in.Image.Color
	depth := color.Channels()
	values := make([]T, len(pixels)/channels*depth)
	channelStep, pixelStep := steps(in.Layout, depth, area)
	for c := range depth {
		var table [256]T
		for b := range table {
			table[b] = value(c, byte(b))
		}
		from := source(color, c)
		for start := 0; start*channels < len(pixels); start += area {
			image, to := pixels[start*channels:][:area*channels], values[start*depth:][:area*depth]
			if color == manifest.ColorGray {
				for i := range area {
					to[i] = table[luma(image[i*channels:])]
				}
				continue
			}
			for i := range area {
				to[c*channelStep+i*pixelStep] = table[image[i*channels+from]]
			}
		}
	}
	return values
}

// luma returns the luma of ITU-R BT.601, rounded.
func luma(p []byte) byte {
	return byte((299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) + 500) / 1000)
}

var errNotFinite = errors.New("the network gave NaN or infinity")

// unpack turns an output into 8-bit RGB images.
func unpack(t tensor, out *manifest.Output) (Batch, error) {
	if len(t.shape) != 4 {
		return Batch{}, fmt.Errorf("the network gave %v instead of images", t.shape)
	}
	depth, height, width := t.sides(out.Layout)
	if depth != out.Color.Channels() || height < 1 || width < 1 {
		return Batch{}, fmt.Errorf("the network gave %v instead of images", t.shape)
	}
	b := Batch{N: int(t.shape[0]), Height: height, Width: width}
	area := height * width
	if t.bytes == nil {
		var err error
		b.Pixels, err = unpackFloats(t.floats, area, out)
		return b, err
	}
	if out.Color == manifest.ColorRGB && out.Layout == manifest.LayoutNHWC {
		b.Pixels = t.bytes
		return b, nil
	}
	b.Pixels = make([]byte, b.N*area*channels)
	channelStep, pixelStep := steps(out.Layout, depth, area)
	for c := range depth {
		to := source(out.Color, c)
		for start := 0; start < b.N*area; start += area {
			from, image := t.bytes[start*depth:][:area*depth], b.Pixels[start*channels:][:area*channels]
			for i := range area {
				image[i*channels+to] = from[c*channelStep+i*pixelStep]
			}
		}
	}
	spreadGrey(b.Pixels, out.Color)
	return b, nil
}

// unpackFloats is the inverse of pack: (value-offset)/scale, rounded half up. A result below 0 or above 255
// is clipped, or is an error if the manifest forbids clipping.
func unpackFloats(values []float32, area int, out *manifest.Output) ([]byte, error) {
	depth := out.Color.Channels()
	pixels := make([]byte, len(values)/depth*channels)
	channelStep, pixelStep := steps(out.Layout, depth, area)
	for c := range depth {
		offset, factor := float32(out.Offset[c]), float32(1/out.Scale[c])
		to := source(out.Color, c)
		for start := 0; start*depth < len(values); start += area {
			from, image := values[start*depth:][:area*depth], pixels[start*channels:][:area*channels]
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
				image[i*channels+to] = byte(v)
			}
		}
	}
	spreadGrey(pixels, out.Color)
	return pixels, nil
}

// spreadGrey copies the first channel of grey images to the other two.
func spreadGrey(pixels []byte, color manifest.Color) {
	if color != manifest.ColorGray {
		return
	}
	for i := 0; i < len(pixels); i += channels {
		pixels[i+1], pixels[i+2] = pixels[i], pixels[i]
	}
}
