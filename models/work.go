package models

import (
	"context"
	"fmt"
	"slices"

	"gtx/models/manifest"
)

// work is one batch on its way through the graphs of a model.
type work struct {
	*Translator
	in      Batch
	orElse  string            // the domain of pictures that have none
	given   map[string]tensor // what graphs gave, by GRAPH.OUTPUT
	classes []byte            // of the label maps, once they are read
}

// runGraph makes a graph's inputs, runs it and keeps what it gives.
func (w *work) runGraph(ctx context.Context, s *session) error {
	inputs := make([]tensor, len(s.inputs))
	height, width := w.in.Height, w.in.Width
	var image tensor // what a residual is added to
	// Pictures first: they set the height and the width that noise and the like have to have.
	for i, in := range s.inputs {
		if in.Role != manifest.RoleImage && in.Role != manifest.RoleLabelMap {
			continue
		}
		t, err := w.picture(in)
		if err != nil {
			return err
		}
		if in.Role == manifest.RoleImage {
			t = t.upsampled(w.manifest.StageOf(s.graph).Upsample, in.Layout)
			image = t
		}
		_, height, width = t.sides(in.Layout)
		inputs[i] = t
	}
	for i, in := range s.inputs {
		if inputs[i].shape != nil {
			continue
		}
		var err error
		if inputs[i], err = w.tensor(in, s.ranks[i], height, width); err != nil {
			return err
		}
	}
	outputs, err := s.run(ctx, inputs)
	if err != nil {
		return err
	}
	for i, out := range s.outputs {
		t := outputs[i]
		if len(t.shape) == 0 || t.shape[0] != int64(w.in.N) {
			return fmt.Errorf("the network gave %v for %d pictures", t.shape, w.in.N)
		}
		if out.Role == manifest.RoleResidual {
			if !slices.Equal(t.shape, image.shape) {
				return fmt.Errorf("the network gave a residual of %v for pictures of %v", t.shape, image.shape)
			}
			for k, v := range image.floats {
				t.floats[k] += v
			}
		}
		w.given[out.Graph+"."+out.Name] = t
	}
	return nil
}

// picture makes the tensor of an image or a label map.
func (w *work) picture(in *manifest.Input) (tensor, error) {
	if graph, output := w.manifest.Feeder(in); graph != "" {
		t := w.given[graph+"."+output]
		if len(t.shape) != 4 {
			return t, fmt.Errorf("graph %s gave %v instead of pictures", graph, t.shape)
		}
		return t, nil
	}
	if in.Role == manifest.RoleImage {
		return pack(w.in.Pixels, w.in.N, w.in.Height, w.in.Width, in), nil
	}
	classes, err := w.readClasses(in.LabelMap)
	if err != nil {
		return tensor{}, err
	}
	return packClasses(in.LabelMap, classes, w.in.N, w.in.Height, w.in.Width, in.Layout), nil
}

func (w *work) readClasses(l *manifest.LabelMap) (_ []byte, err error) {
	if w.classes == nil {
		w.classes, err = classesOf(l, w.in.Pixels)
	}
	return w.classes, err
}

// tensor makes what goes into an input other than the picture.
func (w *work) tensor(in *manifest.Input, rank, height, width int) (tensor, error) {
	n := w.in.N
	if graph, output := w.manifest.Feeder(in); graph != "" {
		if t, ok := w.given[graph+"."+output]; ok {
			return t, nil
		}
		if in.Role == manifest.RoleLatent {
			return tensor{}, fmt.Errorf("input %q needs an exemplar", in.Name)
		}
	}
	switch in.Role {
	case manifest.RoleExemplar:
		p := w.request.Exemplars[in.Exemplar.Attribute]
		return pack(slices.Repeat(p.Pixels, n), n, p.Height, p.Width, in), nil
	case manifest.RoleInstance:
		classes, err := w.readClasses(w.manifest.LabelMapOf(in.Graph).LabelMap)
		if err != nil {
			return tensor{}, err
		}
		return packEdges(classes, n, height, width, in.Layout), nil
	case manifest.RoleLabel:
		t := tensor{shape: vectorTensor(n, in.Label.Width(), rank)}
		for i := range n {
			from := w.in.from(i)
			if from == "" {
				from = w.orElse
			}
			code, err := w.manifest.CodeFor(in.Label, w.request.To, w.request.Strength, from)
			if err != nil {
				return tensor{}, err
			}
			t.floats = append(t.floats, code...)
		}
		return t, nil
	case manifest.RoleStrength:
		value := in.Label.Strength.Apply(1, w.request.Strength)
		return tensor{
			shape:  vectorTensor(n, 1, rank),
			floats: slices.Repeat([]float32{float32(value)}, n),
		}, nil
	case manifest.RoleNoise:
		return w.noise(in, height, width), nil
	case manifest.RoleCoords:
		return coordinates(in.Layout, n, height, width), nil
	}
	first := in.Shape[0]
	if first == manifest.AnyDim {
		first = n
	}
	shape := append([]int64{int64(first)}, spread(in.Shape[1:], height, width)...)
	return tensor{shape: shape, floats: slices.Repeat([]float32{float32(in.Value)}, product(shape))}, nil
}

func (w *work) noise(in *manifest.Input, height, width int) tensor {
	t := tensor{shape: append([]int64{int64(w.in.N)}, spread(in.Noise.Shape, height, width)...)}
	for i := range w.in.N {
		seed := w.request.Seed
		if in.Noise.Scope != manifest.ScopeShared && w.in.Seeds != nil {
			seed = w.in.Seeds[i]
		}
		t.floats = append(t.floats, draw(in.Noise, seed, in.Name, height, width)...)
	}
	return t
}

// batchShape is a shape of n items.
func batchShape(n int, item []int) []int64 {
	shape := []int64{int64(n)}
	for _, d := range item {
		shape = append(shape, int64(d))
	}
	return shape
}

// coordinates are the x and the y of pixels, from -1 at the centre of the first to 1 at that of the
// last.
func coordinates(layout manifest.Layout, n, height, width int) tensor {
	t := tensor{shape: imageShape(layout, n, 2, height, width), floats: make([]float32, 2*n*height*width)}
	area := height * width
	channelStep, pixelStep := steps(layout, 2, area)
	part := func(i, n int) float32 { return 2*float32(i)/float32(max(n-1, 1)) - 1 }
	for p := range n {
		to := t.floats[2*p*area:][:2*area]
		for i := range area {
			to[i*pixelStep] = part(i%width, width)
			to[channelStep+i*pixelStep] = part(i/width, height)
		}
	}
	return t
}
