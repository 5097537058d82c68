package models

import (
	"errors"
	"slices"
	"testing"

	"gtx/models/manifest"
	"gtx/models/onnx"
	"gtx/models/propose"
)

// proposed proposes a manifest for a network that declares these inputs and outputs and has no nodes.
func proposed(t *testing.T, known string, inputs, outputs []TensorInfo) (*manifest.Manifest, error) {
	t.Helper()
	network := declaring(inputs, outputs)
	declared, err := onnx.ReadDeclaration(network)
	if err != nil {
		t.Fatal(err)
	}
	p, err := propose.Manifest(network, propose.Hints{Known: []byte(known), Stem: "foreign", Values: propose.RangeSigned})
	if err != nil {
		return nil, err
	}
	text, err := manifest.Marshal(p.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse(text)
	if err != nil {
		return nil, err
	}
	_, err = newSignature(m, "main", declared)
	return m, err
}

// declaring returns a network without nodes. A nil shape is left undeclared.
func declaring(inputs, outputs []TensorInfo) []byte {
	var graph, network onnx.Message
	for _, t := range inputs {
		graph.Bytes(onnx.GraphInput, declaration(t))
	}
	for _, t := range outputs {
		graph.Bytes(onnx.GraphOutput, declaration(t))
	}
	network.Number(onnx.ModelIRVersion, 8)
	network.Bytes(onnx.ModelGraph, graph)
	return network
}

// declaration returns the ValueInfoProto of a tensor.
func declaration(t TensorInfo) []byte {
	var info, kind, tensor, shape onnx.Message
	elements := map[string]onnx.ElementType{"float32": onnx.Float32, "int32": onnx.Int32}
	tensor.Number(onnx.TypeElement, uint64(elements[t.DType]))
	for _, n := range t.Shape {
		var dim onnx.Message
		if n != onnx.AnyDim {
			dim.Number(onnx.DimValue, uint64(n))
		}
		shape.Bytes(onnx.ShapeDim, dim)
	}
	if t.Shape != nil {
		tensor.Bytes(onnx.TypeShape, shape)
	}
	kind.Bytes(onnx.TypeTensor, tensor)
	info.Text(onnx.InfoName, t.Name)
	info.Bytes(onnx.InfoType, kind)
	return info
}

func TestEveryPresetDescribesItsFamily(t *testing.T) {
	nchw := []int{1, 3, 128, 128}
	label := TensorInfo{Name: "label", DType: "float32", Shape: []int{1, 5}}
	mask := TensorInfo{Name: "mask", DType: "float32", Shape: []int{1, 1, 128, 128}}
	for _, name := range propose.Presets() {
		known, err := propose.Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, shape := range [][]int{nchw, {-1, -1, -1, 3}} {
			image := TensorInfo{Name: "in", DType: "float32", Shape: shape}
			inputs, outputs := []TensorInfo{image}, []TensorInfo{{Name: "out", DType: "float32", Shape: shape}}
			switch name {
			case "stargan":
				inputs = append(inputs, label)
				inputs[0].Shape, outputs[0].Shape = nchw, nchw // one label, one image
			case "u2net":
				outputs = []TensorInfo{mask, {Name: "side", DType: "float32", Shape: mask.Shape}}
			}
			m, err := proposed(t, string(known), inputs, outputs)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if m.Family != name || len(m.Targets()) == 0 {
				t.Errorf("%s: family %q, targets %q", name, m.Family, m.Targets())
			}
			if in := m.Image(); slices.Equal(shape, nchw) && (in.Size.Mode != manifest.SizeFixed || in.Size.W != 128 || in.Layout != manifest.LayoutNCHW) {
				t.Errorf("%s: %+v", name, in)
			}
		}
	}
}

func TestWhatIsKnownWinsOverWhatANetworkShows(t *testing.T) {
	shape := []int{1, 3, -1, -1}
	m, err := proposed(t, `
name: stated
inputs:
- {role: image, image: {color: BGR, scale: [2, 2, 2]}, size: {mode: any, h: 100, w: 80}}
outputs: [{role: image, name: second}]
`, []TensorInfo{{Name: "in", DType: "float32", Shape: shape}},
		[]TensorInfo{{Name: "first", DType: "float32", Shape: shape}, {Name: "second", DType: "float32", Shape: shape}})
	if err != nil {
		t.Fatal(err)
	}
	in := m.Image()
	if m.Name != "stated" || in.Image.Color != manifest.ColorBGR || in.Image.Scale[0] != 2 || in.Size.H != 100 || m.Outputs[0].Name != "second" {
		t.Errorf("%+v %+v %+v", in, in.Size, m.Outputs)
	}
	if out := m.Outputs[0]; out.Scale[0] != 1/127.5 || out.Offset[0] != -1 {
		t.Errorf("the range of what is not stated: %v %v", out.Scale, out.Offset)
	}
}

func TestVagueOutputsAreAsTheImageThatGoesIn(t *testing.T) {
	for _, in := range [][]int{{1, 3, -1, -1}, {1, -1, -1, 3}, {-1, 1, 64, 64}} {
		for _, out := range [][]int{{-1, -1, -1, -1}, nil} {
			m, err := proposed(t, "{}", []TensorInfo{{Name: "x", DType: "float32", Shape: in}}, []TensorInfo{{Name: "y", DType: "float32", Shape: out}})
			if err != nil {
				t.Errorf("%v → %v: %v", in, out, err)
				continue
			}
			if m.Outputs[0].Layout != m.Inputs[0].Layout || m.Outputs[0].Color != m.Inputs[0].Image.Color {
				t.Errorf("%v → %v: %+v", in, out, m.Outputs[0])
			}
		}
	}
	// A layout that is stated decides where nothing can be seen.
	known := "inputs: [{role: image, name: x, layout: NHWC, size: {mode: any, h: 64, w: 64}}]"
	for _, in := range [][]int{{1, -1, -1, -1}, {1, 3, 64, 3}} {
		m, err := proposed(t, known, []TensorInfo{{Name: "x", DType: "float32", Shape: in}}, []TensorInfo{{Name: "y", DType: "float32", Shape: in}})
		if err != nil && in[1] == manifest.AnyDim {
			t.Errorf("%v: %v", in, err)
		} else if err == nil && m.Inputs[0].Layout != manifest.LayoutNHWC {
			t.Errorf("%v: %+v", in, m.Inputs[0])
		}
	}
	for _, shape := range [][]int{nil, {1}, {1, -1, 3}, {-1, -1, -1, -1, -1}} {
		if _, err := proposed(t, known, []TensorInfo{{Name: "x", DType: "float32", Shape: shape}}, []TensorInfo{{Name: "y", DType: "float32", Shape: shape}}); err == nil {
			t.Errorf("%v passed for an image", shape)
		}
	}
}

func TestAmbiguousNetworksNeedAWord(t *testing.T) {
	image := func(name string) TensorInfo {
		return TensorInfo{Name: name, DType: "float32", Shape: []int{1, 3, -1, -1}}
	}
	code := TensorInfo{Name: "code", DType: "float32", Shape: []int{1, 5}}
	for _, c := range []struct {
		inputs, outputs []TensorInfo
		field           string
	}{
		{[]TensorInfo{image("a"), image("b")}, []TensorInfo{image("y")}, "inputs"},
		{[]TensorInfo{image("a"), code}, []TensorInfo{image("y")}, "inputs"},
		{[]TensorInfo{code}, []TensorInfo{image("y")}, "inputs"},
		{[]TensorInfo{image("a")}, []TensorInfo{image("y"), image("z")}, "outputs"},
		{[]TensorInfo{image("a")}, []TensorInfo{code}, "outputs"},
		{[]TensorInfo{{Name: "a", DType: "int32", Shape: []int{1, 3, -1, -1}}}, []TensorInfo{image("y")}, ""},
	} {
		_, err := proposed(t, "{}", c.inputs, c.outputs)
		var wrong *manifest.Error
		if c.field == "" {
			if err != nil {
				t.Errorf("%v: %v", c.inputs, err)
			}
		} else if !errors.As(err, &wrong) || wrong.Field != c.field {
			t.Errorf("%v %v: %v, want a word on %s", c.inputs, c.outputs, err, c.field)
		}
	}
}
