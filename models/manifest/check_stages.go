package manifest

import (
	"fmt"
	"maps"
	"slices"
)

// maxUpsample is how much a stage may enlarge what it is fed.
const maxUpsample = 16

func (m *Manifest) completeStages() error {
	for i := range m.Stages {
		s := &m.Stages[i]
		field := fmt.Sprintf("stages[%d]", i)
		if _, ok := m.Graphs[s.Graph]; !ok {
			return Errorf(field+".graph", "%q is not in graphs", s.Graph)
		}
		if slices.ContainsFunc(m.Stages[:i], func(other Stage) bool { return other.Graph == s.Graph }) {
			return Errorf(field+".graph", "%q is there twice", s.Graph)
		}
		for _, name := range slices.Sorted(maps.Keys(s.Feed)) {
			if err := m.checkFeed(field+".feed."+name, s.Graph, name); err != nil {
				return err
			}
		}
		if s.Upsample = max(s.Upsample, 1); s.Upsample > maxUpsample {
			return Errorf(field+".upsample", "%d is more than %d", s.Upsample, maxUpsample)
		}
		if image := m.imageOf(s.Graph); s.Upsample > 1 && (image == nil || image.DType == DTypeUint8) {
			return Errorf(field+".upsample", "graph %s takes no image of numbers other than bytes", s.Graph)
		}
		adds := CombineReplace
		if slices.ContainsFunc(m.OutputsOf(s.Graph), func(o *Output) bool { return o.Role == RoleResidual }) {
			adds = CombineAdd
		}
		defaults(&s.Combine, adds)
		if err := oneOf(field+".combine", s.Combine, []Combine{CombineReplace, CombineAdd}); err != nil {
			return err
		}
		if s.Combine != adds {
			return Errorf(field+".combine", "%q contradicts the role of the output: only a residual is added", s.Combine)
		}
	}
	for i := range m.Inputs {
		in := &m.Inputs[i]
		if from, _ := m.Feeder(in); from == "" && in.Role == RoleLatent {
			return Errorf("stages", "nothing feeds inputs[%d], %q, a latent", i, in.Name)
		}
	}
	for i, out := range m.Outputs {
		if out.Role != RoleResidual {
			continue
		}
		field, image := fmt.Sprintf("outputs[%d]", i), m.imageOf(out.Graph)
		if image == nil || image.DType == DTypeUint8 {
			return Errorf(field+".role", "graph %s takes no image of numbers that a residual could be added to", out.Graph)
		}
		if image.Layout != out.Layout || image.Image.Color != out.Color {
			return Errorf(field, "layout or color differs from those of the image that the residual is added to")
		}
	}
	return m.checkCircles()
}

// checkFeed makes sure that what an input is fed is what it takes.
func (m *Manifest) checkFeed(field, graph, name string) error {
	inputs := m.InputsOf(graph)
	i := slices.IndexFunc(inputs, func(in *Input) bool { return in.Name == name })
	if i < 0 {
		return Errorf(field, "graph %s has no input %q", graph, name)
	}
	in, value := inputs[i], m.StageOf(graph).Feed[name]
	if value == FromSource {
		if !in.takesPicture() {
			return Errorf(field, "the picture cannot feed an input of role %s", in.Role)
		}
		return nil
	}
	from, output := m.Feeder(in)
	outputs := m.OutputsOf(from)
	j := slices.IndexFunc(outputs, func(o *Output) bool { return o.Name == output })
	if j < 0 {
		return Errorf(field, "%q is neither source nor GRAPH.OUTPUT of an output there is", value)
	}
	out := outputs[j]
	switch {
	case in.Role == RoleImage && out.GivesImages():
		if (in.DType == DTypeUint8) != (out.DType == DTypeUint8) {
			return Errorf(field, "%q is %s, and the input takes %s", value, out.DType, in.DType)
		}
		affine := in.Image
		if in.Layout != out.Layout || affine.Color != out.Color || !slices.Equal(affine.Scale, out.Scale) || !slices.Equal(affine.Offset, out.Offset) {
			return Errorf(field, "%q differs in layout, color, scale or offset", value)
		}
	case (in.Role == RoleLatent || in.Role == RoleNoise) && out.Role == RoleLatent:
	default:
		return Errorf(field, "%q, of role %s, cannot feed an input of role %s", value, out.Role, in.Role)
	}
	return nil
}

// imageOf is the image that a graph takes, or nil.
func (m *Manifest) imageOf(graph string) *Input {
	for _, in := range m.InputsOf(graph) {
		if in.Role == RoleImage {
			return in
		}
	}
	return nil
}

func (m *Manifest) checkCircles() error {
	for i, s := range m.Stages {
		for _, from := range m.before(s.Graph) {
			if slices.Contains(m.Order(from, func(string) bool { return false }), s.Graph) {
				return Errorf(fmt.Sprintf("stages[%d].feed", i), "graph %s would feed itself", s.Graph)
			}
		}
	}
	return nil
}
