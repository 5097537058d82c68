package models

import (
	"reflect"

	"github.com/goccy/go-yaml"
)

// Schema is the version of the manifest that this package reads.
const Schema = "gtx.model/1"

// maxManifestBytes bounds the time that the YAML package spends, which grows with the square.
const maxManifestBytes = 64 << 10

// A Manifest describes a network completely: what it takes and gives, and what that means. It is
// YAML (JSON being YAML) inside the .onnx file, under the metadata key "gtx.manifest", or in a file
// beside it.
type Manifest struct {
	Schema     string           `yaml:"schema"` // Schema
	Name       string           `yaml:"name"`   // letters, digits and ._-
	Title      string           `yaml:"title"`
	Family     string           `yaml:"family"`
	Version    string           `yaml:"version"`
	License    string           `yaml:"license"`
	Source     string           `yaml:"source"`
	Training   map[string]any   `yaml:"training"` // free: data, steps, commit
	Graphs     map[string]Graph `yaml:"graphs"`   // exactly one
	Inputs     []Input          `yaml:"inputs"`   // one image and at most one label
	Outputs    []Output         `yaml:"outputs"`  // one: an image, or logits
	Domains    []Domain         `yaml:"domains"`
	Directions []Direction      `yaml:"directions"`
	Classifier *Classification  `yaml:"classifier"` // set for models that name domains
	Tiling     Tiling           `yaml:"tiling"`
	Golden     []map[string]any `yaml:"golden"` // free: inputs, args, output, tol

	_ later `yaml:"stages"`
}

// Graph is one ONNX graph.
type Graph struct {
	File          string    `yaml:"file"`   // base name of the .onnx file; only in a manifest beside it
	SHA256        string    `yaml:"sha256"` // of that file, in hex
	Batch         BatchSize `yaml:"batch"`
	Deterministic bool      `yaml:"deterministic"`
}

// BatchSize is the number of pictures that a graph takes in one run; 0, written "dynamic", is any.
type BatchSize int

func (b *BatchSize) decode(field string, value any) error {
	if value == "dynamic" {
		*b = 0
		return nil
	}
	n, ok := integer(value)
	if !ok || n < 1 || n > 1<<16 {
		return wrong(field, "%s is neither dynamic nor a number of pictures", show(value))
	}
	*b = BatchSize(n)
	return nil
}

// Input is one input tensor of a graph.
type Input struct {
	Graph  string   `yaml:"graph"`
	Name   string   `yaml:"name"`   // in the graph
	DType  string   `yaml:"dtype"`  // uint8 or float32
	Layout string   `yaml:"layout"` // NHWC or NCHW; of images
	Shape  []int    `yaml:"shape"`  // -1 is any; may be left out
	Role   string   `yaml:"role"`   // image or label
	Image  *Affine  `yaml:"image"`  // of role image
	Size   *Size    `yaml:"size"`   // of role image
	Label  *Labeled `yaml:"label"`  // of role label

	_ later `yaml:"labelmap"`
	_ later `yaml:"noise"`
	_ later `yaml:"exemplar"`
}

// Affine says how the network sees bytes: net = byte*scale + offset, for each channel in the order
// that Color names. Absent scales are 1 and offsets 0.
type Affine struct {
	Channels int       `yaml:"channels"` // 3
	Color    string    `yaml:"color"`    // RGB or BGR
	Scale    []float64 `yaml:"scale"`
	Offset   []float64 `yaml:"offset"`
}

// Labeled describes the input that names the target domain.
type Labeled struct {
	Kind                string    `yaml:"kind"`     // scalar: one code a picture
	Strength            *Strength `yaml:"strength"` // nil: full strength only
	RequiresSourceLabel bool      `yaml:"requires_source_label"`

	_ later `yaml:"names"`
	_ later `yaml:"off"`
	_ later `yaml:"on"`
	_ later `yaml:"exclusive_groups"`
	_ later `yaml:"base"`
	_ later `yaml:"mask"`
}

// Strength says how a strength changes the code, and its range; see Manifest.Code.
type Strength struct {
	Op      string  `yaml:"op"` // scale or lerp
	Min     float64 `yaml:"min"`
	Max     float64 `yaml:"max"`
	Neutral float64 `yaml:"neutral"` // the code that asks for no change
}

// Output is one output tensor of a graph. An image's values are net = byte*scale + offset, as on
// the input, so that byte = (net-offset)/scale, rounded.
type Output struct {
	Graph  string    `yaml:"graph"`
	Name   string    `yaml:"name"`
	Role   string    `yaml:"role"`   // image, or logits: one row a picture, one column a class
	DType  string    `yaml:"dtype"`  // uint8 or float32
	Layout string    `yaml:"layout"` // NHWC or NCHW
	Color  string    `yaml:"color"`  // RGB or BGR
	Scale  []float64 `yaml:"scale"`
	Offset []float64 `yaml:"offset"`
	Clip   *bool     `yaml:"clip"` // false: a value beyond black or white is an error; default true

	_ later `yaml:"suffix"`
}

// Domain is a set of pictures that look alike in the way the model is about.
type Domain struct {
	ID   string   `yaml:"id"`
	Code *float64 `yaml:"code"` // only where the network takes one
}

// Direction is what a graph without a code does.
type Direction struct {
	From  string `yaml:"from"` // a domain, or any
	To    string `yaml:"to"`
	Graph string `yaml:"graph"`
}

// Classification says how logits name a domain.
type Classification struct {
	Graph      string   `yaml:"graph"`
	Activation string   `yaml:"activation"` // softmax, sigmoid, or none for a network that gives probabilities
	Classes    []string `yaml:"classes"`    // the domain of each logit
	Threshold  float64  `yaml:"threshold"`  // the probability, 0 to 1, from which a domain counts as known
	Policy     string   `yaml:"policy"`     // below the threshold: best (the default) or unknown
}

// Tiling says whether a large picture may be translated in parts. InstanceNorm forbids it.
type Tiling struct {
	Allowed bool `yaml:"allowed"`
	Halo    int  `yaml:"halo"` // pixels that parts must overlap
}

// ParseManifest reads a manifest and checks it. Unknown fields, values and versions, contradictions
// and what this version cannot run yet are errors, each a *ManifestError that names the field.
func ParseManifest(data []byte) (*Manifest, error) {
	if len(data) > maxManifestBytes {
		return nil, wrong("", "%d bytes are more than %d", len(data), maxManifestBytes)
	}
	var document any
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, wrong("", "%s", yaml.FormatError(err, false, false))
	}
	m := new(Manifest)
	if entries, ok := document.(map[string]any); ok {
		// The version comes first: what else is unknown may be due to it.
		if schema, ok := entries["schema"]; ok && schema != Schema {
			return nil, wrong("schema", "%s is not %s", show(schema), Schema)
		}
	}
	if err := decode("", document, reflect.ValueOf(m).Elem()); err != nil {
		return nil, err
	}
	if err := m.complete(); err != nil {
		return nil, err
	}
	return m, nil
}

// Image returns the input that takes the picture.
func (m *Manifest) Image() *Input {
	return m.input(roleImage)
}

// Label returns the description of the input that takes the code, or nil if there is none.
func (m *Manifest) Label() *Labeled {
	if in := m.input(roleLabel); in != nil {
		return in.Label
	}
	return nil
}

func (m *Manifest) input(role string) *Input {
	for i := range m.Inputs {
		if m.Inputs[i].Role == role {
			return &m.Inputs[i]
		}
	}
	return nil
}

// graph returns the manifest's one graph.
func (m *Manifest) graph() Graph {
	return m.Graphs[m.Inputs[0].Graph]
}
