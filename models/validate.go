package models

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The values of the manifest's enumerations that the code asks for by name.
const (
	roleImage    = "image"
	roleExemplar = "exemplar"
	roleLabelMap = "labelmap"
	roleInstance = "instance"
	roleLabel    = "label"
	roleStrength = "strength"
	roleNoise    = "noise"
	roleCoords   = "coords"
	roleConst    = "const"
	roleLatent   = "latent"
	roleResidual = "residual"
	roleLogits   = "logits"

	dtypeUint8   = "uint8"
	dtypeFloat32 = "float32"

	layoutNHWC = "NHWC"
	layoutNCHW = "NCHW"
	colorRGB   = "RGB"
	colorBGR   = "BGR"
	colorGray  = "GRAY"

	sizeFixed = "fixed"
	sizeAny   = "any"

	labelScalar   = "scalar"
	labelPair     = "pair"
	labelOnehot   = "onehot"
	labelMultihot = "multihot"
	labelConcat   = "concat"
	baseSource    = "source"
	strengthLerp  = "lerp"

	encodingPalette = "palette"
	encodingIndex   = "index"

	distUniform = "uniform"
	distZeros   = "zeros"
	scopeShared = "shared"

	combineAdd = "add"

	policyUnknown = "unknown"
	policyAll     = "all"

	fromAny  = "any"
	noDomain = "none" // of a picture that no label holds for

	// channels of a picture as it is handed in and out.
	channels = 3
	// maxSide keeps the arithmetic of shapes far from overflow.
	maxSide = 1 << 16
)

var (
	dtypes  = []string{dtypeUint8, dtypeFloat32, "float16", "float64", "int32", "int64"}
	layouts = []string{layoutNHWC, layoutNCHW}
)

var (
	// identifier is what names and domains consist of, for both become parts of file names.
	identifier = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	// graphID has no dot, which parts it from the name of an output.
	graphID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// suffix follows the stem of a file name.
	suffix = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)
)

// complete checks a decoded manifest, part by part, and fills in the defaults.
func (m *Manifest) complete() error {
	parts := []func() error{
		m.completeHead, m.completeOutputs, m.completeInputs, m.checkDomains, m.completeStages,
		m.checkDirections, m.completeClassifier, m.checkRoutes, m.checkGolden,
	}
	for _, part := range parts {
		if err := part(); err != nil {
			return err
		}
	}
	if m.Tiling.Halo < 0 {
		return wrong("tiling.halo", "%d is negative", m.Tiling.Halo)
	}
	return nil
}

func (m *Manifest) completeHead() error {
	if m.Schema == "" {
		return wrong("schema", "missing")
	}
	if !identifier.MatchString(m.Name) {
		return wrong("name", "%q is not a name of letters, digits and ._-", m.Name)
	}
	if len(m.Graphs) == 0 {
		return wrong("graphs", "missing")
	}
	within := 0
	for _, id := range sortedKeys(m.Graphs) {
		field, file := "graphs."+id, m.Graphs[id].File
		switch {
		case !graphID.MatchString(id):
			return wrong(field, "%q is not a name of letters, digits, _ and -", id)
		case id == fromSource:
			return wrong(field, "%q is the picture itself", id)
		case file == "":
			within++
		case file != filepath.Base(file) || file == "." || file == ".." || strings.ContainsRune(file, '\\'):
			return wrong(field+".file", "%q is not the name of a file in the model's own folder", file)
		}
	}
	if within > 1 {
		return wrong("graphs", "%d graphs have no file; one file holds one", within)
	}
	return nil
}

// checkRoutes makes sure that the parts make a whole.
func (m *Manifest) checkRoutes() error {
	finals := m.finals()
	if len(finals) == 0 && m.Classifier == nil {
		return wrong("outputs", "none of them is an image, a residual, or the logits of a classifier")
	}
	if len(finals) > 1 && len(m.Directions) == 0 {
		return wrong("directions", "missing, so it is open which of the graphs %s makes the result", strings.Join(finals, ", "))
	}
	roots := finals
	if m.Classifier != nil {
		roots = append(slices.Clone(finals), m.Classifier.Graph)
	}
	used := map[string]bool{}
	for _, root := range roots {
		for _, graph := range m.order(root, func(string) bool { return false }) {
			used[graph] = true
		}
	}
	for _, id := range sortedKeys(m.Graphs) {
		if !used[id] {
			return wrong("graphs."+id, "nothing uses it")
		}
		for _, in := range m.inputsOf(id) {
			if in.Role == roleInstance && m.mapOf(id) == nil {
				return wrong("inputs", "%q takes the edges of a label map, and no input takes the map", in.Name)
			}
		}
	}
	for _, final := range finals {
		if err := m.checkResults(final); err != nil {
			return err
		}
		first, source := m.Image(), m.sourceOf(final)
		if (first == nil) != (source == nil) || source != nil && *source.Size != *first.Size {
			return wrong("directions", "graphs %s and %s take pictures of different sizes", finals[0], final)
		}
	}
	return nil
}

// checkResults makes sure that the results of a graph can be told apart by name.
func (m *Manifest) checkResults(final string) error {
	results := m.results(final)
	if len(results) == 0 {
		return wrong("outputs", "graph %s makes the result, and none of its outputs is an image or a residual", final)
	}
	for i, out := range results {
		field := fmt.Sprintf("outputs[%d].suffix", m.outputIndex(out))
		switch {
		case !suffix.MatchString(out.Suffix):
			return wrong(field, "%q has other characters than letters, digits and ._-", out.Suffix)
		case i == 0 && out.Suffix != "":
			return wrong(field, "one result of graph %s has to have none", final)
		case i > 0 && slices.ContainsFunc(results[:i], func(o *Output) bool { return o.Suffix == out.Suffix }):
			return wrong(field, "%q is another result's, too", out.Suffix)
		}
	}
	return nil
}

// mapOf is the input of a graph that takes a label map, or nil.
func (m *Manifest) mapOf(graph string) *Input {
	for _, in := range m.inputsOf(graph) {
		if in.Role == roleLabelMap {
			return in
		}
	}
	return nil
}

func (m *Manifest) inputIndex(in *Input) int {
	return slices.IndexFunc(m.Inputs, func(other Input) bool { return other.Graph == in.Graph && other.Name == in.Name })
}

func (m *Manifest) outputIndex(out *Output) int {
	return slices.IndexFunc(m.Outputs, func(other Output) bool { return other.Graph == out.Graph && other.Name == out.Name })
}

// oneOf checks a value of an enumeration.
func oneOf(field, value string, values []string) error {
	switch {
	case slices.Contains(values, value):
		return nil
	case value == "":
		return wrong(field, "missing; it is one of %s", strings.Join(values, ", "))
	}
	return wrong(field, "%q is not one of %s", value, strings.TrimPrefix(strings.Join(values, ", "), ", "))
}

func finite(field string, numbers ...float64) error {
	for _, n := range numbers {
		if math.IsNaN(n) || math.Abs(n) > math.MaxFloat32 {
			return wrong(field, "%g is not a finite number", n)
		}
	}
	return nil
}

func defaults(value *string, to string) {
	if *value == "" {
		*value = to
	}
}
