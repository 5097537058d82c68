package models

import (
	"fmt"
	"slices"

	ort "github.com/yalue/onnxruntime_go"
)

// TensorInfo describes an input or output as the network itself declares it.
type TensorInfo struct {
	Name  string
	DType string  // uint8, float32, …
	Shape []int64 // -1 where any size goes
}

// Inspect returns the inputs and outputs of a model's graph.
func (r *Runtime) Inspect(m *Model) (inputs, outputs []TensorInfo, err error) {
	if err := r.hold(); err != nil {
		return nil, nil, err
	}
	defer r.release()
	network, err := m.network()
	if err != nil {
		return nil, nil, err
	}
	return inspect(network)
}

func inspect(network []byte) (inputs, outputs []TensorInfo, err error) {
	in, out, err := ort.GetInputOutputInfoWithONNXData(network)
	if err != nil {
		return nil, nil, fmt.Errorf("load the network: %w", err)
	}
	return tensorInfos(in), tensorInfos(out), nil
}

func tensorInfos(declared []ort.InputOutputInfo) []TensorInfo {
	infos := make([]TensorInfo, len(declared))
	for i, d := range declared {
		infos[i] = TensorInfo{Name: d.Name, DType: d.OrtValueType.String(), Shape: d.Dimensions}
		if d.OrtValueType == ort.ONNXTypeTensor {
			infos[i].DType = dtypeName(d.DataType)
		}
	}
	return infos
}

func dtypeName(t ort.TensorElementDataType) string {
	switch t {
	case ort.TensorElementDataTypeUint8:
		return dtypeUint8
	case ort.TensorElementDataTypeFloat:
		return dtypeFloat32
	}
	return t.String()
}

// signature is a manifest that has been checked against its network.
type signature struct {
	manifest  *Manifest
	inputs    []string // names, in the manifest's order
	output    string
	codeShape []int64 // of the code of one batch, its first number -1; nil without a code
}

// newSignature compares a manifest with what the network declares. The error is a *ManifestError for
// the first field that is not so.
func newSignature(m *Manifest, inputs, outputs []TensorInfo) (*signature, error) {
	s := &signature{manifest: m, output: m.Outputs[0].Name}
	for i, in := range m.Inputs {
		field := fmt.Sprintf("inputs[%d]", i)
		info, err := findTensor(field, in.Name, in.DType, inputs)
		if err != nil {
			return nil, err
		}
		want := []int64{anyDim}
		if in.Role == roleImage {
			want = in.imageShape()
		} else {
			if len(info.Shape) == 2 {
				want = append(want, 1)
			}
			s.codeShape = want
		}
		want[0] = m.batchDim()
		if err := matchShape(field+".shape", info, want, in.Shape); err != nil {
			return nil, err
		}
		s.inputs = append(s.inputs, in.Name)
	}
	for _, info := range inputs {
		if !slices.Contains(s.inputs, info.Name) {
			return nil, wrong("inputs", "the network also takes %q, which none of them names", info.Name)
		}
	}
	out := m.Outputs[0]
	info, err := findTensor("outputs[0]", out.Name, out.DType, outputs)
	if err != nil {
		return nil, err
	}
	want := []int64{m.batchDim(), anyDim}
	switch {
	case out.Role == roleLogits:
		want[1] = int64(len(m.Classifier.Classes))
	case out.Layout == layoutNHWC:
		want = append(want, anyDim, channels)
	default:
		want = []int64{m.batchDim(), channels, anyDim, anyDim}
	}
	// What an output declares is often vague or missing; what it gives is checked at each run.
	if len(info.Shape) == 0 {
		return s, nil
	}
	return s, matchOutput("outputs[0]", info, want)
}

// anyDim is a dimension that is free in a graph.
const anyDim = -1

// batchDim is the number of pictures a graph must declare, or anyDim.
func (m *Manifest) batchDim() int64 {
	if b := m.graph().Batch; b > 0 {
		return int64(b)
	}
	return anyDim
}

// imageShape is the shape that a graph must declare for an image input.
func (in *Input) imageShape() []int64 {
	h, w := int64(anyDim), int64(anyDim)
	if in.Size.Mode == sizeFixed {
		h, w = int64(in.Size.H), int64(in.Size.W)
	}
	if in.Layout == layoutNHWC {
		return []int64{anyDim, h, w, channels}
	}
	return []int64{anyDim, channels, h, w}
}

func findTensor(field, name, dtype string, declared []TensorInfo) (TensorInfo, error) {
	i := slices.IndexFunc(declared, func(t TensorInfo) bool { return t.Name == name })
	if i < 0 {
		names := make([]string, len(declared))
		for k, t := range declared {
			names[k] = t.Name
		}
		return TensorInfo{}, wrong(field+".name", "the network has no %q, but %q", name, names)
	}
	if declared[i].DType != dtype {
		return TensorInfo{}, wrong(field+".dtype", "%s is not the network's %s", dtype, declared[i].DType)
	}
	return declared[i], nil
}

// matchShape checks an input: the network must take every size that may be fed, and the manifest's
// own shape, where it is given, must be the network's.
func matchShape(field string, info TensorInfo, fed []int64, stated []int) error {
	if len(info.Shape) != len(fed) {
		return wrong(field, "%q has %d dimensions, %v, not %d", info.Name, len(info.Shape), info.Shape, len(fed))
	}
	for i, has := range info.Shape {
		if has != anyDim && has != fed[i] {
			return wrong(field, "the network takes %v, so that dimension %d is fixed at %d, not %s", info.Shape, i, has, dim(fed[i]))
		}
	}
	for i, said := range stated {
		if len(stated) != len(info.Shape) || said != anyDim && int64(said) != info.Shape[i] {
			return wrong(field, "%v is not the network's %v", stated, info.Shape)
		}
	}
	return nil
}

func matchOutput(field string, info TensorInfo, want []int64) error {
	if len(info.Shape) != len(want) {
		return wrong(field, "%q has %d dimensions, %v, not %d", info.Name, len(info.Shape), info.Shape, len(want))
	}
	for i, has := range info.Shape {
		if has != anyDim && want[i] != anyDim && has != want[i] {
			return wrong(field, "the network gives %v, whose dimension %d is not %d", info.Shape, i, want[i])
		}
	}
	return nil
}

func dim(n int64) string {
	if n == anyDim {
		return "free"
	}
	return fmt.Sprint(n)
}
