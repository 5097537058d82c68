package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// Code returns the numbers of the label input that translate an image of the domain from to a target with
// a strength. The domain is "" if it is not known, NoDomain if there is none, and a list with commas if
// there are several. A model without a label has no code, which is nil.
//
// A scalar label with op scale is the code of the target times the strength. With op lerp it runs from the neutral code
// at strength 0 to the code of the target at 1. A pair consists of 1 minus that number and the number. In a vector, op
// scale raises the targets from Off towards On, and op lerp moves every number from the base to the wanted label. In
// each case the strength is multiplied by Full first: an attribute may need three times the strength that it had in the
// training images. The error is a *DomainError, a *StrengthError or a *SourceError.
func (m *Manifest) Code(to string, strength float64, from string) ([]float32, error) {
	if err := m.CheckTarget(to, strength); err != nil {
		return nil, err
	}
	if label := m.Label(); label != nil {
		return m.CodeFor(label, to, strength, from)
	}
	return nil, nil
}

// CodeFor is like Code for one label of several. It does not check the target and the strength.
func (m *Manifest) CodeFor(label *Labeled, to string, strength float64, from string) ([]float32, error) {
	if label.Kind == LabelScalar || label.Kind == LabelPair {
		code := *m.Domains[slices.Index(m.DomainIDs(), to)].Code
		if s := label.Strength; s != nil {
			code = s.Apply(code, strength)
		}
		if label.Kind == LabelPair {
			return []float32{float32(1 - code), float32(code)}, nil
		}
		return []float32{float32(code)}, nil
	}
	return label.vector(to, strength, from)
}

// Apply returns a scalar code at a strength.
func (s *Strength) Apply(code, strength float64) float64 {
	strength *= s.Full
	if s.Op == StrengthLerp {
		return s.Neutral + (code-s.Neutral)*strength
	}
	return code * strength
}

// A wish asks for a name of a label, or against it.
type wish struct {
	name int
	on   bool
}

// negation is the prefix of a target that asks against a name.
const negation = "not-"

// wanted parses a target into wishes, all of which are about the same part of a label.
func (l *Labeled) wanted(to string) ([]wish, error) {
	several := l.Kind == LabelMultihot || l.Kind == LabelConcat
	parts := []string{to}
	if several {
		parts = strings.Split(to, ",")
	}
	wishes := make([]wish, len(parts))
	for i, part := range parts {
		name, on := part, true
		if several && strings.HasPrefix(part, negation) {
			name, on = part[len(negation):], false
		}
		wishes[i] = wish{slices.Index(l.Names, name), on}
		if wishes[i].name < 0 {
			return nil, &DomainError{Domain: name, Known: l.Names}
		}
		if l.part(wishes[i].name) != l.part(wishes[0].name) {
			return nil, fmt.Errorf("%s and %s are labels of different datasets, and the network takes those of one dataset at a time",
				l.Names[wishes[0].name], name)
		}
	}
	return wishes, nil
}

// vector returns a label that has one number for each name, and then the mask if there is one.
func (l *Labeled) vector(to string, strength float64, from string) ([]float32, error) {
	wishes, err := l.wanted(to)
	if err != nil {
		return nil, err
	}
	base, err := l.base(to, from)
	if err != nil {
		return nil, err
	}
	if l.Strength != nil {
		strength *= l.Strength.Full
	}
	part := l.part(wishes[0].name)
	changed := slices.Clone(base)
	if l.Kind == LabelOnehot {
		l.fill(changed, l.Names)
	}
	for _, w := range wishes {
		if w.on {
			for _, group := range l.ExclusiveGroups {
				if slices.Contains(group, l.Names[w.name]) {
					l.fill(changed, group)
				}
			}
		}
	}
	for _, w := range wishes {
		changed[w.name] = *l.Off
		if w.on {
			changed[w.name] = *l.On
			if l.Strength != nil && l.Strength.Op != StrengthLerp {
				changed[w.name] = *l.Off + (*l.On-*l.Off)*strength
			}
		}
	}
	code := make([]float32, len(changed), len(changed)+len(l.Parts))
	for i := range changed {
		v := changed[i]
		if l.Strength != nil && l.Strength.Op == StrengthLerp {
			v = base[i] + (v-base[i])*strength
		}
		if l.part(i) != part {
			v = *l.Off
		}
		code[i] = float32(v)
	}
	if l.Mask {
		for i := range l.Parts {
			code = append(code, 0)
			if i == part {
				code[len(code)-1] = 1
			}
		}
	}
	return code, nil
}

// base returns the label before any target changes it.
func (l *Labeled) base(to, from string) ([]float64, error) {
	base := make([]float64, len(l.Names))
	l.fill(base, l.Names)
	if l.Base != BaseSource || from == NoDomain {
		return base, nil
	}
	if from == "" {
		return nil, &SourceError{To: to}
	}
	for domain := range strings.SplitSeq(from, ",") {
		i := slices.Index(l.Names, domain)
		if i < 0 {
			return nil, &SourceError{From: domain, To: to}
		}
		base[i] = *l.On
	}
	return base, nil
}

// fill sets the numbers of some names to Off.
func (l *Labeled) fill(numbers []float64, names []string) {
	for _, name := range names {
		numbers[slices.Index(l.Names, name)] = *l.Off
	}
}

// part returns the index of the part to which a name belongs, which is 0 unless the label is of kind concat.
func (l *Labeled) part(name int) int {
	for i, size := range l.Parts {
		if name < size {
			return i
		}
		name -= size
	}
	return 0
}

// Width returns how many numbers a label has.
func (l *Labeled) Width() int {
	switch l.Kind {
	case LabelScalar:
		return 1
	case LabelPair:
		return 2
	}
	if l.Mask {
		return len(l.Names) + len(l.Parts)
	}
	return len(l.Names)
}
