package stages

import (
	"context"
	"errors"
)

// Resize returns the stage that brings a picture to the network's shape, as RGB
// with the alpha set apart.
func Resize(f Fit) func(context.Context, Image) (Image, error) {
	return func(_ context.Context, img Image) (Image, error) { return f.bring(img) }
}

// resized returns the picture at another size; p itself if it has that size.
// Not by way of bimg: it shrinks both sides by the larger of two factors, or
// neither well, so that pictures blur, alias or vanish where the aspect changes.
func (p Pixels) resized(width, height int) (Pixels, error) {
	return p.resizedBy("", width, height)
}

// resizedBy is resized with a filter of choice.
func (p Pixels) resizedBy(filter string, width, height int) (Pixels, error) {
	if p.Width == width && p.Height == height {
		return p, nil
	}
	if err := checkSize(width, height, p.Bands); err != nil {
		return Pixels{}, err
	}
	out := Pixels{}
	err := withPictures(func(s *scope) (err error) {
		q := s.of(p)
		q.resize(filter, width, height)
		out, err = q.pixels()
		return err
	})
	if err != nil {
		return Pixels{}, errors.New("cannot be resized")
	}
	return out, nil
}

// inProfile returns an RGB picture in the colours of a profile, instead of sRGB.
func (p Pixels) inProfile(profile []byte) (out Pixels, err error) {
	err = withPictures(func(s *scope) error {
		q := s.of(p)
		q.toProfile(profile)
		out, err = q.pixels()
		return err
	})
	if err != nil {
		return Pixels{}, errors.New("cannot be brought to the colours of its profile")
	}
	return out, nil
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
