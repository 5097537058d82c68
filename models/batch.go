package models

import (
	"fmt"
	"slices"

	"gtx/models/manifest"
)

// Batch is N images of one shape laid end to end: 8-bit RGB, row by row, Height×Width×3 bytes
// each. A batch for a model that generates has a number of images and no pixels.
type Batch struct {
	N, Height, Width int
	Pixels           []byte
	From             []string // the domain of each image, as in Manifest.Code; nil: unknown
	Seeds            []uint64 // of each image's noise; nil: the Request's seed for all
	// Instances has the size of Pixels. In it every object of a label map has a colour of its own. If it is
	// nil, a model that takes an instance map uses Pixels instead.
	Instances []byte

	// Results of a model that covers: what lies beneath the cover, like Pixels, and how opaque the cover is,
	// a byte per pixel, 255 for opaque. Else both are nil.
	Beneath, Opacity []byte
}

// channels of an image in a Batch.
const channels = 3

// check makes sure that a batch is consistent and that an input accepts it. The input is nil for a model that
// takes no image.
func (b Batch) check(image *manifest.Input) error {
	switch {
	case b.N < 1:
		return fmt.Errorf("a batch of %d images", b.N)
	case b.From != nil && len(b.From) != b.N:
		return fmt.Errorf("%d domains for %d images", len(b.From), b.N)
	case b.Seeds != nil && len(b.Seeds) != b.N:
		return fmt.Errorf("%d seeds for %d images", len(b.Seeds), b.N)
	case image == nil && len(b.Pixels) > 0:
		return fmt.Errorf("%d bytes of images for a model that takes none", len(b.Pixels))
	case image == nil:
		return nil
	case b.Height < 1 || b.Width < 1 || b.Height > manifest.MaxSide || b.Width > manifest.MaxSide:
		return fmt.Errorf("a batch of %d images of %d×%d", b.N, b.Width, b.Height)
	case len(b.Pixels) != b.N*b.Height*b.Width*channels:
		return fmt.Errorf("%d bytes for %d images of %d×%d", len(b.Pixels), b.N, b.Width, b.Height)
	case b.Instances != nil && len(b.Instances) != len(b.Pixels):
		return fmt.Errorf("%d bytes of instances for %d bytes of images", len(b.Instances), len(b.Pixels))
	case !image.Size.Allows(b.Width, b.Height):
		return fmt.Errorf("the model does not accept images of %d×%d", b.Width, b.Height)
	}
	return nil
}

// from returns the domain of an image.
func (b Batch) from(i int) string {
	if b.From == nil {
		return ""
	}
	return b.From[i]
}

// part returns the images from index from up to, but not including, index to. It does not copy them.
func (b Batch) part(from, to int) Batch {
	size := len(b.Pixels) / b.N
	p := Batch{N: to - from, Height: b.Height, Width: b.Width, Pixels: b.Pixels[from*size : to*size]}
	if b.Opacity != nil {
		p.Beneath = b.Beneath[from*size : to*size]
		p.Opacity = b.Opacity[from*size/channels : to*size/channels]
	}
	if b.Instances != nil {
		p.Instances = b.Instances[from*size : to*size]
	}
	if b.From != nil {
		p.From = b.From[from:to]
	}
	if b.Seeds != nil {
		p.Seeds = b.Seeds[from:to]
	}
	return p
}

// padded returns a batch of at least n images. It repeats the last image as often as needed.
func (b Batch) padded(n int) Batch {
	if b.N >= n {
		return b
	}
	p, last := b, b.part(b.N-1, b.N)
	p.N = n
	p.Pixels = slices.Concat(b.Pixels, slices.Repeat(last.Pixels, n-b.N))
	p.Instances = slices.Concat(b.Instances, slices.Repeat(last.Instances, n-b.N))
	p.From = slices.Concat(b.From, slices.Repeat(last.From, n-b.N))
	p.Seeds = slices.Concat(b.Seeds, slices.Repeat(last.Seeds, n-b.N))
	return p
}

// joined returns the images of both batches. Their shapes must be equal.
func (b Batch) joined(more Batch) (Batch, error) {
	if b.N == 0 {
		return more, nil
	}
	if b.Height != more.Height || b.Width != more.Width {
		return Batch{}, fmt.Errorf("the network gave images of %d×%d and of %d×%d in one batch", b.Width, b.Height, more.Width, more.Height)
	}
	return Batch{
		N: b.N + more.N, Height: b.Height, Width: b.Width, Pixels: append(b.Pixels, more.Pixels...),
		Beneath: append(b.Beneath, more.Beneath...), Opacity: append(b.Opacity, more.Opacity...),
	}, nil
}
