// Package propose writes manifests for networks that came without a complete one.
//
// Manifest reads the bytes of a network, adds what a person knows about it, and fills in the rest. It lists
// the facts that it had to assume. Preset returns the fields that the networks of a known family share.
//
// The package runs no network and opens no files. Malformed bytes give an error and never a panic. A
// proposed manifest is not checked yet: the caller parses it and compares it with the network.
package propose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gtx/models/manifest"
	"gtx/models/onnx"
)

// Hints are what a person knows about a network.
type Hints struct {
	Known  []byte   // a manifest, or parts of one; may be nil
	Name   string   // of the model; default: the manifest's name, or else Stem
	Stem   string   // of the network's file
	To     []string // the domains; default: the manifest's, or else one named like the model
	Values Range    // of all values, if neither the manifest nor the network shows it
}

// A Proposal is a manifest for a network that came without a complete one.
type Proposal struct {
	Manifest *manifest.Manifest // not checked yet
	Assumed  []string           // what neither the hints nor the network say
	Guessed  bool               // nothing shows the range of the values, so the manifest says 0 to 255
}

// Manifest completes a manifest with what a network shows: the names, types and shapes of its tensors,
// the layout (from the dimension that is 3, or else 1), whether the sizes and the batch are fixed, and
// the range of the result if tanh or sigmoid makes it. A scale or an offset of one number holds for all
// channels.
//
// If the manifest states its schema, whatever it leaves out has the schema's default. A manifest of
// several graphs keeps its inputs and outputs. The error is a *manifest.Error if the network can be read
// in several ways.
func Manifest(network []byte, h Hints) (*Proposal, error) {
	declared, err := onnx.ReadDeclaration(network)
	if err != nil {
		return nil, err
	}
	draft, err := manifest.ParseDraft(h.Known)
	if err != nil {
		return nil, err
	}
	p := newProposer(draft, declared, h)
	if shown := finalRange(network, p.result()); shown != RangeUnknown {
		p.values, p.shown = shown, true
	}
	if err := p.propose(); err != nil {
		return nil, err
	}
	return &Proposal{&draft.Manifest, p.assumed, p.guessed}, nil
}

// A proposer fills in one draft.
type proposer struct {
	draft    *manifest.Draft
	declared *onnx.Declaration
	hints    Hints
	whole    bool // the draft states its schema, so what it leaves out has a default

	graph    string          // the id of the only graph
	layout   manifest.Layout // of the image that goes in, once it is known
	channels int             // of the same
	values   Range           // of all values that the draft does not describe
	shown    bool            // the network shows the range of its outputs

	assumed []string
	guessed bool
}

func newProposer(draft *manifest.Draft, declared *onnx.Declaration, h Hints) *proposer {
	return &proposer{draft: draft, declared: declared, hints: h, values: h.Values, whole: draft.Schema != ""}
}

// result is the output that becomes an image: the first that the draft names, or else the network's first.
func (p *proposer) result() onnx.TensorInfo {
	for _, t := range p.declared.Outputs {
		if len(p.draft.Outputs) == 0 || t.Name == p.draft.Outputs[0].Name {
			return t
		}
	}
	if len(p.declared.Outputs) == 0 {
		return onnx.TensorInfo{}
	}
	return p.declared.Outputs[0]
}

func (p *proposer) propose() error {
	m := &p.draft.Manifest
	m.Schema = manifest.Schema
	m.Name = cmp.Or(p.hints.Name, m.Name, p.hints.Stem)
	if m.Graphs == nil {
		m.Graphs = map[string]manifest.Graph{"main": {}}
	}
	if len(m.Graphs) != 1 {
		return nil // one network does not show how several graphs work together
	}
	for id := range m.Graphs {
		p.graph = id
	}
	if err := p.inputs(); err != nil {
		return err
	}
	if err := p.outputs(); err != nil {
		return err
	}
	p.batch()
	p.domains()
	return nil
}

func (p *proposer) inputs() error {
	m := &p.draft.Manifest
	if m.Inputs == nil {
		info, err := p.onlyImage("inputs", p.declared.Inputs)
		if err != nil {
			return err
		}
		m.Inputs = []manifest.Input{{Role: manifest.RoleImage, Name: info.Name}}
	}
	taken := map[string]bool{}
	for _, in := range m.Inputs {
		taken[in.Name] = true
	}
	for i := range m.Inputs {
		in := &m.Inputs[i]
		field := fmt.Sprintf("inputs[%d]", i)
		info, err := p.match(field, in.Name, in.Role, p.declared.Inputs, taken)
		if err != nil {
			return err
		}
		if info == nil {
			continue
		}
		p.describe(*info, &in.Graph, &in.Name, &in.DType)
		if in.Shape == nil && len(info.Shape) > 0 {
			in.Shape = info.Shape
		}
		if in.Role != manifest.RoleImage && in.Role != manifest.RoleExemplar {
			continue
		}
		if err := p.image(field, in, *info); err != nil {
			return err
		}
	}
	return nil
}

// image fills in an input that takes an image.
func (p *proposer) image(field string, in *manifest.Input, info onnx.TensorInfo) error {
	depth, err := p.setLayout(field, &in.Layout, info)
	if err != nil {
		return err
	}
	if in.Role == manifest.RoleImage {
		p.layout, p.channels = in.Layout, depth
	}
	if in.Image == nil {
		in.Image = &manifest.Affine{}
	}
	in.Image.Channels = cmp.Or(in.Image.Channels, depth)
	p.size(in, info)
	if p.affine(info, depth, &in.Image.Color, &in.Image.Scale, &in.Image.Offset) {
		p.assume("%s: it takes values from %s, %s", info.Name, max(p.values, RangeBytes), in.Image.Color)
	}
	return nil
}

func (p *proposer) outputs() error {
	m := &p.draft.Manifest
	if m.Outputs == nil {
		info, err := p.onlyImage("outputs", p.declared.Outputs)
		if err != nil {
			return err
		}
		m.Outputs = []manifest.Output{{Role: manifest.RoleImage, Name: info.Name}}
	}
	taken := map[string]bool{}
	for _, out := range m.Outputs {
		taken[out.Name] = true
	}
	for i := range m.Outputs {
		out := &m.Outputs[i]
		field := fmt.Sprintf("outputs[%d]", i)
		info, err := p.match(field, out.Name, out.Role, p.declared.Outputs, taken)
		if err != nil {
			return err
		}
		if info == nil {
			continue
		}
		p.describe(*info, &out.Graph, &out.Name, &out.DType)
		if !out.GivesImages() {
			continue
		}
		depth, err := p.setLayout(field, &out.Layout, *info)
		if err != nil {
			return err
		}
		if p.affine(*info, depth, &out.Color, &out.Scale, &out.Offset) && !p.shown {
			p.assume("%s: it gives values from %s, %s", info.Name, max(p.values, RangeBytes), out.Color)
		}
	}
	return nil
}

// match finds the tensor that an input or an output of a draft stands for, by its name or else by its
// role. It returns nil for a name that the network does not have: the check of the model against its
// network will say so, and name those that it has.
func (p *proposer) match(field, name string, role manifest.Role, declared []onnx.TensorInfo, taken map[string]bool) (*onnx.TensorInfo, error) {
	i := slices.IndexFunc(declared, func(t onnx.TensorInfo) bool {
		if name != "" {
			return t.Name == name
		}
		_, _, err := p.layoutOf(t)
		return !taken[t.Name] && hasSides(role) == (err == nil)
	})
	switch {
	case i >= 0:
		taken[declared[i].Name] = true
		return &declared[i], nil
	case name == "":
		return nil, manifest.Errorf(field, "no tensor of the network can be its %s; it has %s", role, listOf(declared))
	}
	return nil, nil
}

// hasSides says whether a tensor of a role has a height, a width and channels.
func hasSides(role manifest.Role) bool {
	switch role {
	case manifest.RoleImage, manifest.RoleExemplar, manifest.RoleLabelMap, manifest.RoleResidual:
		return true
	}
	return false
}

// describe fills in what every input and output has.
func (p *proposer) describe(info onnx.TensorInfo, graph, name *string, dtype *manifest.DType) {
	*graph = cmp.Or(*graph, p.graph)
	*name = cmp.Or(*name, info.Name)
	*dtype = cmp.Or(*dtype, manifest.DType(info.DType))
}

// setLayout fills in the layout of an image tensor and returns its number of channels.
func (p *proposer) setLayout(field string, layout *manifest.Layout, info onnx.TensorInfo) (depth int, err error) {
	shown, depth, err := p.layoutOf(info)
	switch {
	case *layout == "" && err != nil:
		return 0, manifest.Errorf(field+".layout", "%s", err)
	case *layout == "":
		*layout = shown
	case *layout != shown:
		depth = channelsAt(*layout, info.Shape)
	}
	return depth, nil
}

// affine fills in the colour, the scale and the offset of an image tensor. It says whether it had to take
// scale and offset from the range of the values.
func (p *proposer) affine(info onnx.TensorInfo, depth int, color *manifest.Color, scale, offset *[]float64) bool {
	if *color == "" {
		*color = manifest.ColorRGB
		if depth == 1 {
			*color = manifest.ColorGray
		}
	}
	if p.whole || info.DType == onnx.Uint8.String() { // bytes have neither scale nor offset
		return false
	}
	for _, list := range []*[]float64{scale, offset} {
		if len(*list) == 1 {
			*list = slices.Repeat(*list, depth)
		}
	}
	if *scale != nil || *offset != nil {
		return false
	}
	s, o := p.values.affine()
	*scale, *offset = slices.Repeat([]float64{s}, depth), slices.Repeat([]float64{o}, depth)
	p.guessed = p.guessed || p.values == RangeUnknown
	return true
}

// size fills in the size of an image input: the network's own if it is fixed, or else one that suits most
// networks.
func (p *proposer) size(in *manifest.Input, info onnx.TensorInfo) {
	if p.whole || len(info.Shape) != 4 {
		return
	}
	h, w := info.Shape[1], info.Shape[2]
	if in.Layout == manifest.LayoutNCHW {
		h, w = info.Shape[2], info.Shape[3]
	}
	switch {
	case h != manifest.AnyDim && w != manifest.AnyDim:
		fixed := manifest.Size{Mode: manifest.SizeFixed, H: h, W: w}
		if s := in.Size; s != nil {
			fixed.Fit, fixed.Filter, fixed.Restore = s.Fit, s.Filter, s.Restore
		}
		in.Size = &fixed
	case in.Size == nil:
		in.Size = &manifest.Size{Mode: manifest.SizeMultiple, H: 256, W: 256, MultipleOf: 8, Max: 1024}
		p.assume("%s: sides in multiples of 8, and 256 pixels unless another size is asked for", info.Name)
	}
}

// batch fills in how many images the graph takes at once, as its image inputs declare it.
func (p *proposer) batch() {
	if p.draft.States("graphs", p.graph, "batch") {
		return
	}
	g := p.draft.Graphs[p.graph]
	for _, t := range p.declared.Inputs {
		if len(t.Shape) == 4 && t.Shape[0] != manifest.AnyDim {
			g.Batch = manifest.BatchSize(t.Shape[0])
		}
	}
	p.draft.Graphs[p.graph] = g
}

// domains fills in the domains to which the network leads.
func (p *proposer) domains() {
	to := p.hints.To
	if len(to) == 0 {
		if p.draft.Domains != nil {
			return
		}
		to = []string{p.draft.Name}
	}
	p.draft.Domains = nil
	for _, id := range to {
		p.draft.Domains = append(p.draft.Domains, manifest.Domain{ID: id})
	}
}

func (p *proposer) assume(format string, args ...any) {
	p.assumed = append(p.assumed, fmt.Sprintf(format, args...))
}

// onlyImage is the one tensor that can be an image.
func (p *proposer) onlyImage(field string, declared []onnx.TensorInfo) (onnx.TensorInfo, error) {
	var found []onnx.TensorInfo
	for _, t := range declared {
		if _, _, err := p.layoutOf(t); err == nil {
			found = append(found, t)
		}
	}
	if len(found) != 1 || field == "inputs" && len(declared) != 1 {
		return onnx.TensorInfo{}, manifest.Errorf(field, "cannot tell what each of them means: %s", listOf(declared))
	}
	return found[0], nil
}

// layoutOf returns the layout and the number of channels of a tensor. Networks often declare vague
// outputs; these are taken to be like the image that goes in.
func (p *proposer) layoutOf(t onnx.TensorInfo) (layout manifest.Layout, depth int, err error) {
	layout, depth, err = imageLayout(t)
	if err == nil || p.layout == "" {
		return layout, depth, err
	}
	if len(t.Shape) == 0 || len(t.Shape) == 4 && t.Shape[channelDim(p.layout)] == manifest.AnyDim {
		return p.layout, p.channels, nil
	}
	return "", 0, err
}

// channelDim is the index of the channels in a shape.
func channelDim(layout manifest.Layout) int {
	if layout == manifest.LayoutNHWC {
		return 3
	}
	return 1
}

// channelsAt is how many channels a tensor has in a layout: 1, or else 3.
func channelsAt(layout manifest.Layout, shape []int) int {
	if len(shape) == 4 && shape[channelDim(layout)] == 1 {
		return 1
	}
	return 3
}

// imageLayout finds the channels of an image: 3, or else 1, as the second or the last dimension.
func imageLayout(t onnx.TensorInfo) (layout manifest.Layout, depth int, err error) {
	if len(t.Shape) != 4 {
		return "", 0, fmt.Errorf("%s has %d dimensions; an image has 4", t, len(t.Shape))
	}
	for _, n := range []int{3, 1} {
		second, last := t.Shape[1] == n, t.Shape[3] == n
		switch {
		case second && last:
			return "", 0, fmt.Errorf("%s has %d in both places where the channels may be", t, n)
		case second && t.Shape[2] != 1 && t.Shape[3] != 1:
			return manifest.LayoutNCHW, n, nil
		case last && t.Shape[1] != 1 && t.Shape[2] != 1:
			return manifest.LayoutNHWC, n, nil
		}
	}
	return "", 0, fmt.Errorf("%s has no dimension of 3 or 1 channels", t)
}

func listOf(tensors []onnx.TensorInfo) string {
	texts := make([]string, len(tensors))
	for i, t := range tensors {
		texts[i] = t.String()
	}
	return strings.Join(texts, ", ")
}
