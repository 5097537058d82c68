package manifest

import (
	"fmt"
	"slices"
	"strings"
)

func (m *Manifest) checkDomains() error {
	label := m.Label()
	coded := label != nil && (label.Kind == LabelScalar || label.Kind == LabelPair)
	for i, d := range m.Domains {
		field := fmt.Sprintf("domains[%d]", i)
		switch {
		case !IsName(d.ID):
			return Errorf(field+".id", "%q is not a name of letters, digits and ._-", d.ID)
		case d.ID == FromAny || d.ID == "auto" || d.ID == NoDomain || strings.HasPrefix(d.ID, negation):
			return Errorf(field+".id", "%q has another meaning on the command line", d.ID)
		case slices.Contains(m.DomainIDs()[:i], d.ID):
			return Errorf(field+".id", "%q is there twice", d.ID)
		case coded && d.Code == nil:
			return Errorf(field+".code", "missing, though the network takes a code")
		case !coded && d.Code != nil:
			return Errorf(field+".code", "the network takes none")
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
		case d.From != FromAny && !slices.Contains(ids, d.From):
			return Errorf(field+".from", "%q is not in domains", d.From)
		case !slices.Contains(ids, d.To):
			return Errorf(field+".to", "%q is not in domains", d.To)
		}
		if _, ok := m.Graphs[d.Graph]; !ok {
			return Errorf(field+".graph", "%q is not in graphs", d.Graph)
		}
		for _, other := range m.Directions[:i] {
			if d.To == other.To && d.From == other.From {
				return Errorf(field, "leads from %s to %s once more", d.From, d.To)
			}
			if d.To != other.To && d.Graph == other.Graph {
				return Errorf(field+".to", "one graph without a label cannot lead to both %q and %q", other.To, d.To)
			}
		}
	}
	translates := m.Translates()
	switch {
	case len(m.Directions) > 0 && m.Label() != nil:
		return Errorf("directions", "contradict an input of role label, which leads to every domain")
	case len(ids) == 0 && (m.Classifier != nil || m.Label() != nil || translates && m.Image() != nil):
		return Errorf("domains", "missing")
	case translates && len(m.Directions) == 0 && m.Label() == nil && m.Classifier == nil && len(ids) > 1:
		return Errorf("directions", "missing, so it is open to which domain the network leads")
	}
	return nil
}

func (m *Manifest) completeClassifier() error {
	logits := slices.IndexFunc(m.Outputs, func(o Output) bool { return o.Role == RoleLogits })
	c := m.Classifier
	if c == nil {
		if logits >= 0 {
			return Errorf("classifier", "missing, though outputs[%d] gives logits", logits)
		}
		return nil
	}
	if _, ok := m.Graphs[c.Graph]; !ok {
		return Errorf("classifier.graph", "%q is not in graphs", c.Graph)
	}
	outputs := m.OutputsOf(c.Graph)
	if len(outputs) != 1 || outputs[0].Role != RoleLogits {
		return Errorf("classifier.graph", "%q has to have one output, of role logits", c.Graph)
	}
	for _, in := range m.InputsOf(c.Graph) {
		if in.Role != RoleImage {
			return Errorf(m.InputField(in)+".role", "a classifier takes images only, not a %s", in.Role)
		}
	}
	if err := oneOf("classifier.activation", c.Activation, []Activation{ActivationSoftmax, ActivationSigmoid, ActivationNone}); err != nil {
		return err
	}
	defaults(&c.Policy, PolicyBest)
	if err := oneOf("classifier.policy", c.Policy, []Policy{PolicyBest, PolicyUnknown, PolicyAll}); err != nil {
		return err
	}
	if !(c.Threshold >= 0 && c.Threshold <= 1) {
		return Errorf("classifier.threshold", "%g is not within 0 to 1", c.Threshold)
	}
	if len(c.Classes) < 2 && c.Policy != PolicyAll || len(c.Classes) == 0 {
		return Errorf("classifier.classes", "%d classes; at least 2 are needed", len(c.Classes))
	}
	for i, class := range c.Classes {
		field := fmt.Sprintf("classifier.classes[%d]", i)
		if !slices.Contains(m.DomainIDs(), class) {
			return Errorf(field, "%q is not in domains", class)
		}
		if slices.Contains(c.Classes[:i], class) {
			return Errorf(field, "%q is there twice", class)
		}
	}
	return nil
}
