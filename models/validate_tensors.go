package models

import (
	"fmt"
	"slices"
)

func (m *Manifest) completeInputs() error {
	count := map[string]int{}
	for i := range m.Inputs {
		in := &m.Inputs[i]
		field := fmt.Sprintf("inputs[%d]", i)
		err := oneOf(field+".role", in.Role, []string{roleImage, roleLabel},
			"exemplar", "labelmap", "instance", "strength", "noise", "coords", "const", "latent")
		if err == nil {
			err = m.checkTensor(field, in.Graph, in.Name)
		}
		if err == nil && in.Role == roleImage {
			err = in.completeImage(field)
		} else if err == nil {
			err = in.checkLabel(field)
		}
		if err != nil {
			return err
		}
		if count[in.Role]++; count[in.Role] > 1 {
			return wrong(field+".role", "a second %s is %s", in.Role, notYet)
		}
	}
	if count[roleImage] == 0 {
		return wrong("inputs", "no input has the role image")
	}
	return nil
}

func (m *Manifest) checkTensor(field, graph, name string) error {
	if _, ok := m.Graphs[graph]; !ok {
		return wrong(field+".graph", "%q is not in graphs", graph)
	}
	if name == "" {
		return wrong(field+".name", "missing")
	}
	return nil
}

func (in *Input) completeImage(field string) error {
	if in.Label != nil {
		return wrong(field+".label", "an image has none")
	}
	if in.Image == nil {
		return wrong(field+".image", "missing")
	}
	if in.Size == nil {
		return wrong(field+".size", "missing")
	}
	if in.Image.Channels != channels {
		return wrong(field+".image.channels", "%d channels are %s; only 3 are", in.Image.Channels, notYet)
	}
	if len(in.Shape) != 0 && len(in.Shape) != 4 {
		return wrong(field+".shape", "%d dimensions; an image has 4", len(in.Shape))
	}
	p := pixels{in.DType, in.Layout, in.Image.Color, &in.Image.Scale, &in.Image.Offset}
	if err := p.complete(field, field+".image"); err != nil {
		return err
	}
	return in.Size.complete(field + ".size")
}

func (in *Input) checkLabel(field string) error {
	if in.Image != nil {
		return wrong(field+".image", "a label has none")
	}
	if in.Size != nil {
		return wrong(field+".size", "a label has none")
	}
	if in.Label == nil {
		return wrong(field+".label", "missing")
	}
	if in.Layout != "" {
		return wrong(field+".layout", "a label has none")
	}
	if err := oneOf(field+".dtype", in.DType, []string{dtypeFloat32}, "float16", dtypeUint8, "int64"); err != nil {
		return err
	}
	if n := len(in.Shape); n > 2 || n == 2 && in.Shape[1] != 1 {
		return wrong(field+".shape", "%v; a scalar code has [-1] or [-1, 1]", in.Shape)
	}
	err := oneOf(field+".label.kind", in.Label.Kind, []string{"scalar"}, "multihot", "onehot", "pair", "concat")
	if err != nil || in.Label.Strength == nil {
		return err
	}
	return in.Label.Strength.check(field + ".label.strength")
}

func (s *Strength) check(field string) error {
	if err := oneOf(field+".op", s.Op, []string{"scale", strengthLerp}); err != nil {
		return err
	}
	if err := finite(field, s.Min, s.Max, s.Neutral); err != nil {
		return err
	}
	if s.Min > 1 || s.Max < 1 {
		return wrong(field, "the range %g to %g leaves out 1, full strength", s.Min, s.Max)
	}
	return nil
}

// pixels is what image inputs and outputs have in common.
type pixels struct {
	dtype, layout, color string
	scale, offset        *[]float64
}

// complete checks the dtype and layout of the tensor field and the rest under the affine field.
func (p pixels) complete(tensor, affine string) error {
	if err := oneOf(tensor+".dtype", p.dtype, []string{dtypeUint8, dtypeFloat32}, "float16"); err != nil {
		return err
	}
	if err := oneOf(tensor+".layout", p.layout, []string{layoutNHWC, layoutNCHW}); err != nil {
		return err
	}
	if err := oneOf(affine+".color", p.color, []string{colorRGB, colorBGR}, "GRAY"); err != nil {
		return err
	}
	if *p.scale == nil {
		*p.scale = []float64{1, 1, 1}
	}
	if *p.offset == nil {
		*p.offset = []float64{0, 0, 0}
	}
	if n := len(*p.scale); n != channels {
		return wrong(affine+".scale", "%d numbers for %d channels", n, channels)
	}
	if n := len(*p.offset); n != channels {
		return wrong(affine+".offset", "%d numbers for %d channels", n, channels)
	}
	if slices.Contains(*p.scale, 0) {
		return wrong(affine+".scale", "0 would make every picture the same")
	}
	if err := finite(affine+".scale", *p.scale...); err != nil {
		return err
	}
	if err := finite(affine+".offset", *p.offset...); err != nil {
		return err
	}
	if p.dtype == dtypeFloat32 {
		return nil
	}
	// Bytes pass through as they are, so the network has to do the arithmetic.
	switch {
	case p.layout != layoutNHWC:
		return wrong(tensor+".layout", "%s with uint8 is %s", p.layout, notYet)
	case p.color != colorRGB:
		return wrong(affine+".color", "%s with uint8 is %s", p.color, notYet)
	case !slices.Equal(*p.scale, []float64{1, 1, 1}):
		return wrong(affine+".scale", "%v with uint8 is %s", *p.scale, notYet)
	case !slices.Equal(*p.offset, []float64{0, 0, 0}):
		return wrong(affine+".offset", "%v with uint8 is %s", *p.offset, notYet)
	}
	return nil
}

func (m *Manifest) completeOutputs() error {
	if len(m.Outputs) != 1 {
		return wrong("outputs", "%d outputs are %s; only 1 is", len(m.Outputs), notYet)
	}
	out := &m.Outputs[0]
	if err := oneOf("outputs[0].role", out.Role, []string{roleImage, roleLogits}, "residual", "latent", "mask"); err != nil {
		return err
	}
	if err := m.checkTensor("outputs[0]", out.Graph, out.Name); err != nil {
		return err
	}
	if out.Role == roleLogits {
		if m.Classifier == nil {
			return wrong("classifier", "missing, though outputs[0] gives logits")
		}
		return oneOf("outputs[0].dtype", out.DType, []string{dtypeFloat32}, "float16")
	}
	if m.Classifier != nil {
		return wrong("outputs[0].role", "a classifier gives logits, not an image")
	}
	if out.Clip == nil {
		out.Clip = new(true)
	}
	p := pixels{out.DType, out.Layout, out.Color, &out.Scale, &out.Offset}
	return p.complete("outputs[0]", "outputs[0]")
}
