package stages

// #include "means.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
)

// Pixels are 8-bit samples in sRGB, row-major, Bands bytes per pixel: 3 for RGB
// and 4 for RGBA with straight alpha.
type Pixels struct {
	Width, Height, Bands int
	Data                 []byte
}

// resized returns the pixels at another size, or p itself if it has that size. It does
// not use bimg, which shrinks both sides by one factor: images whose aspect changes
// blur, alias or vanish.
func (p Pixels) resized(width, height int) (Pixels, error) {
	return p.resizedBy(FilterLanczos, width, height)
}

// resizedBy is like resized, but with any filter.
func (p Pixels) resizedBy(filter Filter, width, height int) (Pixels, error) {
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

// shrunk returns the means of blocks of factor × factor pixels, rounded. At the right and the bottom, blocks may be
// cut. factor is at most 256.
func (p Pixels) shrunk(factor int) (Pixels, error) {
	if p.Bands == 4 { // colours are weighted by alpha
		var out Pixels
		err := withPictures(func(s *scope) (err error) {
			q := s.of(p)
			q.shrink(factor)
			out, err = q.pixels()
			return err
		})
		return out, err
	}
	out := Pixels{Width: (p.Width + factor - 1) / factor, Height: (p.Height + factor - 1) / factor, Bands: p.Bands}
	out.Data = make([]byte, out.Width*out.Height*out.Bands)
	if C.gtx_means((*C.uchar)(&p.Data[0]), C.long(p.Width), C.long(p.Height), C.long(factor), (*C.uchar)(&out.Data[0])) == 0 {
		panic(errMemory)
	}
	return out, nil
}

// inProfile converts RGB pixels from sRGB to the colours of a profile.
func (p Pixels) inProfile(profile []byte) (out Pixels, err error) {
	err = withPictures(func(s *scope) error {
		q := s.of(p)
		q.toProfile(profile)
		out, err = q.pixels()
		return err
	})
	if err != nil {
		return Pixels{}, errors.New("cannot be converted to the colours of its profile")
	}
	return out, nil
}

// split separates RGBA into RGB and alpha. alpha is nil if every pixel is opaque.
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

// part copies a part of the pixels, or returns p itself if the part is all of it.
func (p Pixels) part(r rectangle) Pixels {
	if r == (rectangle{}) || r.width == p.Width && r.height == p.Height {
		return p
	}
	out := Pixels{Width: r.width, Height: r.height, Bands: p.Bands}
	for y := r.y; y < r.y+r.height; y++ {
		out.Data = append(out.Data, p.Data[(y*p.Width+r.x)*p.Bands:][:r.width*p.Bands]...)
	}
	return out
}

// padded places the pixels at a part of a larger image and repeats their edges around it.
func (p Pixels) padded(at rectangle, width, height int) Pixels {
	out := Pixels{Width: width, Height: height, Bands: p.Bands, Data: make([]byte, 0, width*height*p.Bands)}
	for y := range height {
		line := p.Data[min(max(y-at.y, 0), p.Height-1)*p.Width*p.Bands:][:p.Width*p.Bands]
		for x := range width {
			from := min(max(x-at.x, 0), p.Width-1) * p.Bands
			out.Data = append(out.Data, line[from:from+p.Bands]...)
		}
	}
	return out
}

// Luma returns the luma of each pixel by BT.601, 0 to 255.
func (p Pixels) Luma() []float32 {
	luma := make([]float32, p.Width*p.Height)
	for i := range luma {
		s := p.Data[p.Bands*i:][:3]
		luma[i] = 0.299*float32(s[0]) + 0.587*float32(s[1]) + 0.114*float32(s[2])
	}
	return luma
}

// checkSize refuses an image that takes more than 2 GiB at 8 bits per sample.
func checkSize(width, height, bands int) error {
	const most = math.MaxInt32
	if width > most/height/bands {
		return fmt.Errorf("%d×%d is more than 2 GiB of pixels", width, height)
	}
	return nil
}
