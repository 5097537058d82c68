// Package raster holds pixels in memory and what is computed from them alone, without libvips: parts of an image and
// means, the score of its checkerboard, an image without one, and the change from one image to another as affine maps.
//
// No function except BoxMean changes its arguments. All are safe for concurrent use, and every processor gives
// the same result.
package raster

// #include "means.h"
import "C"

// Pixels are 8-bit samples in sRGB, row-major, Bands bytes per pixel: 3 for RGB
// and 4 for RGBA with straight alpha.
type Pixels struct {
	Width, Height, Bands int
	Data                 []byte
}

// At returns the samples of a pixel.
func (p Pixels) At(x, y int) []byte { return p.Data[(y*p.Width+x)*p.Bands:][:p.Bands] }

// Shrunk returns the means of blocks of factor × factor pixels of RGB, rounded. At the right and the bottom, blocks may
// be cut. factor is at most 256.
func (p Pixels) Shrunk(factor int) Pixels {
	out := Pixels{Width: (p.Width + factor - 1) / factor, Height: (p.Height + factor - 1) / factor, Bands: 3}
	out.Data = make([]byte, out.Width*out.Height*3)
	if C.gtx_means((*C.uchar)(&p.Data[0]), C.long(p.Width), C.long(p.Height), C.long(factor), (*C.uchar)(&out.Data[0])) == 0 {
		panic(errMemory)
	}
	return out
}

// Split separates RGBA into RGB and alpha. alpha is nil if every pixel is opaque.
func (p Pixels) Split() (rgb Pixels, alpha []byte) {
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

// Join is the inverse of Split.
func (p Pixels) Join(alpha []byte) Pixels {
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

// Part copies a part of the pixels, or returns p itself if the part is all of it.
func (p Pixels) Part(r Rectangle) Pixels {
	if r == (Rectangle{}) || r.Width == p.Width && r.Height == p.Height {
		return p
	}
	out := Pixels{Width: r.Width, Height: r.Height, Bands: p.Bands}
	for y := r.Y; y < r.Y+r.Height; y++ {
		out.Data = append(out.Data, p.Data[(y*p.Width+r.X)*p.Bands:][:r.Width*p.Bands]...)
	}
	return out
}

// Padded places the pixels at a part of a larger image and repeats their edges around it.
func (p Pixels) Padded(at Rectangle, width, height int) Pixels {
	out := Pixels{Width: width, Height: height, Bands: p.Bands, Data: make([]byte, 0, width*height*p.Bands)}
	for y := range height {
		line := p.Data[min(max(y-at.Y, 0), p.Height-1)*p.Width*p.Bands:][:p.Width*p.Bands]
		for x := range width {
			from := min(max(x-at.X, 0), p.Width-1) * p.Bands
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

// OnWhite returns the pixels without alpha, on white paper.
func (p Pixels) OnWhite() Pixels {
	if p.Bands == 3 {
		return p
	}
	rgb, alpha := p.Split()
	for i, a := range alpha {
		for k := range 3 {
			v := &rgb.Data[3*i+k]
			*v = byte((int(*v)*int(a) + 255*(255-int(a)) + 127) / 255)
		}
	}
	return rgb
}
