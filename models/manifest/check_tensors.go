package manifest

import (
	"fmt"
	"maps"
	"slices"
)

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
			err = Errorf(field+".dtype", "uint8 is for pictures")
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
			return Errorf("inputs", "none is of graph %s", id)
		}
		var maps int
		for _, in := range m.InputsOf(id) {
			if in.takesPicture() {
				if from, _ := m.Feeder(in); from == "" {
					if source := m.sourceOf(id); *in.Size != *source.Size {
						return Errorf(m.InputField(in)+".size", "differs from that of %q", source.Name)
					}
				}
				maps++
			}
		}
		if maps > 1 && m.LabelMapOf(id) != nil {
			return Errorf("inputs", "graph %s takes a label map and another picture", id)
		}
	}
	return nil
}

// completeRole checks what belongs to a role, and that nothing else is there.
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
	if len(in.Shape) != 0 && len(in.Shape) != 4 {
		return Errorf(field+".shape", "%d dimensions; an image has 4", len(in.Shape))
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
		if e.Max = max(e.Max, 1); e.Min < 0 || e.Min > 1 || e.Max > 1 {
			return Errorf(field+".exemplar", "%d to %d exemplars; an input takes one, or with min 0 none", e.Min, e.Max)
		}
		for _, other := range m.Exemplars() {
			if other != in && other.Exemplar != nil && other.Exemplar.Attribute == e.Attribute && m.inputIndex(other) < m.inputIndex(in) {
				return Errorf(field+".exemplar.attribute", "%q is another exemplar's, too", e.Attribute)
			}
		}
	}
	return m.completeSize(field, in)
}

// completeSize checks the size that an input asks for, which it does unless another graph feeds it.
func (m *Manifest) completeSize(field string, in *Input) error {
	from, _ := m.Feeder(in)
	switch {
	case from != "" && in.Size != nil:
		return Errorf(field+".size", "graph %s feeds it, whatever the size", from)
	case from != "":
		return nil
	case in.Size == nil:
		return Errorf(field+".size", "missing")
	}
	if in.Role == RoleLabelMap {
		// Between two classes there is no third.
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
	for i, colour := range l.Palette {
		at := fmt.Sprintf("%s.palette[%d]", field, i)
		if len(colour) != channels || slices.Min(colour) < 0 || slices.Max(colour) > 255 {
			return Errorf(at, "%v is not red, green and blue from 0 to 255", colour)
		}
		for _, other := range l.Palette[:i] {
			if slices.Equal(colour, other) {
				return Errorf(at, "%v is there twice", colour)
			}
		}
	}
	return nil
}

// depth is how many channels a label map becomes.
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

func (m *Manifest) completeLabel(field string, in *Input) error {
	l := in.Label
	field += ".label"
	if l == nil {
		return Errorf(field, "missing")
	}
	kinds := []LabelKind{LabelScalar, LabelPair, LabelOnehot, LabelMultihot, LabelConcat}
	if err := oneOf(field+".kind", l.Kind, kinds); err != nil {
		return err
	}
	if l.Strength != nil {
		if err := l.Strength.check(field + ".strength"); err != nil {
			return err
		}
	}
	if l.Names == nil {
		l.Names = m.DomainIDs()
		return l.completeKind(field)
	}
	for i, name := range l.Names {
		if !slices.Contains(m.DomainIDs(), name) {
			return Errorf(fmt.Sprintf("%s.names[%d]", field, i), "%q is not in domains", name)
		}
		if slices.Contains(l.Names[:i], name) {
			return Errorf(fmt.Sprintf("%s.names[%d]", field, i), "%q is there twice", name)
		}
	}
	return l.completeKind(field)
}

// completeKind checks what belongs to the kind of a label.
func (l *Labeled) completeKind(field string) error {
	if l.Kind == LabelScalar || l.Kind == LabelPair {
		if l.Off != nil || l.On != nil || l.ExclusiveGroups != nil || l.Base != "" || l.Parts != nil || l.Mask {
			return Errorf(field, "off, on, exclusive_groups, base, parts and mask are not for a label of kind %s", l.Kind)
		}
		return nil
	}
	if l.Off == nil {
		l.Off = new(0.0)
	}
	if l.On == nil {
		l.On = new(1.0)
	}
	if err := finite(field+".off", *l.Off, *l.On); err != nil {
		return err
	}
	defaults(&l.Base, BaseZeros)
	if err := oneOf(field+".base", l.Base, []Base{BaseSource, BaseZeros}); err != nil {
		return err
	}
	l.RequiresSourceLabel = l.RequiresSourceLabel || l.Base == BaseSource
	for i, group := range l.ExclusiveGroups {
		for _, name := range group {
			if !slices.Contains(l.Names, name) {
				return Errorf(fmt.Sprintf("%s.exclusive_groups[%d]", field, i), "%q is not in names", name)
			}
		}
	}
	total := 0
	for i, n := range l.Parts {
		if n < 1 {
			return Errorf(fmt.Sprintf("%s.parts[%d]", field, i), "%d is not a number of names", n)
		}
		total += n
	}
	switch {
	case len(l.Names) == 0:
		return Errorf(field+".names", "missing")
	case (l.Kind == LabelConcat) != (l.Parts != nil):
		return Errorf(field+".parts", "belong to the kind concat, and only to it")
	case l.Parts != nil && total != len(l.Names):
		return Errorf(field+".parts", "add up to %d, not to the %d names", total, len(l.Names))
	case l.Mask && l.Parts == nil:
		return Errorf(field+".mask", "only a label of kind concat has one")
	}
	return nil
}

func (s *Strength) check(field string) error {
	if err := oneOf(field+".op", s.Op, []StrengthOp{StrengthScale, StrengthLerp}); err != nil {
		return err
	}
	if err := finite(field, s.Min, s.Max, s.Neutral); err != nil {
		return err
	}
	if s.Min > 1 || s.Max < 1 {
		return Errorf(field, "the range %g to %g leaves out 1, full strength", s.Min, s.Max)
	}
	return nil
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

// checkSpread checks a shape in which -1 stands for the picture's height, then its width.
func (in *Input) checkSpread(field string, shape []int) error {
	free, total := 0, 1
	for i, n := range shape {
		switch {
		case n == AnyDim && in.Role == RoleConst && i == 0: // the batch
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

// pixels is what image inputs and outputs have in common.
type pixels struct {
	dtype         DType
	layout        Layout
	color         Color
	scale, offset *[]float64
}

// complete checks the layout of the tensor field and the rest under the affine field.
func (p pixels) complete(tensor, affine string) error {
	if err := oneOf(tensor+".layout", p.layout, layouts); err != nil {
		return err
	}
	if err := oneOf(affine+".color", p.color, colors); err != nil {
		return err
	}
	depth := p.color.Channels()
	if *p.scale == nil {
		*p.scale = slices.Repeat([]float64{1}, depth)
	}
	if *p.offset == nil {
		*p.offset = make([]float64, depth)
	}
	if n := len(*p.scale); n != depth {
		return Errorf(affine+".scale", "%d numbers for %d channels", n, depth)
	}
	if n := len(*p.offset); n != depth {
		return Errorf(affine+".offset", "%d numbers for %d channels", n, depth)
	}
	if slices.Contains(*p.scale, 0) {
		return Errorf(affine+".scale", "0 would make every picture the same")
	}
	if err := finite(affine+".scale", *p.scale...); err != nil {
		return err
	}
	if err := finite(affine+".offset", *p.offset...); err != nil {
		return err
	}
	if p.dtype != DTypeUint8 {
		return nil
	}
	// Bytes pass as they are, so the network has to do the arithmetic.
	for c := range depth {
		if (*p.scale)[c] != 1 || (*p.offset)[c] != 0 {
			return Errorf(affine+".scale", "bytes have no scale and no offset")
		}
	}
	return nil
}

func (m *Manifest) completeOutputs() error {
	if len(m.Outputs) == 0 {
		return Errorf("outputs", "missing")
	}
	for i := range m.Outputs {
		out := &m.Outputs[i]
		field := fmt.Sprintf("outputs[%d]", i)
		err := oneOf(field+".role", out.Role, outputRoles)
		if err == nil {
			err = m.checkTensor(field, out.Graph, out.Name)
		}
		if err == nil {
			err = oneOf(field+".dtype", out.DType, DTypes())
		}
		if err != nil {
			return err
		}
		if m.outputIndex(out) != i {
			return Errorf(field+".name", "graph %s has %q twice", out.Graph, out.Name)
		}
		if out.DType == DTypeUint8 && out.Role != RoleImage {
			return Errorf(field+".dtype", "uint8 is for images")
		}
		if !out.GivesImages() {
			continue
		}
		if out.Clip == nil {
			out.Clip = new(true)
		}
		p := pixels{out.DType, out.Layout, out.Color, &out.Scale, &out.Offset}
		if err := p.complete(field, field); err != nil {
			return err
		}
	}
	return nil
}
