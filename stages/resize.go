package stages

import (
	"context"
	"errors"

	"github.com/h2non/bimg"
)

// Resize returns the stage that brings a picture to the network's shape, as RGB
// with the alpha set apart.
func Resize(shape Shape) func(context.Context, Image) (Image, error) {
	return func(_ context.Context, img Image) (Image, error) {
		wide, high := shape(img.Width, img.Height)
		pixels, err := img.Pixels.resized(wide, high)
		if err != nil {
			return Image{}, err
		}
		img.Pixels, img.Alpha = pixels.split()
		return img, nil
	}
}

// resized returns the picture at another size; p itself if it has that size.
func (p Pixels) resized(width, height int) (Pixels, error) {
	if p.Width == width && p.Height == height {
		return p, nil
	}
	file, err := raster{Pixels: p}.file()
	if err != nil {
		return Pixels{}, err
	}
	file, err = bimg.NewImage(file).Process(bimg.Options{
		Type: bimg.TIFF, Width: width, Height: height, Force: true,
	})
	if err != nil {
		return Pixels{}, errors.New("cannot be resized")
	}
	r, err := parseRaster(file)
	return r.Pixels, err
}

// split parts RGBA into RGB and alpha; alpha is nil where all is opaque.
func (p Pixels) split() (rgb Pixels, alpha []byte) {
	if p.Bands == 3 {
		return p, nil
	}
	n := p.Width * p.Height
	rgb = Pixels{Width: p.Width, Height: p.Height, Bands: 3, Data: make([]byte, 3*n)}
	alpha = make([]byte, n)
	opaque := byte(255)
	for i := range n {
		copy(rgb.Data[3*i:3*i+3], p.Data[4*i:4*i+3])
		alpha[i] = p.Data[4*i+3]
		opaque &= alpha[i]
	}
	if opaque == 255 {
		alpha = nil
	}
	return rgb, alpha
}

// join is the inverse of split.
func (p Pixels) join(alpha []byte) Pixels {
	if alpha == nil {
		return p
	}
	out := Pixels{Width: p.Width, Height: p.Height, Bands: 4, Data: make([]byte, 4*len(alpha))}
	for i, a := range alpha {
		copy(out.Data[4*i:4*i+3], p.Data[3*i:3*i+3])
		out.Data[4*i+3] = a
	}
	return out
}
