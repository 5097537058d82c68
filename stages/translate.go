package stages

import (
	"context"
	"fmt"
	"slices"
)

// A Translated is a labelled image and its translation.
type Translated struct {
	Labelled
	Result Pixels // RGB at the network's size; zero where the image is kept
}

// TranslateKey tells which images can share a batch: those of one shape.
func TranslateKey(l Labelled) [3]int {
	if l.Keep {
		return [3]int{}
	}
	return [3]int{l.Pixels.Width, l.Pixels.Height, l.Pixels.Bands}
}

// Translate returns the stage that translates a batch towards the domain with
// the given code; nil is for a network that takes none. Images to be kept pass
// by.
func Translate(n Network, code *float32) func(context.Context, []Labelled) ([]Translated, error) {
	return func(ctx context.Context, images []Labelled) ([]Translated, error) {
		out := make([]Translated, len(images))
		for i, l := range images {
			out[i].Labelled = l
		}
		if images[0].Keep {
			return out, nil
		}
		pixels := make([]Pixels, len(images))
		for i, l := range images {
			pixels[i] = l.Pixels
		}
		in := batchOf(pixels)
		if code != nil {
			in.Codes = slices.Repeat([]float32{*code}, in.N)
		}
		result, err := n.Run(ctx, in)
		if err != nil {
			return nil, err
		}
		size := 3 * result.Width * result.Height
		if result.N != in.N || size == 0 || len(result.Pixels) != result.N*size {
			return nil, fmt.Errorf("the network gave %d pictures of %d×%d in %d bytes for a batch of %d",
				result.N, result.Width, result.Height, len(result.Pixels), in.N)
		}
		for i := range out {
			out[i].Result = Pixels{
				Width: result.Width, Height: result.Height, Bands: 3,
				Data: result.Pixels[i*size : (i+1)*size : (i+1)*size],
			}
		}
		return out, nil
	}
}
