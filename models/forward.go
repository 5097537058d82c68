package models

import (
	"context"
	"fmt"
	"slices"

	"gtx/models/labelmap"
	"gtx/models/manifest"
)

// A pass is the forward pass of one batch through the graphs of a model.
type pass struct {
	*Translator
	in      Batch
	orElse  string            // the domain assumed for images of unknown domain
	given   map[string]tensor // the outputs of the graphs that have run, by GRAPH.OUTPUT
	classes []byte            // of the label maps; nil until they are read
}

// runGraph makes a graph's inputs, runs it and keeps its outputs.
func (p *pass) runGraph(ctx context.Context, s *session) error {
	inputs := make([]tensor, len(s.inputs))
	height, width := p.in.Height, p.in.Width
	var image tensor // a residual is added to it
	// Images come first, because they determine the height and width of noise and other inputs.
	for i, in := range s.inputs {
		if in.Role != manifest.RoleImage && in.Role != manifest.RoleLabelMap {
			continue
		}
		t, err := p.imageTensor(in)
		if err != nil {
			return err
		}
		if in.Role == manifest.RoleImage {
			t = t.upsampled(p.manifest.StageOf(s.graph).Upsample, in.Layout)
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
		if inputs[i], err = p.tensor(in, s.ranks[i], height, width); err != nil {
			return err
		}
	}
	outputs, err := s.run(ctx, inputs, p.fixes(p.in.Width, p.in.Height))
	if err != nil {
		return err
	}
	for i, out := range s.outputs {
		t := outputs[i]
		if len(t.shape) == 0 || t.shape[0] != int64(p.in.N) {
			return fmt.Errorf("the network gave %v for %d images", t.shape, p.in.N)
		}
		if out.Role == manifest.RoleResidual {
			if !slices.Equal(t.shape, image.shape) {
				return fmt.Errorf("the network gave a residual of %v for images of %v", t.shape, image.shape)
			}
			for k, v := range image.floats {
				t.floats[k] += v
			}
		}
		p.given[out.Graph+"."+out.Name] = t
	}
	return nil
}

// unpack returns the images of an output.
func (p *pass) unpack(out *manifest.Output) (Batch, error) {
	return unpack(p.given[out.Graph+"."+out.Name], out)
}

// cover lays a cover over images, and keeps what it hides. See manifest.CombineOver.
func (p *pass) cover(b *Batch, opacity, cover *manifest.Output) error {
	o, err := p.unpack(opacity)
	if err != nil {
		return err
	}
	c, err := p.unpack(cover)
	if err != nil {
		return err
	}
	for _, layer := range []Batch{o, c} {
		if layer.N != b.N || layer.Height != b.Height || layer.Width != b.Width {
			return fmt.Errorf("the network gave images of %d×%d and a layer of %d×%d", b.Width, b.Height, layer.Width, layer.Height)
		}
	}
	b.Beneath, b.Opacity = b.Pixels, make([]byte, len(b.Pixels)/channels)
	b.Pixels = make([]byte, len(b.Beneath))
	for i := range b.Opacity {
		b.Opacity[i] = o.Pixels[channels*i]
		shown := int(b.Opacity[i])
		for k := channels * i; k < channels*(i+1); k++ {
			b.Pixels[k] = byte((int(b.Beneath[k])*(255-shown) + int(c.Pixels[k])*shown + 127) / 255)
		}
	}
	return nil
}

// imageTensor makes the tensor of an image or a label map.
func (p *pass) imageTensor(in *manifest.Input) (tensor, error) {
	if graph, output := p.manifest.Feeder(in); graph != "" {
		t := p.given[graph+"."+output]
		if len(t.shape) != 4 {
			return t, fmt.Errorf("graph %s gave %v instead of images", graph, t.shape)
		}
		return t, nil
	}
	if in.Role == manifest.RoleImage {
		return pack(p.in.Pixels, p.in.N, p.in.Height, p.in.Width, in), nil
	}
	classes, err := p.readClasses(in.LabelMap)
	if err != nil {
		return tensor{}, err
	}
	return packClasses(in.LabelMap, classes, p.in.N, p.in.Height, p.in.Width, in.Layout), nil
}

func (p *pass) readClasses(l *manifest.LabelMap) (_ []byte, err error) {
	if p.classes == nil {
		p.classes, err = labelmap.Classes(l, p.in.Pixels)
	}
	return p.classes, err
}

// tensor makes the tensor of an input that takes neither an image nor a label map.
func (p *pass) tensor(in *manifest.Input, rank, height, width int) (tensor, error) {
	n := p.in.N
	if graph, output := p.manifest.Feeder(in); graph != "" {
		if t, ok := p.given[graph+"."+output]; ok {
			return t, nil
		}
		if in.Role == manifest.RoleLatent {
			return tensor{}, fmt.Errorf("input %q needs an exemplar", in.Name)
		}
	}
	switch in.Role {
	case manifest.RoleExemplar:
		e := p.request.Exemplars[in.Exemplar.Attribute]
		t := pack(slices.Repeat(e.Pixels, n), n*e.N, e.Height, e.Width, in)
		if in.Exemplar.Several() {
			t.shape = append([]int64{int64(n), int64(e.N)}, t.shape[1:]...)
		}
		return t, nil
	case manifest.RoleInstance:
		if in.Instance != nil && in.Instance.IDs {
			return packEdges(instancesOf(p.in), n, height, width, in.Layout), nil
		}
		classes, err := p.readClasses(p.manifest.LabelMapOf(in.Graph).LabelMap)
		if err != nil {
			return tensor{}, err
		}
		return packEdges(classes, n, height, width, in.Layout), nil
	case manifest.RoleLabel:
		t := tensor{shape: vectorTensor(n, in.Label.Width(), rank)}
		for i := range n {
			from := p.in.from(i)
			if from == "" {
				from = p.orElse
			}
			code, err := p.manifest.CodeFor(in.Label, p.request.To, p.request.Strength, from)
			if err != nil {
				return tensor{}, err
			}
			t.floats = append(t.floats, code...)
		}
		return t, nil
	case manifest.RoleStrength:
		value := in.Label.Strength.Apply(1, p.request.Strength)
		return tensor{
			shape:  vectorTensor(n, 1, rank),
			floats: slices.Repeat([]float32{float32(value)}, n),
		}, nil
	case manifest.RoleNoise:
		return p.noise(in, height, width), nil
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

func (p *pass) noise(in *manifest.Input, height, width int) tensor {
	t := tensor{shape: append([]int64{int64(p.in.N)}, spread(in.Noise.Shape, height, width)...)}
	for i := range p.in.N {
		seed := p.request.Seed
		if in.Noise.Scope != manifest.ScopeShared && p.in.Seeds != nil {
			seed = p.in.Seeds[i]
		}
		t.floats = append(t.floats, draw(in.Noise, seed, in.Name, height, width)...)
	}
	return t
}

// coordinates returns the x and y of every pixel. They run from -1 at the centre of the first pixel to 1 at
// the centre of the last.
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
