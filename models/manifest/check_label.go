package manifest

import (
	"fmt"
	"slices"
)

// completeLabel fills in the defaults of a label and checks it.
func (m *Manifest) completeLabel(field string, in *Input) error {
	l := in.Label
	field += ".label"
	if l == nil {
		return Errorf(field, "missing")
	}
	kinds := []LabelKind{LabelScalar, LabelPair, LabelOnehot, LabelMultihot, LabelConcat}
	if err := oneOf(field+".kind", l.Kind, kinds); err != nil {
		return err
	}
	if l.Strength != nil {
		if err := l.Strength.check(field + ".strength"); err != nil {
			return err
		}
	}
	if l.Names == nil {
		l.Names = m.DomainIDs()
		return l.completeKind(field)
	}
	for i, name := range l.Names {
		if !slices.Contains(m.DomainIDs(), name) {
			return Errorf(fmt.Sprintf("%s.names[%d]", field, i), "%q is not in domains", name)
		}
		if slices.Contains(l.Names[:i], name) {
			return Errorf(fmt.Sprintf("%s.names[%d]", field, i), "%q appears twice", name)
		}
	}
	return l.completeKind(field)
}

// completeKind completes the fields that belong to the kind of a label, and refuses all others.
func (l *Labeled) completeKind(field string) error {
	if l.Kind == LabelScalar || l.Kind == LabelPair {
		if l.Off != nil || l.On != nil || l.ExclusiveGroups != nil || l.Base != "" || l.Parts != nil || l.Mask {
			return Errorf(field, "off, on, exclusive_groups, base, parts and mask are not for a label of kind %s", l.Kind)
		}
		return nil
	}
	if l.Off == nil {
		l.Off = new(0.0)
	}
	if l.On == nil {
		l.On = new(1.0)
	}
	if err := finite(field+".off", *l.Off, *l.On); err != nil {
		return err
	}
	defaults(&l.Base, BaseZeros)
	if err := oneOf(field+".base", l.Base, []Base{BaseSource, BaseZeros}); err != nil {
		return err
	}
	l.RequiresSourceLabel = l.RequiresSourceLabel || l.Base == BaseSource
	for i, group := range l.ExclusiveGroups {
		for _, name := range group {
			if !slices.Contains(l.Names, name) {
				return Errorf(fmt.Sprintf("%s.exclusive_groups[%d]", field, i), "%q is not in names", name)
			}
		}
	}
	total := 0
	for i, n := range l.Parts {
		if n < 1 {
			return Errorf(fmt.Sprintf("%s.parts[%d]", field, i), "%d is not a number of names", n)
		}
		total += n
	}
	switch {
	case len(l.Names) == 0:
		return Errorf(field+".names", "missing")
	case (l.Kind == LabelConcat) != (l.Parts != nil):
		return Errorf(field+".parts", "belong to the kind concat, and only to it")
	case l.Parts != nil && total != len(l.Names):
		return Errorf(field+".parts", "add up to %d, not to the %d names", total, len(l.Names))
	case l.Mask && l.Parts == nil:
		return Errorf(field+".mask", "only a label of kind concat has one")
	}
	return nil
}

func (s *Strength) check(field string) error {
	if err := oneOf(field+".op", s.Op, []StrengthOp{StrengthScale, StrengthLerp}); err != nil {
		return err
	}
	if err := finite(field, s.Min, s.Max, s.Neutral, s.Full); err != nil {
		return err
	}
	if s.Full == 0 {
		s.Full = 1
	}
	if s.Full < 0 {
		return Errorf(field+".full", "%g is below 0", s.Full)
	}
	if s.Min > 1 || s.Max < 1 {
		return Errorf(field, "the range %g to %g leaves out 1, full strength", s.Min, s.Max)
	}
	return nil
}
