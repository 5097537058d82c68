package models

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed presets/*.yaml
var presets embed.FS

// Presets lists the names that Preset knows.
func Presets() []string {
	files, err := fs.Glob(presets, "presets/*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(path.Base(file), ".yaml")
	}
	return files
}

// Preset returns what is common to the networks of a family: a manifest that leaves out what Propose
// reads from the network itself.
func Preset(name string) ([]byte, error) {
	known, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no preset %q; there are %s", name, strings.Join(Presets(), ", "))
	}
	return known, nil
}

// Range is the range of the values that a network takes and gives.
type Range int

// The ranges in use.
const (
	Unknown Range = iota
	Bytes         // 0 to 255
	Unit          // 0 to 1
	Signed        // -1 to 1
)

func (r Range) String() string {
	return [...]string{"unknown", "0 to 255", "0 to 1", "-1 to 1"}[r]
}

// affine is the scale and offset of one channel.
func (r Range) affine() (scale, offset float64) {
	switch r {
	case Unit:
		return 1.0 / 255, 0
	case Signed:
		return 1 / 127.5, -1
	}
	return 1, 0
}

// A Proposal is a manifest for a network that came without one.
type Proposal struct {
	Name    string
	Assumed []string // what the network does not show and was taken for granted
	Guessed bool     // nothing shows the range of the values, and the manifest says 0 to 255

	document map[string]any
}

// ProposeOptions are what a person knows about a network.
type ProposeOptions struct {
	Known []byte   // a manifest, or parts of one without a schema: see Propose; nil if there is none
	Name  string   // of the model; default: Known's, or else Stem
	Stem  string   // of the network's file
	To    []string // the domains; default: Known's, or else one that is named as the model
	Range Range    // of all values, where neither Known nor the network says
}

// Propose completes a manifest with what a network shows of itself: the names, types and shapes of its
// tensors, the layout (from the place of the 3 channels, or of the 1), whether sizes and the batch are
// fixed, and where it ends in tanh or sigmoid the range of its values. Scales and offsets of one number
// hold for all channels. In a manifest that states its schema what is left out has the default of that,
// and a manifest of several graphs stays as it is. The error is a *ManifestError where the network can
// be read in several ways.
func Propose(network []byte, o ProposeOptions) (*Proposal, error) {
	declared, err := readONNX(network)
	if err != nil {
		return nil, err
	}
	p := &proposer{ProposeOptions: o, declared: declared}
	if len(o.Known) > maxManifestBytes {
		return nil, wrong("", "%d bytes are more than %d", len(o.Known), maxManifestBytes)
	}
	if err := yaml.Unmarshal(o.Known, &p.document); err != nil {
		return nil, wrong("", "%s", yaml.FormatError(err, false, false))
	}
	if p.document == nil { // nothing is known
		p.document = map[string]any{}
	}
	if shown := finalRange(network, p.result()); shown != Unknown {
		p.Range, p.shown = shown, true
	}
	if err := p.propose(); err != nil {
		return nil, err
	}
	p.Proposal.Name = fmt.Sprint(p.document["name"])
	return &p.Proposal, nil
}

// YAML is the manifest, not checked yet.
func (p *Proposal) YAML() ([]byte, error) {
	return yaml.Marshal(inOrder(p.document, reflect.TypeFor[Manifest]()))
}

// result is the output that becomes a picture: the one that Known names, or the first.
func (p *proposer) result() TensorInfo {
	if outputs, ok := p.document["outputs"].([]any); ok && len(outputs) > 0 {
		first, _ := outputs[0].(map[string]any)
		for _, t := range p.declared.outputs {
			if t.Name == first["name"] {
				return t
			}
		}
	}
	if len(p.declared.outputs) == 0 {
		return TensorInfo{}
	}
	return p.declared.outputs[0]
}

// finalRange is the range of an output that is made by tanh or sigmoid, or is bytes.
func finalRange(network []byte, result TensorInfo) Range {
	nodes, err := readNodes(network)
	switch {
	case err != nil:
		return Unknown
	case result.DType == dtypeUint8:
		return Bytes
	}
	// The graph is sorted, so that one pass from its end follows the result to what makes it.
	name := result.Name
	for _, n := range slices.Backward(nodes) {
		if !slices.Contains(n.outputs, name) {
			continue
		}
		switch n.op {
		case "Tanh":
			return Signed
		case "Sigmoid":
			return Unit
		case "Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze":
			name = n.inputs[0]
		default:
			return Unknown
		}
	}
	return Unknown
}

// An operation is what is read here of a NodeProto.
type operation struct {
	op              string
	inputs, outputs []string
}

// readNodes reads the nodes of the main graph of a serialised ModelProto.
func readNodes(model []byte) (nodes []operation, err error) {
	err = eachField(model, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		return eachField(f.content, func(f field) error {
			if f.number != graphNode {
				return nil
			}
			var n operation
			err := eachField(f.content, func(f field) error {
				switch f.number {
				case nodeInput:
					n.inputs = append(n.inputs, string(f.content))
				case nodeOutput:
					n.outputs = append(n.outputs, string(f.content))
				case nodeOpType:
					n.op = string(f.content)
				}
				return nil
			})
			nodes = append(nodes, n)
			return err
		})
	})
	return nodes, err
}

type proposer struct {
	ProposeOptions
	Proposal
	declared *declaration
	graph    string
	layout   string // of the picture that goes in
	channels int
	shown    bool // the range of the outputs
	whole    bool // Known is a manifest of its own: what it leaves out has the default of the schema
}

func (p *proposer) propose() error {
	_, p.whole = p.document["schema"]
	fill(p.document, "schema", Schema)
	fill(p.document, "name", p.Stem)
	if p.ProposeOptions.Name != "" {
		p.document["name"] = p.ProposeOptions.Name
	}
	fill(p.document, "graphs", map[string]any{"main": map[string]any{}})
	graphs, ok := p.document["graphs"].(map[string]any)
	if !ok || len(graphs) != 1 {
		return nil // there is more to it than one network shows
	}
	for id := range graphs {
		p.graph = id
	}
	if err := p.tensors("inputs", p.declared.inputs); err != nil {
		return err
	}
	if err := p.tensors("outputs", p.declared.outputs); err != nil {
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
		entries = []any{map[string]any{"role": roleImage, "name": info.Name}}
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
			return wrong(fmt.Sprintf("%s[%d]", field, i), "the network has nothing that could be its %s; it has %s",
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
	return slices.Contains([]string{roleImage, "exemplar", "labelmap", "residual"}, role)
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
		return wrong(field+".layout", "%s", err)
	case stated != "" && stated != layout:
		layout, channels = stated, channelsAt(stated, info.Shape)
	}
	e["layout"] = layout
	if input && role == roleImage {
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
	color := colorRGB
	if channels == 1 {
		color = "GRAY"
	}
	fill(affine, "color", color)
	if p.whole || info.DType == dtypeUint8 { // bytes speak for themselves
		return nil
	}
	for _, key := range []string{"scale", "offset"} { // one number stands for all channels
		if list, ok := affine[key].([]any); ok && len(list) == 1 {
			affine[key] = slices.Repeat(list, channels)
		}
	}
	if affine["scale"] == nil && affine["offset"] == nil {
		scale, offset := p.Range.affine()
		affine["scale"] = slices.Repeat([]any{scale}, channels)
		affine["offset"] = slices.Repeat([]any{offset}, channels)
		p.Guessed = p.Guessed || p.Range == Unknown
		switch {
		case input:
			p.assume("%s: it takes values from %s, %v", info.Name, max(p.Range, Bytes), affine["color"])
		case !p.shown:
			p.assume("%s: it gives values from %s, %v", info.Name, max(p.Range, Bytes), affine["color"])
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
	if e["layout"] == layoutNCHW {
		h, w = info.Shape[2], info.Shape[3]
	}
	size, _ := e["size"].(map[string]any)
	if h != anyDim && w != anyDim {
		fixed := map[string]any{"mode": sizeFixed, "h": h, "w": w}
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
	for _, t := range p.declared.inputs {
		if len(t.Shape) == 4 && t.Shape[0] != anyDim {
			graph["batch"] = t.Shape[0]
		}
	}
}

// domains names what the network leads to.
func (p *proposer) domains() {
	if len(p.To) == 0 && p.document["domains"] != nil {
		return
	}
	if len(p.To) == 0 {
		p.To = []string{fmt.Sprint(p.document["name"])}
	}
	var domains []any
	for _, id := range p.To {
		domains = append(domains, map[string]any{"id": id})
	}
	p.document["domains"] = domains
}

func (p *proposer) assume(format string, args ...any) {
	p.Assumed = append(p.Assumed, fmt.Sprintf(format, args...))
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
		return TensorInfo{}, wrong(field, "what each of them means cannot be seen: %s", describe(declared))
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
	if len(t.Shape) == 0 || len(t.Shape) == 4 && t.Shape[channelPlace(p.layout)] == anyDim {
		return p.layout, p.channels, nil
	}
	return "", 0, err
}

// channelPlace is the dimension of the channels.
func channelPlace(layout string) int {
	if layout == layoutNHWC {
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
			return layoutNCHW, n, nil
		case last && t.Shape[1] != 1 && t.Shape[2] != 1:
			return layoutNHWC, n, nil
		}
	}
	return "", 0, fmt.Errorf("%s shows no 3 or 1 channels", t)
}

// String is a tensor as people write it: image uint8[?,?,?,3].
func (t TensorInfo) String() string {
	dims := make([]string, len(t.Shape))
	for i, d := range t.Shape {
		if dims[i] = fmt.Sprint(d); d == anyDim {
			dims[i] = "?"
		}
	}
	return fmt.Sprintf("%s %s[%s]", t.Name, t.DType, strings.Join(dims, ","))
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

// inOrder turns a document into one whose keys are in the order of the fields of a type, and which is
// written short: what fits a line is put on one.
func inOrder(value any, t reflect.Type) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := value.(type) {
	case map[string]any:
		keys := sortedKeys(v)
		element := func(string) reflect.Type { return reflect.TypeFor[any]() }
		switch t.Kind() {
		case reflect.Struct:
			slices.SortStableFunc(keys, func(a, b string) int { return fieldRank(t, a) - fieldRank(t, b) })
			element = func(key string) reflect.Type {
				if i := fieldOf(t, key); i >= 0 {
					return t.Field(i).Type
				}
				return reflect.TypeFor[any]()
			}
		case reflect.Map:
			element = func(string) reflect.Type { return t.Elem() }
		}
		ordered := make(yaml.MapSlice, len(keys))
		for i, key := range keys {
			ordered[i] = yaml.MapItem{Key: key, Value: inOrder(v[key], element(key))}
		}
		return short(ordered)
	case []any:
		inner := reflect.TypeFor[any]()
		if t.Kind() == reflect.Slice {
			inner = t.Elem()
		}
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = inOrder(element, inner)
		}
		return short(list)
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return value
}

func fieldRank(t reflect.Type, key string) int {
	if i := fieldOf(t, key); i >= 0 {
		return i
	}
	return t.NumField()
}

// lineLength is how long a part of a document on one line may be.
const lineLength = 96

// flow is a part of a document on one line.
type flow string

// MarshalYAML implements yaml.BytesMarshaler.
func (f flow) MarshalYAML() ([]byte, error) { return []byte(f), nil }

func short(value any) any {
	line, err := yaml.MarshalWithOptions(value, yaml.Flow(true))
	text := strings.TrimSpace(string(line))
	if err != nil || len(text) > lineLength || strings.Contains(text, "\n") {
		return value
	}
	return flow(text)
}
