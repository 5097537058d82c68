package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// A DomainError reports a domain that a model does not know or does not lead to.
type DomainError struct {
	Domain string
	Known  []string // the domains that could have been asked for
}

func (e *DomainError) Error() string {
	return fmt.Sprintf("no domain %q; this model has %s", e.Domain, strings.Join(e.Known, ", "))
}

// A StrengthError reports a strength outside the range of the model.
type StrengthError struct {
	Strength, Min, Max float64
}

func (e *StrengthError) Error() string {
	if e.Min == e.Max {
		return fmt.Sprintf("strength %g: this model has only %g", e.Strength, e.Min)
	}
	return fmt.Sprintf("strength %g is outside %g to %g", e.Strength, e.Min, e.Max)
}

// A SourceError reports that the domain of an image does not allow a translation.
type SourceError struct {
	From, To string
	Known    []string // the domains from which the model leads there; nil if any known domain would do
}

func (e *SourceError) Error() string {
	switch {
	case e.From == "":
		return fmt.Sprintf("the way to %s depends on the domain of the image, which is not known", e.To)
	case e.Known == nil:
		return fmt.Sprintf("the domain of the image, %s, is not one of the model's", e.From)
	}
	return fmt.Sprintf("the model does not lead from %s to %s, only from %s", e.From, e.To, strings.Join(e.Known, ", "))
}

// DomainIDs returns the ids of the domains in the manifest's order.
func (m *Manifest) DomainIDs() []string {
	ids := make([]string, len(m.Domains))
	for i, d := range m.Domains {
		ids[i] = d.ID
	}
	return ids
}

// Targets returns the domains to which a translator leads: the names of its label, the ends of its
// directions, or its only domain. It returns none for a classifier and for a network without domains.
// If the label is of kind multihot or concat, a target may also be a list such as "blond,not-male", which
// asks for some domains and against others.
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

// Strengths returns the range of strengths, which is 1 to 1 for a model of fixed strength.
func (m *Manifest) Strengths() (low, high float64) {
	for _, in := range m.Inputs {
		if in.Label != nil && in.Label.Strength != nil {
			return in.Label.Strength.Min, in.Label.Strength.Max
		}
	}
	return 1, 1
}

// CheckTarget checks that a model has a target and accepts a strength, of which 1 is full. The error is a
// *DomainError, a *StrengthError or, for domains of different datasets, a plain error.
func (m *Manifest) CheckTarget(to string, strength float64) error {
	if label := m.Label(); label != nil {
		if _, err := label.wanted(to); err != nil {
			return err
		}
	} else if targets := m.Targets(); !slices.Contains(targets, to) && (to != "" || len(targets) > 0) {
		return &DomainError{Domain: to, Known: targets}
	}
	low, high := m.Strengths()
	if !(strength >= low && strength <= high) { // refuses NaN, too
		return &StrengthError{Strength: strength, Min: low, Max: high}
	}
	return nil
}

// NeedsSource says whether the domain of an image must be known to translate it to a target: because the
// label starts from it, or because it decides which graph runs.
func (m *Manifest) NeedsSource(to string) bool {
	if label := m.Label(); label != nil {
		return label.RequiresSourceLabel
	}
	_, err := m.Direction(to, "")
	return err != nil
}

// Direction returns the direction that leads an image of a domain to a target. The domain is "" if it is
// not known, or NoDomain. The error is a *DomainError or a *SourceError.
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
		return ways[0], nil // the caller vouches for the image
	case len(ways) == 0 && len(m.Directions) == 0:
		return Direction{From: FromAny, To: to, Graph: m.Finals()[0]}, nil
	case len(ways) == 0:
		return Direction{}, &DomainError{Domain: to, Known: m.Targets()}
	}
	return Direction{}, &SourceError{From: from, To: to, Known: known}
}
