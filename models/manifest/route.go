package manifest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Translates says whether a model gives images.
func (m *Manifest) Translates() bool { return len(m.Finals()) > 0 }

// Generates says whether a model gives images without taking one: from noise and labels alone.
func (m *Manifest) Generates() bool { return m.Translates() && m.Image() == nil }

// Image returns the input that takes the source image, which may be a label map. It is nil for a model
// that generates. A model that only classifies has the input of its classifier here.
func (m *Manifest) Image() *Input {
	for _, final := range m.Finals() {
		if in := m.sourceOf(final); in != nil {
			return in
		}
	}
	if m.Classifier != nil && !m.Translates() {
		return m.sourceOf(m.Classifier.Graph)
	}
	return nil
}

// Classified returns the input that takes the image to classify, or nil.
func (m *Manifest) Classified() *Input {
	if m.Classifier == nil {
		return nil
	}
	return m.sourceOf(m.Classifier.Graph)
}

// Exemplars returns the inputs that take exemplars, in the manifest's order.
func (m *Manifest) Exemplars() []*Input {
	var found []*Input
	for i := range m.Inputs {
		if m.Inputs[i].Role == RoleExemplar {
			found = append(found, &m.Inputs[i])
		}
	}
	return found
}

// Instances says whether a model takes an instance map beside each label map.
func (m *Manifest) Instances() bool {
	return slices.ContainsFunc(m.Inputs, func(in Input) bool { return in.takesInstances() })
}

// takesInstances says whether an input takes the edges of an instance map.
func (in *Input) takesInstances() bool { return in.Instance != nil && in.Instance.IDs }

// Noisy says whether a model takes random numbers.
func (m *Manifest) Noisy() bool {
	return slices.ContainsFunc(m.Inputs, func(in Input) bool {
		return in.Role == RoleNoise && in.Noise.Dist != DistZeros
	})
}

// Label returns the description of the input that takes the target, or nil if there is none.
func (m *Manifest) Label() *Labeled {
	for i := range m.Inputs {
		if m.Inputs[i].Role == RoleLabel {
			return m.Inputs[i].Label
		}
	}
	return nil
}

// Results returns the outputs that become images for a target, the one without a suffix first.
func (m *Manifest) Results(to string) []*Output {
	for _, d := range m.Directions {
		if d.To == to {
			return m.ResultsOf(d.Graph)
		}
	}
	return m.ResultsOf(m.Finals()[0])
}

// ResultsOf returns the outputs of a graph that become images, the one without a suffix first.
func (m *Manifest) ResultsOf(graph string) []*Output {
	found := slices.DeleteFunc(m.OutputsOf(graph), func(out *Output) bool { return !out.GivesImages() })
	slices.SortStableFunc(found, func(a, b *Output) int { return cmp.Compare(len(a.Suffix), len(b.Suffix)) })
	return found
}

// Finals returns the graphs whose outputs are results, each once.
func (m *Manifest) Finals() []string {
	var found []string
	switch {
	case len(m.Directions) > 0:
		for _, d := range m.Directions {
			if !slices.Contains(found, d.Graph) {
				found = append(found, d.Graph)
			}
		}
	case len(m.Stages) > 0:
		found = append(found, m.Stages[len(m.Stages)-1].Graph)
	default:
		for _, id := range slices.Sorted(maps.Keys(m.Graphs)) {
			if len(m.ResultsOf(id)) > 0 {
				found = append(found, id)
			}
		}
	}
	return found
}

// InputsOf returns the inputs of a graph.
func (m *Manifest) InputsOf(graph string) []*Input {
	var found []*Input
	for i := range m.Inputs {
		if m.Inputs[i].Graph == graph {
			found = append(found, &m.Inputs[i])
		}
	}
	return found
}

// OutputsOf returns the outputs of a graph.
func (m *Manifest) OutputsOf(graph string) []*Output {
	var found []*Output
	for i := range m.Outputs {
		if m.Outputs[i].Graph == graph {
			found = append(found, &m.Outputs[i])
		}
	}
	return found
}

// StageOf returns the stage that feeds a graph, or the zero Stage.
func (m *Manifest) StageOf(graph string) Stage {
	i := slices.IndexFunc(m.Stages, func(s Stage) bool { return s.Graph == graph })
	if i < 0 {
		return Stage{}
	}
	return m.Stages[i]
}

// Feeder returns the graph and the output that feed an input, or "" for both.
func (m *Manifest) Feeder(in *Input) (graph, output string) {
	from := m.StageOf(in.Graph).Feed[in.Name]
	if from == FromSource {
		return "", ""
	}
	graph, output, _ = strings.Cut(from, ".")
	return graph, output
}

// before returns the graphs that feed a graph, in the order of its inputs, each once.
func (m *Manifest) before(graph string) []string {
	var found []string
	for _, in := range m.InputsOf(graph) {
		if from, _ := m.Feeder(in); from != "" && !slices.Contains(found, from) {
			found = append(found, from)
		}
	}
	return found
}

// Order returns a graph and all graphs that must run before it, in the order to run them. It leaves out
// graphs for which skip is true, and whatever only they need.
func (m *Manifest) Order(final string, skip func(graph string) bool) []string {
	var order []string
	seen := map[string]bool{} // ends the search in a circle, which checkCircles refuses later
	var visit func(graph string)
	visit = func(graph string) {
		if seen[graph] || skip(graph) {
			return
		}
		seen[graph] = true
		for _, from := range m.before(graph) {
			visit(from)
		}
		order = append(order, graph)
	}
	visit(final)
	return order
}

// sourceOf returns the first input that takes the source image on the way to a graph, or nil.
func (m *Manifest) sourceOf(final string) *Input {
	for _, graph := range m.Order(final, func(string) bool { return false }) {
		for _, in := range m.InputsOf(graph) {
			if from, _ := m.Feeder(in); from == "" && in.takesSource() {
				return in
			}
		}
	}
	return nil
}

// takesSource says whether an input takes the source image if no stage feeds it.
func (in *Input) takesSource() bool { return in.Role == RoleImage || in.Role == RoleLabelMap }

// GivesImages says whether an output becomes an image: an image itself or a residual.
func (out *Output) GivesImages() bool { return out.Role == RoleImage || out.Role == RoleResidual }

// hasPixels says whether an output has a layout, a color, a scale and an offset.
func (out *Output) hasPixels() bool {
	return out.GivesImages() || out.Role == RoleOpacity || out.Role == RoleCover
}

// Over returns the opacity and the cover of a graph, or nil for both.
func (m *Manifest) Over(graph string) (opacity, cover *Output) {
	for _, out := range m.OutputsOf(graph) {
		switch out.Role {
		case RoleOpacity:
			opacity = out
		case RoleCover:
			cover = out
		}
	}
	return opacity, cover
}
