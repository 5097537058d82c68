package manifest

import (
	"fmt"
	"maps"
	"slices"
)

// completeInputs fills in the defaults of the inputs and checks them, one by one and then by graph.
func (m *Manifest) completeInputs() error {
	for i := range m.Inputs {
		in := &m.Inputs[i]
		field := fmt.Sprintf("inputs[%d]", i)
		err := oneOf(field+".role", in.Role, inputRoles)
		if err == nil {
			err = m.checkTensor(field, in.Graph, in.Name)
		}
		if err == nil {
			err = oneOf(field+".dtype", in.DType, DTypes())
		}
		if err == nil && in.Role != RoleImage && in.Role != RoleExemplar && in.DType == DTypeUint8 {
			err = Errorf(field+".dtype", "uint8 is for images")
		}
		if err == nil {
			err = m.completeRole(field, in)
		}
		if err != nil {
			return err
		}
		if m.inputIndex(in) != i {
			return Errorf(field+".name", "graph %s has %q twice", in.Graph, in.Name)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.Graphs)) {
		if len(m.InputsOf(id)) == 0 {
			return Errorf("inputs", "graph %s has none", id)
		}
		var maps int
		for _, in := range m.InputsOf(id) {
			if in.takesSource() {
				if from, _ := m.Feeder(in); from == "" {
					if source := m.sourceOf(id); *in.Size != *source.Size {
						return Errorf(m.InputField(in)+".size", "differs from the size of %q", source.Name)
					}
				}
				maps++
			}
		}
		if maps > 1 && m.LabelMapOf(id) != nil {
			return Errorf("inputs", "graph %s takes a label map and another image", id)
		}
	}
	return nil
}

// completeRole completes the fields that belong to the role of an input, and refuses all others.
func (m *Manifest) completeRole(field string, in *Input) error {
	for _, part := range []struct {
		key   string
		there bool
		roles []Role
	}{
		{"image", in.Image != nil, []Role{RoleImage, RoleExemplar}},
		{"size", in.Size != nil, []Role{RoleImage, RoleExemplar, RoleLabelMap}},
		{"label", in.Label != nil, []Role{RoleLabel, RoleStrength}},
		{"labelmap", in.LabelMap != nil, []Role{RoleLabelMap}},
		{"noise", in.Noise != nil, []Role{RoleNoise}},
		{"exemplar", in.Exemplar != nil, []Role{RoleExemplar}},
		{"instance", in.Instance != nil, []Role{RoleInstance}},
		{"layout", in.Layout != "", []Role{RoleImage, RoleExemplar, RoleLabelMap, RoleInstance, RoleCoords, RoleNoise, RoleConst}},
		{"value", in.Value != 0, []Role{RoleConst}},
	} {
		if part.there && !slices.Contains(part.roles, in.Role) {
			return Errorf(field+"."+part.key, "an input of role %s has none", in.Role)
		}
	}
	switch in.Role {
	case RoleImage, RoleExemplar:
		return m.completeImage(field, in)
	case RoleLabelMap:
		if in.LabelMap == nil {
			return Errorf(field+".labelmap", "missing")
		}
		if err := in.LabelMap.check(field + ".labelmap"); err != nil {
			return err
		}
		if err := oneOf(field+".layout", in.Layout, layouts); err != nil {
			return err
		}
		return m.completeSize(field, in)
	case RoleInstance, RoleCoords:
		return oneOf(field+".layout", in.Layout, layouts)
	case RoleLabel:
		return m.completeLabel(field, in)
	case RoleStrength:
		if in.Label == nil || in.Label.Strength == nil {
			return Errorf(field+".label.strength", "missing")
		}
		return in.Label.Strength.check(field + ".label.strength")
	case RoleNoise:
		return in.completeNoise(field)
	case RoleConst:
		if err := in.checkSpread(field+".shape", in.Shape); err != nil {
			return err
		}
		return finite(field+".value", in.Value)
	}
	return nil
}

// checkTensor checks which tensor an input or an output describes.
func (m *Manifest) checkTensor(field, graph, name string) error {
	if _, ok := m.Graphs[graph]; !ok {
		return Errorf(field+".graph", "%q is not in graphs", graph)
	}
	if name == "" {
		return Errorf(field+".name", "missing")
	}
	return nil
}

func (m *Manifest) completeImage(field string, in *Input) error {
	if in.Image == nil {
		return Errorf(field+".image", "missing")
	}
	dimensions := 4
	if in.Exemplar != nil && in.Exemplar.Several() {
		dimensions = 5
	}
	if len(in.Shape) != 0 && len(in.Shape) != dimensions {
		return Errorf(field+".shape", "%d dimensions; an image has %d", len(in.Shape), dimensions)
	}
	p := pixels{in.DType, in.Layout, in.Image.Color, &in.Image.Scale, &in.Image.Offset}
	if err := p.complete(field, field+".image"); err != nil {
		return err
	}
	if n := in.Image.Color.Channels(); in.Image.Channels != n {
		return Errorf(field+".image.channels", "%d is not the %d of %s", in.Image.Channels, n, in.Image.Color)
	}
	if in.Role == RoleExemplar {
		if in.Exemplar == nil {
			in.Exemplar = &Exemplar{Min: 1, Max: 1}
		}
		e := in.Exemplar
		if e.Max == 0 {
			e.Max = max(e.Min, 1)
		}
		if e.Min < 0 || e.Max < max(e.Min, 1) || e.Max > MaxExemplars {
			return Errorf(field+".exemplar", "%d to %d exemplars; an input takes 0 to %d", e.Min, e.Max, MaxExemplars)
		}
		for _, other := range m.Exemplars() {
			if other != in && other.Exemplar != nil && other.Exemplar.Attribute == e.Attribute && m.inputIndex(other) < m.inputIndex(in) {
				return Errorf(field+".exemplar.attribute", "another exemplar already has %q", e.Attribute)
			}
		}
	}
	return m.completeSize(field, in)
}

// completeSize completes the size that an input asks for. An input that another graph feeds has none.
func (m *Manifest) completeSize(field string, in *Input) error {
	from, _ := m.Feeder(in)
	switch {
	case from != "" && in.Size != nil:
		return Errorf(field+".size", "must be left out, because graph %s feeds this input", from)
	case from != "":
		return nil
	case in.Size == nil:
		return Errorf(field+".size", "missing")
	}
	if in.Role == RoleLabelMap {
		// Class numbers cannot be interpolated.
		defaults(&in.Size.Filter, FilterNearest)
		if in.Size.Filter != FilterNearest {
			return Errorf(field+".size.filter", "%q would mix classes", in.Size.Filter)
		}
	}
	return in.Size.complete(field + ".size")
}

func (l *LabelMap) check(field string) error {
	if err := oneOf(field+".encoding", l.Encoding, []Encoding{EncodingIndex, EncodingOnehot, EncodingPalette}); err != nil {
		return err
	}
	if l.Classes < 1 || l.Classes > 256 {
		return Errorf(field+".classes", "%d is not within 1 to 256", l.Classes)
	}
	if (l.Encoding == EncodingPalette) != (len(l.Palette) > 0) || len(l.Palette) > 0 && len(l.Palette) != l.Classes {
		return Errorf(field+".palette", "%d colours for %d classes, encoded as %s", len(l.Palette), l.Classes, l.Encoding)
	}
	if l.Nearest && l.Palette == nil {
		return Errorf(field+".nearest", "only colours of a palette have a nearest one")
	}
	for i, colour := range l.Palette {
		at := fmt.Sprintf("%s.palette[%d]", field, i)
		if len(colour) != channels || slices.Min(colour) < 0 || slices.Max(colour) > 255 {
			return Errorf(at, "%v is not red, green and blue from 0 to 255", colour)
		}
		for _, other := range l.Palette[:i] {
			if slices.Equal(colour, other) {
				return Errorf(at, "%v appears twice", colour)
			}
		}
	}
	return nil
}

// Depth returns how many channels a label map becomes in the network.
func (l *LabelMap) Depth() int {
	depth := l.Classes
	if l.Encoding == EncodingIndex {
		depth = 1
	}
	if l.Edges {
		depth++
	}
	return depth
}

func (in *Input) completeNoise(field string) error {
	n := in.Noise
	field += ".noise"
	if n == nil {
		return Errorf(field, "missing")
	}
	if err := oneOf(field+".dist", n.Dist, []Dist{DistNormal, DistUniform, DistZeros}); err != nil {
		return err
	}
	defaults(&n.Scope, ScopePerImage)
	if err := oneOf(field+".scope", n.Scope, []Scope{ScopePerImage, ScopeShared}); err != nil {
		return err
	}
	if len(n.Shape) == 0 {
		return Errorf(field+".shape", "missing")
	}
	return in.checkSpread(field+".shape", n.Shape)
}

// checkSpread checks a shape in which the first -1 is the height of the image and the second its width.
// In a constant a leading -1 is the batch.
func (in *Input) checkSpread(field string, shape []int) error {
	free, total := 0, 1
	for i, n := range shape {
		switch {
		case n == AnyDim && in.Role == RoleConst && i == 0:
		case n == AnyDim:
			free++
		case n < 1 || n > 1<<24/total:
			return Errorf(field, "%v is not a shape", shape)
		default:
			total *= n
		}
	}
	if free != 0 && free != 2 || len(shape) == 0 {
		return Errorf(field, "%v: -1 stands for height and width, so there are two or none", shape)
	}
	return nil
}
