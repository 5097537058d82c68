package manifest

import "math"

// Size says which image sizes a network accepts and how an image is brought to one.
type Size struct {
	Mode       SizeMode `yaml:"mode"`        // fixed, multiple or any
	H          int      `yaml:"h"`           // height and width in pixels at which the network was trained;
	W          int      `yaml:"w"`           // both are left out to keep the size of the image
	MultipleOf int      `yaml:"multiple_of"` // each side is a multiple of it; 1 if the mode is any
	Min        int      `yaml:"min"`         // of each side; default: one multiple
	Max        int      `yaml:"max"`         // of each side; 0: no bound
	Fit        Fit      `yaml:"fit"`         // how the aspect changes: stretch (the default), crop or pad the image
	Filter     Filter   `yaml:"filter"`      // nearest, bilinear, bicubic or lanczos (the default)
	Restore    Restore  `yaml:"restore"`     // source (the default) resizes the result to its image's size; none does not
}

// Shape returns the width and height at which an image of w×h pixels enters the network: ShapeFor with the
// pixels of the manifest's size or, if it has none, the accepted size nearest to the image's.
func (s Size) Shape(w, h int) (int, int) {
	if s.W == 0 {
		return s.shape(w, h, max(w, h))
	}
	return s.ShapeFor(w, h, s.W*s.H)
}

// Nominal returns a width and height that the network accepts: the manifest's, or else about 256×256.
func (s Size) Nominal() (w, h int) {
	if s.W == 0 {
		return s.ShapeFor(1, 1, 256*256)
	}
	return s.W, s.H
}

// widest is the aspect up to which ShapeFor keeps the number of pixels.
const widest = 16

// ShapeFor returns the width and height at which an image of w×h pixels enters the network if it is to have about that
// many pixels there. So a network sees things at the same scale in a wide photograph as in a square one. The shorter
// side is a multiple, and the longer one follows from it, so that images of about the same aspect share a shape and
// fit into one batch. A smaller image is enlarged. A network of fixed size has one shape for all images.
func (s Size) ShapeFor(w, h, pixels int) (int, int) {
	if s.Mode == SizeFixed {
		return s.W, s.H
	}
	w, h = max(w, 1), max(h, 1)
	side, aspect := math.Sqrt(float64(pixels)), float64(max(w, h))/float64(min(w, h))
	short := s.nearest(int(math.Round(side/math.Sqrt(aspect))), 1, 1)
	long := s.nearest(pixels, 1, short)
	switch {
	case aspect > widest:
		return s.shape(w, h, int(side*math.Sqrt(widest)))
	case long < short || s.Max > 0 && pixels > s.Max*short: // the bounds decide, not the pixels
		return s.shape(w, h, long)
	case w >= h:
		return long, short
	default:
		return short, long
	}
}

// shape returns an accepted width and height: the longer side is the multiple nearest to long, the shorter side
// the multiple nearest to the image's aspect, and both stay within Min and Max.
func (s Size) shape(w, h, long int) (int, int) {
	w, h, long = max(w, 1), max(h, 1), s.nearest(long, 1, 1)
	if w >= h {
		return long, s.nearest(long, h, w)
	}
	return s.nearest(long, w, h), long
}

// nearest returns the accepted side nearest to side*num/den.
func (s Size) nearest(side, num, den int) int {
	m := s.MultipleOf
	n := int((2*int64(side)*int64(num) + int64(den)*int64(m)) / (2 * int64(den) * int64(m)) * int64(m))
	n = max(n, ceil(s.Min, m), m)
	if s.Max > 0 {
		n = min(n, s.Max/m*m)
	}
	return n
}

// Allows says whether the network accepts images of w×h pixels.
func (s Size) Allows(w, h int) bool {
	if s.Mode == SizeFixed {
		return w == s.W && h == s.H
	}
	for _, side := range []int{w, h} {
		if side < s.Min || side%s.MultipleOf != 0 || s.Max > 0 && side > s.Max {
			return false
		}
	}
	return true
}

// ceil returns the least multiple of m that is not less than n.
func ceil(n, m int) int {
	return (n + m - 1) / m * m
}

// complete fills in the defaults of a size and checks it.
func (s *Size) complete(field string) error {
	if err := oneOf(field+".mode", s.Mode, []SizeMode{SizeFixed, SizeMultiple, SizeAny}); err != nil {
		return err
	}
	defaults(&s.Fit, FitStretch)
	defaults(&s.Filter, FilterLanczos)
	defaults(&s.Restore, RestoreSource)
	if err := oneOf(field+".fit", s.Fit, []Fit{FitStretch, FitCrop, FitPad}); err != nil {
		return err
	}
	if err := oneOf(field+".filter", s.Filter, []Filter{FilterNearest, FilterBilinear, FilterBicubic, FilterLanczos}); err != nil {
		return err
	}
	if err := oneOf(field+".restore", s.Restore, []Restore{RestoreSource, RestoreNone}); err != nil {
		return err
	}
	least := 1
	if s.Mode != SizeFixed && s.W == 0 && s.H == 0 {
		least = 0
	}
	bounds := []struct {
		key        string
		value, low int
	}{{"h", s.H, least}, {"w", s.W, least}, {"multiple_of", s.MultipleOf, 0}, {"min", s.Min, 0}, {"max", s.Max, 0}}
	for _, b := range bounds {
		if b.value < b.low || b.value > MaxSide {
			return Errorf(field+"."+b.key, "%d is not within %d to %d", b.value, b.low, MaxSide)
		}
	}
	switch {
	case s.Mode == SizeMultiple && s.MultipleOf == 0:
		return Errorf(field+".multiple_of", "missing")
	case s.Mode == SizeAny && s.MultipleOf > 1:
		return Errorf(field+".multiple_of", "contradicts the mode any")
	case s.Mode == SizeFixed && (s.MultipleOf != 0 || s.Min != 0 || s.Max != 0):
		return Errorf(field, "multiple_of, min and max contradict the mode fixed")
	case s.Mode == SizeFixed:
		return nil
	}
	s.MultipleOf = max(s.MultipleOf, 1)
	if s.Max > 0 && ceil(max(s.Min, 1), s.MultipleOf) > s.Max {
		return Errorf(field+".max", "no multiple of %d lies within %d to %d", s.MultipleOf, s.Min, s.Max)
	}
	if least == 1 && !s.Allows(s.W, s.H) {
		return Errorf(field, "the nominal size, w %d and h %d, breaks its own bounds", s.W, s.H)
	}
	return nil
}
