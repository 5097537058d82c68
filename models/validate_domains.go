package models

import (
	"fmt"
	"slices"
	"strings"
)

func (m *Manifest) checkDomains() error {
	label := m.Label()
	coded := label != nil && (label.Kind == labelScalar || label.Kind == labelPair)
	for i, d := range m.Domains {
		field := fmt.Sprintf("domains[%d]", i)
		switch {
		case !identifier.MatchString(d.ID):
			return wrong(field+".id", "%q is not a name of letters, digits and ._-", d.ID)
		case d.ID == fromAny || d.ID == "auto" || d.ID == noDomain || strings.HasPrefix(d.ID, negation):
			return wrong(field+".id", "%q has another meaning on the command line", d.ID)
		case slices.Contains(m.DomainIDs()[:i], d.ID):
			return wrong(field+".id", "%q is there twice", d.ID)
		case coded && d.Code == nil:
			return wrong(field+".code", "missing, though the network takes a code")
		case !coded && d.Code != nil:
			return wrong(field+".code", "the network takes none")
		case coded:
			if err := finite(field+".code", *d.Code); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Manifest) checkDirections() error {
	ids := m.DomainIDs()
	for i, d := range m.Directions {
		field := fmt.Sprintf("directions[%d]", i)
		switch {
		case d.From != fromAny && !slices.Contains(ids, d.From):
			return wrong(field+".from", "%q is not in domains", d.From)
		case !slices.Contains(ids, d.To):
			return wrong(field+".to", "%q is not in domains", d.To)
		}
		if _, ok := m.Graphs[d.Graph]; !ok {
			return wrong(field+".graph", "%q is not in graphs", d.Graph)
		}
		for _, other := range m.Directions[:i] {
			if d.To == other.To && d.From == other.From {
				return wrong(field, "leads from %s to %s once more", d.From, d.To)
			}
			if d.To != other.To && d.Graph == other.Graph {
				return wrong(field+".to", "one graph without a label cannot lead to both %q and %q", other.To, d.To)
			}
		}
	}
	translates := m.Translates()
	switch {
	case len(m.Directions) > 0 && m.Label() != nil:
		return wrong("directions", "contradict an input of role label, which leads to every domain")
	case len(ids) == 0 && (m.Classifier != nil || m.Label() != nil || translates && m.Image() != nil):
		return wrong("domains", "missing")
	case translates && len(m.Directions) == 0 && m.Label() == nil && m.Classifier == nil && len(ids) > 1:
		return wrong("directions", "missing, so it is open to which domain the network leads")
	}
	return nil
}

func (m *Manifest) completeClassifier() error {
	logits := slices.IndexFunc(m.Outputs, func(o Output) bool { return o.Role == roleLogits })
	c := m.Classifier
	if c == nil {
		if logits >= 0 {
			return wrong("classifier", "missing, though outputs[%d] gives logits", logits)
		}
		return nil
	}
	if _, ok := m.Graphs[c.Graph]; !ok {
		return wrong("classifier.graph", "%q is not in graphs", c.Graph)
	}
	outputs := m.outputsOf(c.Graph)
	if len(outputs) != 1 || outputs[0].Role != roleLogits {
		return wrong("classifier.graph", "%q has to have one output, of role logits", c.Graph)
	}
	for _, in := range m.inputsOf(c.Graph) {
		if in.Role != roleImage {
			return wrong(fmt.Sprintf("inputs[%d].role", m.inputIndex(in)), "a classifier takes images only, not a %s", in.Role)
		}
	}
	if err := oneOf("classifier.activation", c.Activation, []string{"softmax", "sigmoid", "none"}); err != nil {
		return err
	}
	defaults(&c.Policy, "best")
	if err := oneOf("classifier.policy", c.Policy, []string{"best", policyUnknown, policyAll}); err != nil {
		return err
	}
	if !(c.Threshold >= 0 && c.Threshold <= 1) {
		return wrong("classifier.threshold", "%g is not within 0 to 1", c.Threshold)
	}
	if len(c.Classes) < 2 && c.Policy != policyAll || len(c.Classes) == 0 {
		return wrong("classifier.classes", "%d classes; at least 2 are needed", len(c.Classes))
	}
	for i, class := range c.Classes {
		field := fmt.Sprintf("classifier.classes[%d]", i)
		if !slices.Contains(m.DomainIDs(), class) {
			return wrong(field, "%q is not in domains", class)
		}
		if slices.Contains(c.Classes[:i], class) {
			return wrong(field, "%q is there twice", class)
		}
	}
	return nil
}
