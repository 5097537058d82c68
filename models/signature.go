package models

import (
	"fmt"
	"slices"
)

// signature is a manifest that has been checked against its network.
type signature struct {
	manifest *Manifest
	inputs   []string // names, in the manifest's order
	output   string
	codeRank int // 1 or 2, the codes being [N] or [N, 1]; 0 without codes
}

// newSignature compares a manifest with what the network declares. The error is a *ManifestError for
// the first field that is not so.
func newSignature(m *Manifest, declared *declaration) (*signature, error) {
	s := &signature{manifest: m, output: m.Outputs[0].Name}
	for i, in := range m.Inputs {
		field := fmt.Sprintf("inputs[%d]", i)
		info, err := findTensor(field, in.Name, in.DType, declared.inputs)
		if err != nil {
			return nil, err
		}
		want := []int{anyDim}
		if in.Role == roleImage {
			want = in.imageShape()
		} else {
			if len(info.Shape) == 2 {
				want = append(want, 1)
			}
			s.codeRank = len(want)
		}
		want[0] = m.batchDim()
		if err := matchShape(field+".shape", info, want, in.Shape); err != nil {
			return nil, err
		}
		s.inputs = append(s.inputs, in.Name)
	}
	for _, info := range declared.inputs {
		if !slices.Contains(s.inputs, info.Name) {
			return nil, wrong("inputs", "the network also takes %q, which none of them names", info.Name)
		}
	}
	out := m.Outputs[0]
	info, err := findTensor("outputs[0]", out.Name, out.DType, declared.outputs)
	if err != nil {
		return nil, err
	}
	want := []int{m.batchDim(), anyDim}
	switch {
	case out.Role == roleLogits:
		want[1] = len(m.Classifier.Classes)
	case out.Layout == layoutNHWC:
		want = append(want, anyDim, channels)
	default:
		want = []int{m.batchDim(), channels, anyDim, anyDim}
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
func (m *Manifest) batchDim() int {
	if b := m.graph().Batch; b > 0 {
		return int(b)
	}
	return anyDim
}

// imageShape is the shape that a graph must declare for an image input.
func (in *Input) imageShape() []int {
	h, w := anyDim, anyDim
	if in.Size.Mode == sizeFixed {
		h, w = in.Size.H, in.Size.W
	}
	if in.Layout == layoutNHWC {
		return []int{anyDim, h, w, channels}
	}
	return []int{anyDim, channels, h, w}
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
func matchShape(field string, info TensorInfo, fed []int, stated []int) error {
	if len(info.Shape) != len(fed) {
		return wrong(field, "%q has %d dimensions, %v, not %d", info.Name, len(info.Shape), info.Shape, len(fed))
	}
	for i, has := range info.Shape {
		if has != anyDim && has != fed[i] {
			return wrong(field, "the network takes %v, so that dimension %d is fixed at %d, not %s", info.Shape, i, has, dim(fed[i]))
		}
	}
	for i, said := range stated {
		if len(stated) != len(info.Shape) || said != anyDim && said != info.Shape[i] {
			return wrong(field, "%v is not the network's %v", stated, info.Shape)
		}
	}
	return nil
}

func matchOutput(field string, info TensorInfo, want []int) error {
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

func dim(n int) string {
	if n == anyDim {
		return "free"
	}
	return fmt.Sprint(n)
}
