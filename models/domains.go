package models

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

// DomainIDs lists the domains in the manifest's order.
func (m *Manifest) DomainIDs() []string {
	ids := make([]string, len(m.Domains))
	for i, d := range m.Domains {
		ids[i] = d.ID
	}
	return ids
}

// Targets lists the domains that a translator leads to: all with a code, or the one at the end of
// its directions.
func (m *Manifest) Targets() []string {
	switch {
	case m.Label() != nil:
		return m.DomainIDs()
	case len(m.Directions) > 0:
		return []string{m.Directions[0].To}
	case m.Classifier == nil:
		return []string{m.Domains[0].ID}
	}
	return nil
}

// Strengths returns the range of strengths; from 1 to 1 for a model whose strength is fixed.
func (m *Manifest) Strengths() (low, high float64) {
	label := m.Label()
	if label == nil || label.Strength == nil {
		return 1, 1
	}
	return label.Strength.Min, label.Strength.Max
}

// Code returns the code that takes a picture to a domain with a strength, 1 being full. With op
// scale it is the domain's code times the strength; with op lerp it runs from the neutral code at 0
// to the domain's at 1. For a model that takes no code it is 0, after the same checks. The error is
// a *DomainError or a *StrengthError.
func (m *Manifest) Code(domain string, strength float64) (float32, error) {
	targets := m.Targets()
	if !slices.Contains(targets, domain) {
		return 0, &DomainError{Domain: domain, Known: targets}
	}
	low, high := m.Strengths()
	if !(strength >= low && strength <= high) { // so that NaN is refused too
		return 0, &StrengthError{Strength: strength, Min: low, Max: high}
	}
	label := m.Label()
	if label == nil {
		return 0, nil
	}
	code := *m.Domains[slices.Index(m.DomainIDs(), domain)].Code
	switch {
	case label.Strength == nil:
		return float32(code), nil
	case label.Strength.Op == strengthLerp:
		neutral := label.Strength.Neutral
		return float32(neutral + (code-neutral)*strength), nil
	default:
		return float32(code * strength), nil
	}
}
