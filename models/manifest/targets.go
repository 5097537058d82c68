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
