// Package manifest describes what a network takes, what it gives and what that means.
//
// Parse reads a manifest, checks it and fills in its defaults. A Manifest that Parse returns is complete
// and free of contradictions, and its methods answer what a caller asks: which targets there are (Targets),
// which label leads to one (Code), which graphs run in which order (Order), and at which size an image
// enters the network (Size.Shape). Every error about a field is an *Error with the field's full path.
//
// The package reads no files and runs no networks.
package manifest

import (
	"reflect"

	"github.com/goccy/go-yaml"
)

// Schema is the version of the manifest that this package reads.
const Schema = "gtx.model/1"

// MaxBytes bounds a manifest, because the time of the YAML package grows with the square of the size.
const MaxBytes = 64 << 10

// A Manifest describes a network completely: what it takes, what it gives and what that means. It is written
// in YAML or JSON, either inside the .onnx file under the metadata key "gtx.manifest" or in a file beside it.
type Manifest struct {
	Schema     string           `yaml:"schema"` // the constant Schema
	Name       string           `yaml:"name"`   // letters, digits and ._-
	Title      string           `yaml:"title"`
	Family     string           `yaml:"family"`
	Version    string           `yaml:"version"`
	License    string           `yaml:"license"`
	Source     string           `yaml:"source"`
	Training   map[string]any   `yaml:"training"` // free: data, steps, commit
	Graphs     map[string]Graph `yaml:"graphs"`
	Inputs     []Input          `yaml:"inputs"`
	Outputs    []Output         `yaml:"outputs"`
	Domains    []Domain         `yaml:"domains"`    // none for a network without targets
	Directions []Direction      `yaml:"directions"` // of networks without a label
	Stages     []Stage          `yaml:"stages"`     // how graphs feed one another
	Classifier *Classification  `yaml:"classifier"` // of models in which a graph names domains
	Tiling     Tiling           `yaml:"tiling"`
	Golden     []Golden         `yaml:"golden"`
}

// Graph is one ONNX graph.
type Graph struct {
	File          string    `yaml:"file"`   // base name, in the model's folder; empty: the model's own file
	SHA256        string    `yaml:"sha256"` // of that file, in hex
	Batch         BatchSize `yaml:"batch"`
	Deterministic bool      `yaml:"deterministic"` // the same input gives the same bytes; see models.Runtime.Verify
}

// BatchSize is the number of images that a graph takes in one run; 0, written "dynamic", is any number.
type BatchSize int

const dynamic = "dynamic"

func (b *BatchSize) decode(field string, value any) error {
	if value == dynamic {
		*b = 0
		return nil
	}
	n, ok := integer(value)
	if !ok || n < 1 || n > 1<<16 {
		return Errorf(field, "%s is neither dynamic nor a number of images", show(value))
	}
	*b = BatchSize(n)
	return nil
}

// Input is one input tensor of a graph. Its role says what goes in:
//
//	image     the source image
//	exemplar  another image, the same for all source images, that shows what is wanted; an input for K of them
//	          has one more dimension, [N,K,C,H,W] or [N,K,H,W,C]
//	labelmap  the source image, whose samples are class numbers or the colours of classes
//	instance  [N,1,H,W] or [N,H,W,1]: 1 at the edges of the areas of a label map, or of an instance map, see
//	          Instance, else 0
//	label     the target, see Labeled
//	strength  the strength itself, one number per image
//	noise     random numbers, see Noise
//	coords    [N,2,H,W] or [N,H,W,2]: x and y from -1 to 1
//	const     Value everywhere
//	latent    the latent output of another graph
type Input struct {
	Graph    string    `yaml:"graph"`
	Name     string    `yaml:"name"`   // in the graph
	DType    DType     `yaml:"dtype"`  // uint8, float32, float16, float64, int32 or int64
	Layout   Layout    `yaml:"layout"` // NHWC or NCHW, of tensors that have a height and a width
	Shape    []int     `yaml:"shape"`  // -1 is any size; may be left out
	Role     Role      `yaml:"role"`
	Image    *Affine   `yaml:"image"`    // of images and exemplars
	Size     *Size     `yaml:"size"`     // of images, exemplars and label maps that no stage feeds
	Label    *Labeled  `yaml:"label"`    // of role label, and the range of role strength
	LabelMap *LabelMap `yaml:"labelmap"` // of role labelmap
	Noise    *Noise    `yaml:"noise"`    // of role noise
	Exemplar *Exemplar `yaml:"exemplar"` // of role exemplar; nil: one, needed
	Instance *Instance `yaml:"instance"` // of role instance; nil: the edges of the label map
	Value    float64   `yaml:"value"`    // of role const
}

// Affine says how bytes enter the network: net = byte*scale + offset, for each channel in the order of
// Color. Scales default to 1 and offsets to 0.
type Affine struct {
	Channels int       `yaml:"channels"` // 3, or 1 for GRAY
	Color    Color     `yaml:"color"`    // RGB, BGR or GRAY, which is the luma of ITU-R BT.601
	Scale    []float64 `yaml:"scale"`
	Offset   []float64 `yaml:"offset"`
}

// LabelMap says how an image of classes enters the network.
type LabelMap struct {
	// Encoding is index (one channel with the number of the class, which is the grey level in the file),
	// onehot (one channel per class, from the same grey levels) or palette (one channel per class, from the
	// colours in Palette).
	Encoding Encoding `yaml:"encoding"`
	Classes  int      `yaml:"classes"`
	Palette  [][]int  `yaml:"palette"` // red, green and blue of each class
	// Nearest takes any other colour for the nearest in Palette, as label maps stored as JPEG need. Without it
	// such a colour is an error.
	Nearest bool `yaml:"nearest"`
	Edges   bool `yaml:"edges"` // adds a channel: 1 at the edges of areas, else 0
}

// Labeled describes the input that names the target, a vector for each image:
//
//	scalar   [1]: the code of the domain
//	pair     [2]: 1-code and code
//	onehot   one number per name: On for the target, Off for all others
//	multihot the same for any number of targets at once
//	concat   multihot over several parts, each with the names of one dataset
type Labeled struct {
	Kind  LabelKind `yaml:"kind"`
	Names []string  `yaml:"names"` // the domain of each number; default: all domains
	Off   *float64  `yaml:"off"`   // default 0
	On    *float64  `yaml:"on"`    // default 1
	// ExclusiveGroups list names that exclude each other, such as colours of hair.
	ExclusiveGroups [][]string `yaml:"exclusive_groups"`
	// Base fills the numbers that no target changes: zeros (the default) with Off, source with the labels of
	// the source image.
	Base                Base      `yaml:"base"`
	Parts               []int     `yaml:"parts"`    // of kind concat: how many names each part has
	Mask                bool      `yaml:"mask"`     // of kind concat: one number per part follows, 1 for the target's part and else 0
	Strength            *Strength `yaml:"strength"` // nil: full strength only
	RequiresSourceLabel bool      `yaml:"requires_source_label"`
}

// Strength says how a strength changes the label, and which strengths are allowed. See Manifest.Code.
type Strength struct {
	Op      StrengthOp `yaml:"op"` // scale or lerp
	Min     float64    `yaml:"min"`
	Max     float64    `yaml:"max"`
	Neutral float64    `yaml:"neutral"` // the code that asks for no change
	Full    float64    `yaml:"full"`    // a factor on the strength, by default 1
}

// Noise describes random numbers. They depend on the seed of the image and the name of the input alone.
type Noise struct {
	Dist        Dist  `yaml:"dist"`        // normal (mean 0, standard deviation 1), uniform (from -1 to 1) or zeros
	Shape       []int `yaml:"shape"`       // for one image; the first -1 is its height, the second its width
	Scope       Scope `yaml:"scope"`       // per_image (the default) or shared, by all images of a run
	Hypersphere bool  `yaml:"hypersphere"` // divides the numbers by the root of their mean square
}

// Exemplar says which exemplars an input takes.
type Exemplar struct {
	Attribute string `yaml:"attribute"` // distinguishes the inputs that take exemplars
	Min       int    `yaml:"min"`       // 0: may be left out, and then graphs that take it do not run
	// Max is 1 to MaxExemplars, by default Min or 1. If it is more than 1, the number given is a dimension of the
	// tensor. The network may fix it if Min is Max.
	Max int `yaml:"max"`
}

// MaxExemplars is the most images that one input can take as exemplars.
const MaxExemplars = 64

// Accepts says whether an input can take n exemplars, n > 0.
func (e Exemplar) Accepts(n int) bool { return n >= e.Min && n <= e.Max }

// Several says whether the tensor of an input has a dimension for the number of exemplars.
func (e Exemplar) Several() bool { return e.Max > 1 }

// Instance says where edges come from.
type Instance struct {
	// IDs asks for a second map beside each label map, in which every object has a colour of its own. Its edges
	// separate objects of one class.
	IDs bool `yaml:"ids"`
}

// Output is one output tensor of a graph. Its role says what comes out:
//
//	image     values net = byte*scale + offset, so that byte = (net-offset)/scale, rounded
//	residual  values to add to the image input of the same graph; the sum is an image
//	cover     an image to lay over the image of the same graph
//	opacity   how much of it: one channel, 0 for nothing and 255 for all, with scale and offset like an image
//	logits    one row per image and one column per class
//	latent    values for other graphs
type Output struct {
	Graph  string    `yaml:"graph"`
	Name   string    `yaml:"name"`
	Role   Role      `yaml:"role"`   // image, residual, opacity, cover, logits or latent
	DType  DType     `yaml:"dtype"`  // as for inputs
	Layout Layout    `yaml:"layout"` // NHWC or NCHW
	Color  Color     `yaml:"color"`  // RGB, BGR or GRAY
	Scale  []float64 `yaml:"scale"`
	Offset []float64 `yaml:"offset"`
	Clip   *bool     `yaml:"clip"`   // false: a value below 0 or above 255 is an error; default true
	Suffix string    `yaml:"suffix"` // added to the file name of a second result
}

// Stage says what feeds a graph. Feed maps names of its inputs to an output of another graph, written
// GRAPH.OUTPUT, or to "source", the source image.
type Stage struct {
	Graph    string            `yaml:"graph"`
	Feed     map[string]string `yaml:"feed"`
	Upsample int               `yaml:"upsample"` // enlarges the image input by this factor, bilinearly
	// Combine is replace, add for a residual, or over for an opacity and a cover: per channel, in bytes,
	// (1 - opacity/255)*image + opacity/255*cover. Default: whichever fits the outputs.
	Combine Combine `yaml:"combine"`
}

// Domain is a set of images that share what the model translates, such as a season.
type Domain struct {
	ID   string   `yaml:"id"`
	Code *float64 `yaml:"code"` // for labels of kind scalar and pair only
}

// Direction says what a graph without a label does.
type Direction struct {
	From  string `yaml:"from"` // a domain, or any
	To    string `yaml:"to"`
	Graph string `yaml:"graph"` // its output is the result
}

// Classification says how logits name a domain.
type Classification struct {
	Graph      string     `yaml:"graph"`
	Activation Activation `yaml:"activation"` // softmax, sigmoid, or none for a network that gives probabilities
	Classes    []string   `yaml:"classes"`    // the domain of each logit
	Threshold  float64    `yaml:"threshold"`  // the least probability, 0 to 1, at which a domain counts as known
	// Policy says which classes name an image: best (the likeliest; the default), unknown (the likeliest,
	// but none below the threshold) or all (every class at or above the threshold, as for attributes).
	Policy Policy `yaml:"policy"`
}

// Tiling says whether a large image may be translated in parts. Instance normalisation forbids it, because
// its statistics are those of the whole image.
type Tiling struct {
	Allowed bool `yaml:"allowed"`
	Halo    int  `yaml:"halo"` // pixels by which parts must overlap
}

// Parse reads a manifest and checks it. Unknown fields, values and versions, contradictions and what
// this version cannot run yet are errors. Each is an *Error that names the field.
func Parse(data []byte) (*Manifest, error) {
	d, err := ParseDraft(data)
	if err != nil {
		return nil, err
	}
	if err := d.complete(); err != nil {
		return nil, err
	}
	return &d.Manifest, nil
}

// A Draft is a manifest as it was written: without defaults, unchecked and possibly incomplete.
type Draft struct {
	Manifest
	document any // as the YAML package gives it
}

// ParseDraft reads a manifest that may leave anything out. Unknown fields, values of the wrong type and
// unknown versions are errors, each an *Error. An empty document is an empty Draft.
func ParseDraft(data []byte) (*Draft, error) {
	if len(data) > MaxBytes {
		return nil, Errorf("", "%d bytes are more than %d", len(data), MaxBytes)
	}
	d := new(Draft)
	if err := yaml.Unmarshal(data, &d.document); err != nil {
		return nil, Errorf("", "%s", yaml.FormatError(err, false, false))
	}
	if d.document == nil {
		return d, nil
	}
	if entries, ok := d.document.(map[string]any); ok {
		// The version comes first, because it may explain whatever else is unknown.
		if schema, ok := entries["schema"]; ok && schema != Schema {
			return nil, Errorf("schema", "%s is not %s", show(schema), Schema)
		}
	}
	return d, decode("", d.document, reflect.ValueOf(&d.Manifest).Elem())
}

// States says whether the document states a field, given by its keys from the outside in. It tells a
// field that is stated as zero from one that is left out.
func (d *Draft) States(keys ...string) bool {
	value := d.document
	for _, key := range keys {
		entries, ok := value.(map[string]any)
		if !ok {
			return false
		}
		if value, ok = entries[key]; !ok {
			return false
		}
	}
	return true
}
