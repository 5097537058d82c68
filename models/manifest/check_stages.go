package manifest

import (
	"fmt"
	"maps"
	"slices"
)

// maxUpsample bounds how much a stage may enlarge the image that it is fed.
const maxUpsample = 16

// completeStages fills in the defaults of the stages and checks what feeds every graph.
func (m *Manifest) completeStages() error {
	for i := range m.Stages {
		s := &m.Stages[i]
		field := fmt.Sprintf("stages[%d]", i)
		if _, ok := m.Graphs[s.Graph]; !ok {
			return Errorf(field+".graph", "%q is not in graphs", s.Graph)
		}
		if slices.ContainsFunc(m.Stages[:i], func(other Stage) bool { return other.Graph == s.Graph }) {
			return Errorf(field+".graph", "%q appears twice", s.Graph)
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
			return Errorf(field+".upsample", "graph %s takes no image of a number type other than uint8", s.Graph)
		}
		fits := m.combineOf(s.Graph)
		defaults(&s.Combine, fits)
		if err := oneOf(field+".combine", s.Combine, []Combine{CombineReplace, CombineAdd, CombineOver}); err != nil {
			return err
		}
		if s.Combine != fits {
			return Errorf(field+".combine", "%q contradicts the roles of the outputs, which need %q", s.Combine, fits)
		}
	}
	if err := m.checkCovers(); err != nil {
		return err
	}
	for i := range m.Inputs {
		in := &m.Inputs[i]
		if from, _ := m.Feeder(in); from == "" && in.Role == RoleLatent {
			return Errorf("stages", "nothing feeds the latent %[2]q, inputs[%[1]d]", i, in.Name)
		}
	}
	for i, out := range m.Outputs {
		if out.Role != RoleResidual {
			continue
		}
		field, image := fmt.Sprintf("outputs[%d]", i), m.imageOf(out.Graph)
		if image == nil || image.DType == DTypeUint8 {
			return Errorf(field+".role", "a residual must be added to an image, but graph %s takes none of a number type other than uint8", out.Graph)
		}
		if image.Layout != out.Layout || image.Image.Color != out.Color {
			return Errorf(field, "layout or color differs from the image to which the residual is added")
		}
	}
	return m.checkCircles()
}

// combineOf returns the way to combine that the outputs of a graph need.
func (m *Manifest) combineOf(graph string) Combine {
	for _, out := range m.OutputsOf(graph) {
		switch out.Role {
		case RoleResidual:
			return CombineAdd
		case RoleOpacity, RoleCover:
			return CombineOver
		}
	}
	return CombineReplace
}

// checkCovers makes sure that an opacity and a cover come together, once per graph, with an image beneath.
func (m *Manifest) checkCovers() error {
	for i := range m.Outputs {
		out := &m.Outputs[i]
		if out.Role != RoleOpacity && out.Role != RoleCover {
			continue
		}
		field := fmt.Sprintf("outputs[%d].role", i)
		opacity, cover := m.Over(out.Graph)
		switch {
		case opacity == nil || cover == nil:
			return Errorf(field, "graph %s needs both an opacity and a cover", out.Graph)
		case out != opacity && out != cover:
			return Errorf(field, "graph %s has another %s", out.Graph, out.Role)
		case !slices.ContainsFunc(m.OutputsOf(out.Graph), func(o *Output) bool { return o.Role == RoleImage }):
			return Errorf(field, "graph %s gives no image to cover", out.Graph)
		case slices.ContainsFunc(m.OutputsOf(out.Graph), func(o *Output) bool { return o.Role == RoleResidual }):
			return Errorf(field, "graph %s gives a residual: it cannot be covered too", out.Graph)
		}
	}
	return nil
}

// checkFeed makes sure that an input takes what a stage feeds it.
func (m *Manifest) checkFeed(field, graph, name string) error {
	inputs := m.InputsOf(graph)
	i := slices.IndexFunc(inputs, func(in *Input) bool { return in.Name == name })
	if i < 0 {
		return Errorf(field, "graph %s has no input %q", graph, name)
	}
	in, value := inputs[i], m.StageOf(graph).Feed[name]
	if value == FromSource {
		if !in.takesSource() {
			return Errorf(field, "the source image cannot feed an input of role %s", in.Role)
		}
		return nil
	}
	from, output := m.Feeder(in)
	outputs := m.OutputsOf(from)
	j := slices.IndexFunc(outputs, func(o *Output) bool { return o.Name == output })
	if j < 0 {
		return Errorf(field, "%q is neither source nor GRAPH.OUTPUT for an existing output", value)
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

// imageOf returns the image input of a graph, or nil.
func (m *Manifest) imageOf(graph string) *Input {
	for _, in := range m.InputsOf(graph) {
		if in.Role == RoleImage {
			return in
		}
	}
	return nil
}

// checkCircles makes sure that no graph feeds itself, directly or through others.
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
