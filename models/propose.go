package models

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"gtx/models/manifest"
	"gtx/models/onnx"
)

// A proposal is a manifest for a network that came without one.
type proposal struct {
	name    string
	assumed []string // what the network does not show and was taken for granted
	guessed bool     // nothing shows the range of the values, and the manifest says 0 to 255

	document map[string]any
}

// hints are what a person knows about a network.
type hints struct {
	known  []byte     // a manifest, or parts of one; nil if there is none
	name   string     // of the model; default: the manifest's, or else the stem
	stem   string     // of the network's file
	to     []string   // the domains; default: the manifest's, or else one that is named as the model
	values valueRange // of all values, where neither the manifest nor the network says
}

// propose completes a manifest with what a network shows of itself: the names, types and shapes of its
// tensors, the layout (from the place of the 3 channels, or of the 1), whether sizes and the batch are
// fixed, and where it ends in tanh or sigmoid the range of its values. Scales and offsets of one number
// hold for all channels. In a manifest that states its schema what is left out has the default of that,
// and a manifest of several graphs stays as it is. The error is a *manifest.Error where the network can
// be read in several ways.
func propose(network []byte, o hints) (*proposal, error) {
	declared, err := onnx.ReadDeclaration(network)
	if err != nil {
		return nil, err
	}
	p := &proposer{hints: o, declared: declared}
	if len(o.known) > manifest.MaxBytes {
		return nil, manifest.Errorf("", "%d bytes are more than %d", len(o.known), manifest.MaxBytes)
	}
	if err := yaml.Unmarshal(o.known, &p.document); err != nil {
		return nil, manifest.Errorf("", "%s", yaml.FormatError(err, false, false))
	}
	if p.document == nil { // nothing is known
		p.document = map[string]any{}
	}
	if shown := finalRange(network, p.result()); shown != rangeUnknown {
		p.values, p.shown = shown, true
	}
	if err := p.propose(); err != nil {
		return nil, err
	}
	p.proposal.name = fmt.Sprint(p.document["name"])
	return &p.proposal, nil
}

// YAML is the manifest, not checked yet.
func (p *proposal) yaml() ([]byte, error) {
	return manifest.Marshal(p.document)
}

// result is the output that becomes a picture: the one that the manifest names, or the first.
func (p *proposer) result() TensorInfo {
	if outputs, ok := p.document["outputs"].([]any); ok && len(outputs) > 0 {
		first, _ := outputs[0].(map[string]any)
		for _, t := range p.declared.Outputs {
			if t.Name == first["name"] {
				return t
			}
		}
	}
	if len(p.declared.Outputs) == 0 {
		return TensorInfo{}
	}
	return p.declared.Outputs[0]
}

type proposer struct {
	hints
	proposal
	declared *onnx.Declaration
	graph    string
	layout   string // of the picture that goes in
	channels int
	shown    bool // the range of the outputs
	whole    bool // the manifest is one of its own: what it leaves out has the default of the schema
}

func (p *proposer) propose() error {
	_, p.whole = p.document["schema"]
	fill(p.document, "schema", manifest.Schema)
	fill(p.document, "name", p.stem)
	if p.hints.name != "" {
		p.document["name"] = p.hints.name
	}
	fill(p.document, "graphs", map[string]any{"main": map[string]any{}})
	graphs, ok := p.document["graphs"].(map[string]any)
	if !ok || len(graphs) != 1 {
		return nil // there is more to it than one network shows
	}
	for id := range graphs {
		p.graph = id
	}
	if err := p.tensors("inputs", p.declared.Inputs); err != nil {
		return err
	}
	if err := p.tensors("outputs", p.declared.Outputs); err != nil {
		return err
	}
	if graph, ok := graphs[p.graph].(map[string]any); ok {
		p.batch(graph)
	}
	p.domains()
	return nil
}

// tensors completes the inputs or the outputs, each from the network's tensor that it stands for.
func (p *proposer) tensors(field string, declared []TensorInfo) error {
	entries, ok := p.document[field].([]any)
	if !ok {
		if _, there := p.document[field]; there {
			return nil // the check of the manifest has a message for it
		}
		info, err := p.onlyPicture(field, declared)
		if err != nil {
			return err
		}
		entries = []any{map[string]any{"role": string(manifest.RoleImage), "name": info.Name}}
		p.document[field] = entries
	}
	taken := map[string]bool{}
	for _, entry := range entries {
		if e, ok := entry.(map[string]any); ok {
			name, _ := e["name"].(string)
			taken[name] = true
		}
	}
	for i, entry := range entries {
		e, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		role, _ := e["role"].(string)
		at := slices.IndexFunc(declared, func(t TensorInfo) bool {
			if name, named := e["name"]; named {
				return t.Name == name
			}
			_, _, err := p.picture(t)
			return !taken[t.Name] && isPicture(role) == (err == nil)
		})
		if at < 0 && e["name"] == nil {
			return manifest.Errorf(fmt.Sprintf("%s[%d]", field, i), "the network has nothing that could be its %s; it has %s",
				role, describe(declared))
		}
		if at < 0 {
			continue // the check against the network names what it has
		}
		taken[declared[at].Name] = true
		if err := p.tensor(fmt.Sprintf("%s[%d]", field, i), e, role, declared[at], field == "inputs"); err != nil {
			return err
		}
	}
	return nil
}

// isPicture says whether a role has a height, a width and channels.
func isPicture(role string) bool {
	return slices.Contains([]string{string(manifest.RoleImage), "exemplar", "labelmap", "residual"}, role)
}

func (p *proposer) tensor(field string, e map[string]any, role string, info TensorInfo, input bool) error {
	fill(e, "graph", p.graph)
	fill(e, "name", info.Name)
	fill(e, "dtype", info.DType)
	if input && len(info.Shape) > 0 { // the schema has none for outputs
		fill(e, "shape", anys(info.Shape))
	}
	if !isPicture(role) || role == "labelmap" {
		return nil
	}
	layout, channels, err := p.picture(info)
	switch stated, _ := e["layout"].(string); {
	case err != nil && stated == "":
		return manifest.Errorf(field+".layout", "%s", err)
	case stated != "" && stated != layout:
		layout, channels = stated, channelsAt(stated, info.Shape)
	}
	e["layout"] = layout
	if input && role == string(manifest.RoleImage) {
		p.layout, p.channels = layout, channels
	}
	affine := e
	if input {
		fill(e, "image", map[string]any{})
		var ok bool
		if affine, ok = e["image"].(map[string]any); !ok {
			return nil
		}
		fill(affine, "channels", channels)
		p.size(e, info)
	}
	color := string(manifest.ColorRGB)
	if channels == 1 {
		color = "GRAY"
	}
	fill(affine, "color", color)
	if p.whole || info.DType == onnx.Uint8.String() { // bytes speak for themselves
		return nil
	}
	for _, key := range []string{"scale", "offset"} { // one number stands for all channels
		if list, ok := affine[key].([]any); ok && len(list) == 1 {
			affine[key] = slices.Repeat(list, channels)
		}
	}
	if affine["scale"] == nil && affine["offset"] == nil {
		scale, offset := p.values.affine()
		affine["scale"] = slices.Repeat([]any{scale}, channels)
		affine["offset"] = slices.Repeat([]any{offset}, channels)
		p.guessed = p.guessed || p.values == rangeUnknown
		switch {
		case input:
			p.assume("%s: it takes values from %s, %v", info.Name, max(p.values, rangeBytes), affine["color"])
		case !p.shown:
			p.assume("%s: it gives values from %s, %v", info.Name, max(p.values, rangeBytes), affine["color"])
		}
	}
	return nil
}

// size fills in the size of an image input: the network's own, where it is fixed.
func (p *proposer) size(e map[string]any, info TensorInfo) {
	if p.whole || len(info.Shape) != 4 {
		return
	}
	h, w := info.Shape[1], info.Shape[2]
	if e["layout"] == string(manifest.LayoutNCHW) {
		h, w = info.Shape[2], info.Shape[3]
	}
	size, _ := e["size"].(map[string]any)
	if h != manifest.AnyDim && w != manifest.AnyDim {
		fixed := map[string]any{"mode": string(manifest.SizeFixed), "h": h, "w": w}
		for _, key := range []string{"fit", "filter", "restore"} {
			if value, there := size[key]; there {
				fixed[key] = value
			}
		}
		e["size"] = fixed
		return
	}
	if size == nil && e["size"] == nil {
		e["size"] = map[string]any{"mode": "multiple", "h": 256, "w": 256, "multiple_of": 8, "max": 1024}
		p.assume("%s: sides in multiples of 8, 256 pixels where nothing else is asked for", info.Name)
	}
}

// batch fills in how many pictures the graph takes at once, from its image input.
func (p *proposer) batch(graph map[string]any) {
	if _, there := graph["batch"]; there {
		return
	}
	graph["batch"] = "dynamic"
	for _, t := range p.declared.Inputs {
		if len(t.Shape) == 4 && t.Shape[0] != manifest.AnyDim {
			graph["batch"] = t.Shape[0]
		}
	}
}

// domains names what the network leads to.
func (p *proposer) domains() {
	if len(p.to) == 0 && p.document["domains"] != nil {
		return
	}
	if len(p.to) == 0 {
		p.to = []string{fmt.Sprint(p.document["name"])}
	}
	var domains []any
	for _, id := range p.to {
		domains = append(domains, map[string]any{"id": id})
	}
	p.document["domains"] = domains
}

func (p *proposer) assume(format string, args ...any) {
	p.assumed = append(p.assumed, fmt.Sprintf(format, args...))
}

// onlyPicture is the one tensor that can be an image.
func (p *proposer) onlyPicture(field string, declared []TensorInfo) (TensorInfo, error) {
	var found []TensorInfo
	for _, t := range declared {
		if _, _, err := p.picture(t); err == nil {
			found = append(found, t)
		}
	}
	if len(found) != 1 || field == "inputs" && len(declared) != 1 {
		return TensorInfo{}, manifest.Errorf(field, "what each of them means cannot be seen: %s", describe(declared))
	}
	return found[0], nil
}

// picture is the layout and the channels of a tensor. What networks declare of their outputs is often
// vague; then they are taken to be as the picture that goes in.
func (p *proposer) picture(t TensorInfo) (layout string, channels int, err error) {
	layout, channels, err = pictureLayout(t)
	if err == nil || p.layout == "" {
		return layout, channels, err
	}
	if len(t.Shape) == 0 || len(t.Shape) == 4 && t.Shape[channelPlace(p.layout)] == manifest.AnyDim {
		return p.layout, p.channels, nil
	}
	return "", 0, err
}

// channelPlace is the dimension of the channels.
func channelPlace(layout string) int {
	if layout == string(manifest.LayoutNHWC) {
		return 3
	}
	return 1
}

// channelsAt is how many channels a tensor has in a layout: 1, or else 3.
func channelsAt(layout string, shape []int) int {
	if len(shape) == 4 && shape[channelPlace(layout)] == 1 {
		return 1
	}
	return channels
}

// pictureLayout finds the channels of a picture: 3, or 1, at the second or at the last place.
func pictureLayout(t TensorInfo) (layout string, channels int, err error) {
	if len(t.Shape) != 4 {
		return "", 0, fmt.Errorf("%s has %d dimensions, a picture 4", t, len(t.Shape))
	}
	for _, n := range []int{3, 1} {
		first, last := t.Shape[1] == n, t.Shape[3] == n
		switch {
		case first && last:
			return "", 0, fmt.Errorf("%s has %d at two places where the channels may be", t, n)
		case first && t.Shape[2] != 1 && t.Shape[3] != 1:
			return string(manifest.LayoutNCHW), n, nil
		case last && t.Shape[1] != 1 && t.Shape[2] != 1:
			return string(manifest.LayoutNHWC), n, nil
		}
	}
	return "", 0, fmt.Errorf("%s shows no 3 or 1 channels", t)
}

func describe(tensors []TensorInfo) string {
	texts := make([]string, len(tensors))
	for i, t := range tensors {
		texts[i] = t.String()
	}
	return strings.Join(texts, ", ")
}

// fill sets what is not there yet.
func fill(entries map[string]any, key string, value any) {
	if _, there := entries[key]; !there {
		entries[key] = value
	}
}

func anys(numbers []int) []any {
	list := make([]any, len(numbers))
	for i, n := range numbers {
		list[i] = n
	}
	return list
}
