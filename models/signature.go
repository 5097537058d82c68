package models

import (
	"fmt"
	"slices"

	"gtx/models/onnx"
)

// signature is what a manifest says of a graph, checked against the graph.
type signature struct {
	graph   string
	inputs  []*Input
	outputs []*Output
	ranks   []int    // of the inputs, as the graph declares them
	takes   []string // names of the inputs in the network that runs
	gives   []string // and of the outputs
}

// newSignature compares a manifest with what a graph declares. The error is a *ManifestError for the
// first field that is not so.
func newSignature(m *Manifest, graph string, declared *onnx.Declaration) (*signature, error) {
	s := &signature{graph: graph, inputs: m.inputsOf(graph), outputs: m.outputsOf(graph)}
	batch := anyDim
	if n := m.Graphs[graph].Batch; n > 0 {
		batch = int(n)
	}
	for _, in := range s.inputs {
		field := fmt.Sprintf("inputs[%d]", m.inputIndex(in))
		info, err := findTensor(field, in.Name, in.DType, declared.Inputs)
		if err != nil {
			return nil, err
		}
		if want := m.shapeOf(in, len(info.Shape)); want != nil {
			switch {
			case want[0] == anyDim:
				want[0] = batch
			case len(want) == 1 && batch != 1:
				return nil, wrong("graphs."+graph+".batch", "not 1, though %q, %v, has no dimension for the batch", info.Name, info.Shape)
			}
			err = matchShape(field+".shape", info, want, in.Shape)
		} else {
			err = matchStated(field+".shape", info, in.Shape)
		}
		if err != nil {
			return nil, err
		}
		s.ranks = append(s.ranks, len(info.Shape))
		s.takes = append(s.takes, in.Name)
	}
	for _, info := range declared.Inputs {
		if !slices.Contains(s.takes, info.Name) {
			return nil, wrong("inputs", "the network also takes %q, which none of them names", info.Name)
		}
	}
	for _, out := range s.outputs {
		field := fmt.Sprintf("outputs[%d]", m.outputIndex(out))
		info, err := findTensor(field, out.Name, out.DType, declared.Outputs)
		if err != nil {
			return nil, err
		}
		s.gives = append(s.gives, out.Name)
		// What an output declares is often vague or missing; what it gives is checked at each run.
		var want []int
		switch {
		case len(info.Shape) == 0 || out.Role == roleLatent:
			continue
		case out.Role == roleLogits:
			want = []int{batch, len(m.Classifier.Classes)}
		case out.Layout == layoutNHWC:
			want = []int{batch, anyDim, anyDim, depthOf(out.Color)}
		default:
			want = []int{batch, depthOf(out.Color), anyDim, anyDim}
		}
		if err := matchOutput(field, info, want); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// anyDim is a dimension that is free in a graph.
const anyDim = onnx.AnyDim

// shapeOf is the shape that a graph must declare for an input, given the rank that it has, or nil if
// any will do.
func (m *Manifest) shapeOf(in *Input, rank int) []int {
	h, w, depth := anyDim, anyDim, 1
	if in.Size != nil && in.Size.Mode == sizeFixed && m.stage(in.Graph).Upsample <= 1 {
		h, w = in.Size.H, in.Size.W
	}
	switch in.Role {
	case roleImage, roleExemplar:
		depth = depthOf(in.Image.Color)
	case roleLabelMap:
		depth = in.LabelMap.depth()
	case roleCoords:
		depth = 2
	case roleInstance:
	case roleLabel:
		return vectorShape(in.Label.width(), rank)
	case roleStrength:
		return vectorShape(1, rank)
	case roleNoise:
		return append([]int{anyDim}, in.Noise.Shape...)
	case roleConst:
		return slices.Clone(in.Shape)
	default: // a latent is whatever the other graph gives
		return nil
	}
	if in.Layout == layoutNHWC {
		return []int{anyDim, h, w, depth}
	}
	return []int{anyDim, depth, h, w}
}

// vectorShape is the shape of a vector for each picture in a tensor of a rank: [N,width,1,1] and so
// on. Of rank 1 it is [N] for one number a picture, and [width] for one picture at a time.
func vectorShape(width, rank int) []int {
	shape := append([]int{anyDim, width}, slices.Repeat([]int{1}, max(0, rank-2))...)
	switch {
	case rank == 1 && width == 1:
		return shape[:1]
	case rank == 1:
		return shape[1:]
	}
	return shape
}

// vectorTensor is that shape for n pictures.
func vectorTensor(n, width, rank int) []int64 {
	if rank == 1 {
		return []int64{int64(n * width)}
	}
	return batchShape(n, vectorShape(width, rank)[1:])
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
	return matchStated(field, info, stated)
}

// matchStated compares the shape that a manifest states, if any, with the network's.
func matchStated(field string, info TensorInfo, stated []int) error {
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
