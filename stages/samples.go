package stages

/*
#include "picture.h"
*/
import "C"

import (
	"fmt"
	"math"
)

// A TIFF can hold samples that are no whole numbers of 8 or 16 bits from black to white: signed ones, those of
// 32 bits, and floating-point ones. No tag says what black and white are. samples says how they are read.
type samples struct {
	black, white float64
	opaque       float64 // of an alpha
	linear       bool    // proportional to light, as floating-point colours are
}

// samplesOf finds out how the samples of a picture are to be read, or returns nil if they are usual ones. It
// reads all of the picture for that. The warning says what was taken as black and white, unless that is
// certain.
func samplesOf(p picture) (s *samples, warning string, err error) {
	switch p.image.Type {
	case C.VIPS_INTERPRETATION_B_W, C.VIPS_INTERPRETATION_GREY16, C.VIPS_INTERPRETATION_sRGB, C.VIPS_INTERPRETATION_RGB16, C.VIPS_INTERPRETATION_scRGB:
	default:
		return nil, "", nil
	}
	format := p.image.BandFmt
	if format == C.VIPS_FORMAT_UCHAR || format == C.VIPS_FORMAT_USHORT {
		return nil, "", nil
	}
	var values [3]C.double
	if C.gtx_range(p.image, &values[0]) == 0 {
		return nil, "", errDecode
	}
	r := sampleRange{float64(values[0]), float64(values[1]), float64(values[2])}
	s = &samples{}
	certain := false
	switch format {
	case C.VIPS_FORMAT_CHAR:
		s.opaque = math.MaxInt8
		s.black, s.white = r.signed(math.MinInt8, math.MaxUint8)
	case C.VIPS_FORMAT_SHORT:
		s.opaque = math.MaxInt16
		s.black, s.white = r.signed(math.MinInt16, math.MaxInt16)
	case C.VIPS_FORMAT_UINT:
		s.opaque = math.MaxUint32
		s.white, certain = r.upTo(math.MaxUint8, math.MaxUint16, math.MaxUint32), r.most > math.MaxUint16
	case C.VIPS_FORMAT_INT:
		s.opaque = math.MaxInt32
		s.white = r.upTo(math.MaxUint8, math.MaxUint16, math.MaxInt32)
	case C.VIPS_FORMAT_FLOAT:
		s.opaque = 1
		s.white, certain = 1, r.most <= 1
		if r.mean > 1 {
			s.white = r.upTo(math.MaxUint8, math.MaxUint16)
		}
		s.linear = s.white == 1 && p.bands() >= 3
	}
	if s.white == 0 || s.black == 0 && r.least < -0.05*s.white || math.IsNaN(r.mean) {
		return nil, "", fmt.Errorf("samples from %g to %g: gtx cannot tell which are black and white", r.least, r.most)
	}
	if !certain {
		warning = fmt.Sprintf("samples from %g to %g: %g is taken as black, %g as white", r.least, r.most, s.black, s.white)
	}
	return s, warning, nil
}

// A sampleRange holds the least and the largest sample of a picture and their mean.
type sampleRange struct{ least, most, mean float64 }

// signed returns black and white of signed samples: their whole range if some are negative, else 0 and the
// first of 255 and white that is not below them.
func (r sampleRange) signed(least, white float64) (float64, float64) {
	if r.least < 0 {
		return least, -least - 1
	}
	return 0, r.upTo(math.MaxUint8, white)
}

// upTo returns the first of some values for white that is not below the samples, or 0.
func (r sampleRange) upTo(values ...float64) float64 {
	for _, v := range values {
		if r.most <= v {
			return v
		}
	}
	return 0
}

// scale gives a picture whole samples of 16 bits.
func (p *picture) scale(s *samples) {
	if p.image != nil && s != nil {
		p.become(C.gtx_scaled(p.image, C.double(s.black), C.double(s.white), C.double(s.opaque), gboolean(s.linear)))
	}
}
