package manifest

import (
	"fmt"
	"slices"
)

// completeOutputs fills in the defaults of the outputs and checks them.
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
		if out.DType == DTypeUint8 && (out.Role == RoleResidual || !out.hasPixels()) {
			return Errorf(field+".dtype", "uint8 is for images")
		}
		if !out.hasPixels() {
			continue
		}
		if gray := out.Color == ColorGray; out.Role == RoleOpacity && !gray {
			return Errorf(field+".color", "an opacity has one channel: GRAY")
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

// pixels are the fields that image inputs and outputs share.
type pixels struct {
	dtype         DType
	layout        Layout
	color         Color
	scale, offset *[]float64
}

// complete fills in the defaults and checks the fields. The layout is in the field tensor, all others are in
// the field affine.
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
		return Errorf(affine+".scale", "0 would make every image the same")
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
	// Bytes pass unchanged: the network itself does the arithmetic.
	for c := range depth {
		if (*p.scale)[c] != 1 || (*p.offset)[c] != 0 {
			return Errorf(affine+".scale", "bytes have no scale and no offset")
		}
	}
	return nil
}
