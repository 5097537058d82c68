package models

import (
	"fmt"
	"slices"

	"gtx/models/manifest"
	"gtx/models/onnx"
)

// A signature is what a manifest says about a graph, checked against what the graph declares.
type signature struct {
	graph   string
	inputs  []*manifest.Input
	outputs []*manifest.Output
	ranks   []int    // of the inputs, as the graph declares them
	takes   []string // names of the inputs in the network that runs
	gives   []string // and of the outputs
}

// newSignature compares a manifest with what a graph declares. The error is a *manifest.Error for the
// first field that differs.
func newSignature(m *manifest.Manifest, graph string, declared *onnx.Declaration) (*signature, error) {
	s := &signature{graph: graph, inputs: m.InputsOf(graph), outputs: m.OutputsOf(graph)}
	batch := manifest.AnyDim
	if n := m.Graphs[graph].Batch; n > 0 {
		batch = int(n)
	}
	if err := s.checkInputs(m, batch, declared.Inputs); err != nil {
		return nil, err
	}
	return s, s.checkOutputs(m, batch, declared.Outputs)
}

func (s *signature) checkInputs(m *manifest.Manifest, batch int, declared []TensorInfo) error {
	for _, in := range s.inputs {
		field := m.InputField(in)
		info, err := findTensor(field, in.Name, string(in.DType), declared)
		if err != nil {
			return err
		}
		if want := shapeOf(m, in, len(info.Shape)); want != nil {
			switch {
			case want[0] == manifest.AnyDim:
				want[0] = batch
			case len(want) == 1 && batch != 1:
				return manifest.Errorf("graphs."+s.graph+".batch", "must be 1, because input %q, %v, has no dimension for the batch", info.Name, info.Shape)
			}
			err = matchShape(field+".shape", info, want, in.Shape)
		} else {
			err = matchStated(field+".shape", info, in.Shape)
		}
		if err != nil {
			return err
		}
		s.ranks = append(s.ranks, len(info.Shape))
		s.takes = append(s.takes, in.Name)
	}
	for _, info := range declared {
		if !slices.Contains(s.takes, info.Name) {
			return manifest.Errorf("inputs", "the network also takes %q, which is not listed", info.Name)
		}
	}
	return nil
}

// checkOutputs compares the manifest with what the graph declares about its outputs. The declaration
// is often vague or missing, so every run also checks what an output really is.
func (s *signature) checkOutputs(m *manifest.Manifest, batch int, declared []TensorInfo) error {
	for _, out := range s.outputs {
		field := m.OutputField(out)
		info, err := findTensor(field, out.Name, string(out.DType), declared)
		if err != nil {
			return err
		}
		s.gives = append(s.gives, out.Name)
		var want []int
		switch {
		case len(info.Shape) == 0 || out.Role == manifest.RoleLatent:
			continue
		case out.Role == manifest.RoleLogits:
			want = []int{batch, len(m.Classifier.Classes)}
		case out.Layout == manifest.LayoutNHWC:
			want = []int{batch, manifest.AnyDim, manifest.AnyDim, out.Color.Channels()}
		default:
			want = []int{batch, out.Color.Channels(), manifest.AnyDim, manifest.AnyDim}
		}
		if err := matchOutput(field, info, want); err != nil {
			return err
		}
	}
	return nil
}

// shapeOf returns the shape that a graph of some rank must declare for an input, or nil if any will do.
func shapeOf(m *manifest.Manifest, in *manifest.Input, rank int) []int {
	h, w, depth := manifest.AnyDim, manifest.AnyDim, 1
	if in.Size != nil && in.Size.Mode == manifest.SizeFixed && m.StageOf(in.Graph).Upsample <= 1 {
		h, w = in.Size.H, in.Size.W
	}
	switch in.Role {
	case manifest.RoleImage, manifest.RoleExemplar:
		depth = in.Image.Color.Channels()
	case manifest.RoleLabelMap:
		depth = in.LabelMap.Depth()
	case manifest.RoleCoords:
		depth = 2
	case manifest.RoleInstance:
	case manifest.RoleLabel:
		return vectorShape(in.Label.Width(), rank)
	case manifest.RoleStrength:
		return vectorShape(1, rank)
	case manifest.RoleNoise:
		return append([]int{manifest.AnyDim}, in.Noise.Shape...)
	case manifest.RoleConst:
		return slices.Clone(in.Shape)
	default: // a latent has the shape that the other graph gives
		return nil
	}
	shape := []int{manifest.AnyDim, depth, h, w}
	if in.Layout == manifest.LayoutNHWC {
		shape = []int{manifest.AnyDim, h, w, depth}
	}
	if e := in.Exemplar; e != nil && e.Several() {
		count := manifest.AnyDim
		if e.Min == e.Max {
			count = e.Max
		}
		shape = slices.Insert(shape, 1, count)
	}
	return shape
}

// vectorShape returns the shape of a tensor of some rank that has a vector for each image: [N,width],
// [N,width,1] and so on. Rank 1 is [N] for one number per image, or else [width] for one image at a time.
func vectorShape(width, rank int) []int {
	shape := append([]int{manifest.AnyDim, width}, slices.Repeat([]int{1}, max(0, rank-2))...)
	switch {
	case rank == 1 && width == 1:
		return shape[:1]
	case rank == 1:
		return shape[1:]
	}
	return shape
}

// vectorTensor returns that shape for n images.
func vectorTensor(n, width, rank int) []int64 {
	if rank == 1 {
		return []int64{int64(n * width)}
	}
	shape := []int64{int64(n)}
	for _, d := range vectorShape(width, rank)[1:] {
		shape = append(shape, int64(d))
	}
	return shape
}

func findTensor(field, name, dtype string, declared []TensorInfo) (TensorInfo, error) {
	i := slices.IndexFunc(declared, func(t TensorInfo) bool { return t.Name == name })
	if i < 0 {
		names := make([]string, len(declared))
		for k, t := range declared {
			names[k] = t.Name
		}
		return TensorInfo{}, manifest.Errorf(field+".name", "the network has no %q; it has %q", name, names)
	}
	if declared[i].DType != dtype {
		return TensorInfo{}, manifest.Errorf(field+".dtype", "%s is not the network's %s", dtype, declared[i].DType)
	}
	return declared[i], nil
}

// matchShape checks an input. The network must take every size that may be fed, and the shape that the
// manifest states, if any, must be the network's.
func matchShape(field string, info TensorInfo, fed []int, stated []int) error {
	if len(info.Shape) != len(fed) {
		return manifest.Errorf(field, "%q has %d dimensions, %v, not %d", info.Name, len(info.Shape), info.Shape, len(fed))
	}
	for i, has := range info.Shape {
		if has != manifest.AnyDim && has != fed[i] {
			return manifest.Errorf(field, "the network takes %v: its dimension %d is fixed at %d, not %s", info.Shape, i, has, dim(fed[i]))
		}
	}
	return matchStated(field, info, stated)
}

// matchStated compares the shape that a manifest states, if any, with the network's.
func matchStated(field string, info TensorInfo, stated []int) error {
	for i, said := range stated {
		if len(stated) != len(info.Shape) || said != manifest.AnyDim && said != info.Shape[i] {
			return manifest.Errorf(field, "%v is not the network's %v", stated, info.Shape)
		}
	}
	return nil
}

func matchOutput(field string, info TensorInfo, want []int) error {
	if len(info.Shape) != len(want) {
		return manifest.Errorf(field, "%q has %d dimensions, %v, not %d", info.Name, len(info.Shape), info.Shape, len(want))
	}
	for i, has := range info.Shape {
		if has != manifest.AnyDim && want[i] != manifest.AnyDim && has != want[i] {
			return manifest.Errorf(field, "the network gives %v: its dimension %d is not %d", info.Shape, i, want[i])
		}
	}
	return nil
}

func dim(n int) string {
	if n == manifest.AnyDim {
		return "free"
	}
	return fmt.Sprint(n)
}
