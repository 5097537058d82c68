package manifest

// Size says which pictures a network accepts and how a picture is brought to such a size.
type Size struct {
	Mode       SizeMode `yaml:"mode"`        // fixed, multiple or any
	H          int      `yaml:"h"`           // nominal height in pixels, the one trained at; left out with W:
	W          int      `yaml:"w"`           // the picture's own size
	MultipleOf int      `yaml:"multiple_of"` // of each side; 1 where the mode is any
	Min        int      `yaml:"min"`         // shortest side; default: one multiple
	Max        int      `yaml:"max"`         // longest side; 0 is no bound
	Fit        Fit      `yaml:"fit"`         // to that aspect: stretch (the default), crop the picture, or pad it
	Filter     Filter   `yaml:"filter"`      // nearest, bilinear, bicubic or lanczos (the default)
	Restore    Restore  `yaml:"restore"`     // source (the default): the result regains its picture's size; or none
}

// Shape returns the network's width and height for a picture of w×h pixels: ShapeFor with the
// nominal size, the longer of the manifest's two, or with the picture's own.
func (s Size) Shape(w, h int) (int, int) {
	if s.W == 0 {
		return s.ShapeFor(w, h, max(w, h))
	}
	return s.ShapeFor(w, h, max(s.W, s.H))
}

// Nominal is a width and height that the network accepts: the manifest's, or else about 256×256.
func (s Size) Nominal() (w, h int) {
	if s.W == 0 {
		return s.ShapeFor(256, 256, 256)
	}
	return s.W, s.H
}

// ShapeFor returns the network's width and height for a picture of w×h pixels whose longer side
// shall become nominal pixels. The longer side is the same for all pictures and the shorter one the
// nearest multiple to the picture's aspect, both within Min and Max; so photographs of about the same
// aspect share a shape, and with it a batch. A picture smaller than nominal is enlarged to it. A
// network of fixed size has one shape, whatever is asked for.
func (s Size) ShapeFor(w, h, nominal int) (int, int) {
	if s.Mode == SizeFixed {
		return s.W, s.H
	}
	w, h = max(w, 1), max(h, 1)
	long := s.nearest(nominal, 1, 1)
	if w >= h {
		return long, s.nearest(long, h, w)
	}
	return s.nearest(long, w, h), long
}

// nearest is the admissible side nearest to side*num/den.
func (s Size) nearest(side, num, den int) int {
	m := s.MultipleOf
	n := int((2*int64(side)*int64(num) + int64(den)*int64(m)) / (2 * int64(den) * int64(m)) * int64(m))
	n = max(n, ceil(s.Min, m), m)
	if s.Max > 0 {
		n = min(n, s.Max/m*m)
	}
	return n
}

// allows says whether the network accepts pictures of w×h pixels.
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

// ceil is the least multiple of m that is not less than n.
func ceil(n, m int) int {
	return (n + m - 1) / m * m
}

// complete checks a size from a manifest and fills in the defaults.
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
