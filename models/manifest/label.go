package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// A DomainError says that a model does not know a domain, or does not lead to it.
type DomainError struct {
	Domain string   // the one asked for
	Known  []string // those there are
}

func (e *DomainError) Error() string {
	return fmt.Sprintf("no domain %q; this model has %s", e.Domain, strings.Join(e.Known, ", "))
}

// A StrengthError says that a strength is outside the range of the model.
type StrengthError struct {
	Strength, Min, Max float64
}

func (e *StrengthError) Error() string {
	if e.Min == e.Max {
		return fmt.Sprintf("strength %g: this model has none but %g", e.Strength, e.Min)
	}
	return fmt.Sprintf("strength %g is outside %g to %g", e.Strength, e.Min, e.Max)
}

// A SourceError says that a picture's own domain does not allow what is asked for.
type SourceError struct {
	From, To string
	Known    []string // the domains from which the model leads there; nil where any known one would do
}

func (e *SourceError) Error() string {
	switch {
	case e.From == "":
		return fmt.Sprintf("the way to %s depends on the picture's own domain, which is not known", e.To)
	case e.Known == nil:
		return fmt.Sprintf("the picture's own domain, %s, is not one of the model's", e.From)
	}
	return fmt.Sprintf("no way leads from %s to %s, only from %s", e.From, e.To, strings.Join(e.Known, ", "))
}

// DomainIDs lists the domains in the manifest's order.
func (m *Manifest) DomainIDs() []string {
	ids := make([]string, len(m.Domains))
	for i, d := range m.Domains {
		ids[i] = d.ID
	}
	return ids
}

// Targets lists the domains that a translator leads to: those its label names, or those at the ends
// of its directions, or the only one it has. It is empty for a classifier and for a network that
// knows no domains. With a label of kind multihot or concat a target may also be a list such as
// "blond,not-male": several domains, and domains that shall not hold.
func (m *Manifest) Targets() []string {
	if !m.Translates() {
		return nil
	}
	if label := m.Label(); label != nil {
		return label.Names
	}
	if len(m.Directions) == 0 {
		return m.DomainIDs()[:min(1, len(m.Domains))]
	}
	var targets []string
	for _, id := range m.DomainIDs() {
		if slices.ContainsFunc(m.Directions, func(d Direction) bool { return d.To == id }) {
			targets = append(targets, id)
		}
	}
	return targets
}

// Strengths returns the range of strengths; from 1 to 1 for a model whose strength is fixed.
func (m *Manifest) Strengths() (low, high float64) {
	for _, in := range m.Inputs {
		if in.Label != nil && in.Label.Strength != nil {
			return in.Label.Strength.Min, in.Label.Strength.Max
		}
	}
	return 1, 1
}

// CheckTarget says whether a model can be asked for a target with a strength, 1 being full. The error
// is a *DomainError or a *StrengthError.
func (m *Manifest) CheckTarget(to string, strength float64) error {
	if label := m.Label(); label != nil {
		if _, err := label.wanted(to); err != nil {
			return err
		}
	} else if targets := m.Targets(); !slices.Contains(targets, to) && (to != "" || len(targets) > 0) {
		return &DomainError{Domain: to, Known: targets}
	}
	low, high := m.Strengths()
	if !(strength >= low && strength <= high) { // so that NaN is refused too
		return &StrengthError{Strength: strength, Min: low, Max: high}
	}
	return nil
}

// NeedsSource says whether a picture's own domain must be known on the way to a target: because the
// label starts from it, or because it decides which graph to take.
func (m *Manifest) NeedsSource(to string) bool {
	if label := m.Label(); label != nil {
		return label.RequiresSourceLabel
	}
	_, err := m.Direction(to, "")
	return err != nil
}

// Code returns what the label input is given to take a picture of the domain from ("" if nobody
// knows, a list with commas if there are several, "none" if there is none) to a target with a
// strength: one number for a scalar label, as many as there are for others; nil without a label.
//
// A scalar label with op scale is the domain's code times the strength; with op lerp it runs from the
// neutral code at 0 to the domain's at 1. A pair is made of the same number. Of a vector, op scale
// raises the targets from Off towards On, and op lerp takes all of it from the picture's own labels,
// or from none, to the ones wanted. The error is a *DomainError, a *StrengthError or a *SourceError.
func (m *Manifest) Code(to string, strength float64, from string) ([]float32, error) {
	if err := m.CheckTarget(to, strength); err != nil {
		return nil, err
	}
	if label := m.Label(); label != nil {
		return m.CodeFor(label, to, strength, from)
	}
	return nil, nil
}

// CodeFor is Code for one label of several, without checking the target and the strength.
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

// Apply weakens a scalar code.
func (s *Strength) Apply(code, strength float64) float64 {
	if s.Op == StrengthLerp {
		return s.Neutral + (code-s.Neutral)*strength
	}
	return code * strength
}

// A wish is that a name of a label shall hold, or not.
type wish struct {
	name int
	on   bool
}

// negation before a target asks for its absence.
const negation = "not-"

// wanted parses a target.
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
			return nil, fmt.Errorf("%s and %s are labels of different data, of which the network knows one at a time",
				l.Names[wishes[0].name], name)
		}
	}
	return wishes, nil
}

// vector makes a label of one number a name.
func (l *Labeled) vector(to string, strength float64, from string) ([]float32, error) {
	wishes, err := l.wanted(to)
	if err != nil {
		return nil, err
	}
	base, err := l.base(to, from)
	if err != nil {
		return nil, err
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

// base is the label before any target changes it.
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

// part is the group of a name in a label of kind concat, else 0.
func (l *Labeled) part(name int) int {
	for i, size := range l.Parts {
		if name < size {
			return i
		}
		name -= size
	}
	return 0
}

// width is how many numbers a label has.
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

// direction is the one that leads a picture of a domain, or of "" if nobody knows, to a target.
func (m *Manifest) Direction(to, from string) (Direction, error) {
	var ways []Direction
	var known []string
	for _, d := range m.Directions {
		if d.To != to {
			continue
		}
		if d.From == from || d.From == FromAny {
			return d, nil
		}
		ways, known = append(ways, d), append(known, d.From)
	}
	switch {
	case len(ways) == 1 && (from == "" || from == to || from == NoDomain):
		return ways[0], nil // it is for the user to know what is fed in
	case len(ways) == 0 && len(m.Directions) == 0:
		return Direction{From: FromAny, To: to, Graph: m.Finals()[0]}, nil
	case len(ways) == 0:
		return Direction{}, &DomainError{Domain: to, Known: m.Targets()}
	}
	return Direction{}, &SourceError{From: from, To: to, Known: known}
}
