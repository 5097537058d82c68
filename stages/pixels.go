package stages

import (
	"errors"
	"fmt"
	"math"

	"gtx/stages/raster"
)

// Pixels are 8-bit samples in sRGB, 3 or 4 bytes per pixel.
type Pixels = raster.Pixels

// resized returns the pixels at another size, or p itself if it has that size. It does
// not use bimg, which shrinks both sides by one factor: images whose aspect changes
// blur, alias or vanish.
func resized(p Pixels, width, height int) (Pixels, error) {
	return resizedBy(p, FilterLanczos, width, height)
}

// resizedBy is like resized, but with any filter.
func resizedBy(p Pixels, filter Filter, width, height int) (Pixels, error) {
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
func (s *scope) shrunk(p Pixels, factor int) (Pixels, error) {
	if p.Bands == 3 {
		return p.Shrunk(factor), nil
	}
	q := s.of(p) // libvips weights colours by alpha
	q.shrink(factor)
	return q.pixels()
}

// inProfile converts RGB pixels from sRGB to the colours of a profile.
func inProfile(p Pixels, profile []byte) (out Pixels, err error) {
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

// checkSize refuses an image that takes more than 2 GiB at 8 bits per sample.
func checkSize(width, height, bands int) error {
	const most = math.MaxInt32
	if width > most/height/bands {
		return fmt.Errorf("%d×%d is more than 2 GiB of pixels", width, height)
	}
	return nil
}
