package stages

import (
	"context"
	"math"

	"gtx/stages/raster"
)

// A Fit says how an image is brought to a network's shape.
type Fit struct {
	Shape  Shape
	Mode   FitMode // "" is FitStretch
	Filter Filter  // "" is FilterLanczos
}

// A FitMode says what to do if the network's shape has another aspect than the image.
type FitMode string

const (
	FitStretch FitMode = "stretch" // scale both sides to it
	FitCrop    FitMode = "crop"    // take the largest middle part of that aspect
	FitPad     FitMode = "pad"     // take the whole image and repeat its edges around it
)

// A Filter is the interpolation between pixels.
type Filter string

const (
	FilterLanczos  Filter = "lanczos"
	FilterBicubic  Filter = "bicubic"
	FilterBilinear Filter = "bilinear"
	FilterNearest  Filter = "nearest"
)

// Resize returns the stage that brings an image to the network's shape, as RGB with
// alpha kept apart.
func Resize(f Fit) func(context.Context, Image) (Image, error) {
	return func(_ context.Context, img Image) (Image, error) { return f.resize(img) }
}

func (f Fit) resize(img Image) (Image, error) {
	if data := img.original.file.instances; data != nil {
		var err error
		if img.Instances, err = f.instances(img, data); err != nil {
			return Image{}, err
		}
	}
	netWidth, netHeight := f.Shape(img.Width, img.Height)
	pixels := img.Pixels
	inner := raster.Rectangle{Width: netWidth, Height: netHeight}
	switch f.Mode {
	case FitCrop:
		img.original.crop = raster.Middle(img.Width, img.Height, netWidth, netHeight)
		x, y := float64(pixels.Width)/float64(img.Width), float64(pixels.Height)/float64(img.Height)
		pixels = pixels.Part(img.original.crop.Scaled(x, y, pixels.Width, pixels.Height))
		img.Width, img.Height = img.original.crop.Width, img.original.crop.Height
	case FitPad:
		inner = raster.Within(img.Width, img.Height, netWidth, netHeight)
	}
	pixels, err := resizedBy(pixels, f.Filter, inner.Width, inner.Height)
	if err != nil {
		return Image{}, err
	}
	img.Pixels, img.Alpha = pixels.Split()
	if inner.Width < netWidth || inner.Height < netHeight {
		img.inner = inner
		img.Pixels = img.Pixels.Padded(inner, netWidth, netHeight)
	}
	return img, nil
}

// Decoding is the shape below which Decode must not shrink an image. It is nil, for
// the full size, if the filter must not mix samples.
func (f Fit) Decoding() Shape {
	switch {
	case f.Filter == FilterNearest:
		return nil
	case f.Mode != FitCrop:
		return f.Shape
	}
	// The part that is left after cropping has to be large enough.
	return func(width, height int) (int, int) {
		netWidth, netHeight := f.Shape(width, height)
		scale := max(float64(netWidth)/float64(width), float64(netHeight)/float64(height))
		return int(math.Ceil(scale * float64(width))), int(math.Ceil(scale * float64(height)))
	}
}
