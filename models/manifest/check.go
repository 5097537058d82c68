package manifest

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	// identifier matches names and domains, which become parts of file names.
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
		return Errorf("tiling.halo", "%d is negative", m.Tiling.Halo)
	}
	return nil
}

func (m *Manifest) completeHead() error {
	if m.Schema == "" {
		return Errorf("schema", "missing")
	}
	if !IsName(m.Name) {
		return Errorf("name", "%q is not a name of letters, digits and ._-", m.Name)
	}
	if len(m.Graphs) == 0 {
		return Errorf("graphs", "missing")
	}
	within := 0
	for _, id := range slices.Sorted(maps.Keys(m.Graphs)) {
		field, file := "graphs."+id, m.Graphs[id].File
		switch {
		case !graphID.MatchString(id):
			return Errorf(field, "%q is not a name of letters, digits, _ and -", id)
		case id == FromSource:
			return Errorf(field, "%q is the picture itself", id)
		case file == "":
			within++
		case file != filepath.Base(file) || file == "." || file == ".." || strings.ContainsRune(file, '\\'):
			return Errorf(field+".file", "%q is not the name of a file in the model's own folder", file)
		}
	}
	if within > 1 {
		return Errorf("graphs", "%d graphs have no file; one file holds one", within)
	}
	return nil
}

// checkRoutes makes sure that the parts make a whole.
func (m *Manifest) checkRoutes() error {
	finals := m.Finals()
	if len(finals) == 0 && m.Classifier == nil {
		return Errorf("outputs", "none of them is an image, a residual, or the logits of a classifier")
	}
	if len(finals) > 1 && len(m.Directions) == 0 {
		return Errorf("directions", "missing, so it is open which of the graphs %s makes the result", strings.Join(finals, ", "))
	}
	roots := finals
	if m.Classifier != nil {
		roots = append(slices.Clone(finals), m.Classifier.Graph)
	}
	used := map[string]bool{}
	for _, root := range roots {
		for _, graph := range m.Order(root, func(string) bool { return false }) {
			used[graph] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.Graphs)) {
		if !used[id] {
			return Errorf("graphs."+id, "nothing uses it")
		}
		for _, in := range m.InputsOf(id) {
			if in.Role == RoleInstance && m.LabelMapOf(id) == nil {
				return Errorf("inputs", "%q takes the edges of a label map, and no input takes the map", in.Name)
			}
		}
	}
	for _, final := range finals {
		if err := m.checkResults(final); err != nil {
			return err
		}
		first, source := m.Image(), m.sourceOf(final)
		if (first == nil) != (source == nil) || source != nil && *source.Size != *first.Size {
			return Errorf("directions", "graphs %s and %s take pictures of different sizes", finals[0], final)
		}
	}
	return nil
}

// checkResults makes sure that the results of a graph can be told apart by name.
func (m *Manifest) checkResults(final string) error {
	results := m.ResultsOf(final)
	if len(results) == 0 {
		return Errorf("outputs", "graph %s makes the result, and none of its outputs is an image or a residual", final)
	}
	for i, out := range results {
		field := m.OutputField(out) + ".suffix"
		switch {
		case !suffix.MatchString(out.Suffix):
			return Errorf(field, "%q has other characters than letters, digits and ._-", out.Suffix)
		case i == 0 && out.Suffix != "":
			return Errorf(field, "one result of graph %s has to have none", final)
		case i > 0 && slices.ContainsFunc(results[:i], func(o *Output) bool { return o.Suffix == out.Suffix }):
			return Errorf(field, "%q is another result's, too", out.Suffix)
		}
	}
	return nil
}

// mapOf is the input of a graph that takes a label map, or nil.
func (m *Manifest) LabelMapOf(graph string) *Input {
	for _, in := range m.InputsOf(graph) {
		if in.Role == RoleLabelMap {
			return in
		}
	}
	return nil
}

// InputField returns the field that describes an input, such as inputs[1].
func (m *Manifest) InputField(in *Input) string { return fmt.Sprintf("inputs[%d]", m.inputIndex(in)) }

// OutputField returns the field that describes an output, such as outputs[1].
func (m *Manifest) OutputField(out *Output) string {
	return fmt.Sprintf("outputs[%d]", m.outputIndex(out))
}

func (m *Manifest) inputIndex(in *Input) int {
	return slices.IndexFunc(m.Inputs, func(other Input) bool { return other.Graph == in.Graph && other.Name == in.Name })
}

func (m *Manifest) outputIndex(out *Output) int {
	return slices.IndexFunc(m.Outputs, func(other Output) bool { return other.Graph == out.Graph && other.Name == out.Name })
}

// IsName says whether a text can name a model or a domain: letters, digits and ._-, and no dot or
// hyphen first.
func IsName(text string) bool { return identifier.MatchString(text) }

// oneOf checks a value of an enumeration.
func oneOf[T ~string](field string, value T, values []T) error {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	list := strings.Join(words, ", ")
	switch {
	case slices.Contains(values, value):
		return nil
	case value == "":
		return Errorf(field, "missing; it is one of %s", list)
	}
	return Errorf(field, "%q is not one of %s", value, list)
}

func finite(field string, numbers ...float64) error {
	for _, n := range numbers {
		if math.IsNaN(n) || math.Abs(n) > math.MaxFloat32 {
			return Errorf(field, "%g is not a finite number", n)
		}
	}
	return nil
}

func defaults[T ~string](value *T, to T) {
	if *value == "" {
		*value = to
	}
}
