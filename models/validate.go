package models

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// The values of the manifest's enumerations that the code asks for by name.
const (
	roleImage    = "image"
	roleLabel    = "label"
	roleLogits   = "logits"
	dtypeUint8   = "uint8"
	dtypeFloat32 = "float32"
	layoutNHWC   = "NHWC"
	layoutNCHW   = "NCHW"
	colorRGB     = "RGB"
	colorBGR     = "BGR"
	sizeFixed    = "fixed"
	sizeAny      = "any"
	strengthLerp = "lerp"
	fromAny      = "any"

	// channels of a picture; one-channel pictures are not supported yet.
	channels = 3
	// maxSide keeps the arithmetic of shapes far from overflow.
	maxSide = 1 << 16
)

// identifier is what names and domains consist of, for both become parts of file names.
var identifier = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// complete checks a decoded manifest, part by part, and fills in the defaults.
func (m *Manifest) complete() error {
	parts := []func() error{
		m.completeHead, m.completeInputs, m.completeOutputs, m.checkDomains, m.checkDirections,
		m.completeClassifier,
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
	switch len(m.Graphs) {
	case 0:
		return wrong("graphs", "missing")
	case 1:
		return nil
	}
	return wrong("graphs", "more than one graph is "+notYet)
}

func (m *Manifest) completeInputs() error {
	count := map[string]int{}
	for i := range m.Inputs {
		in := &m.Inputs[i]
		field := fmt.Sprintf("inputs[%d]", i)
		err := oneOf(field+".role", in.Role, []string{roleImage, roleLabel},
			"exemplar", "labelmap", "instance", "strength", "noise", "coords", "const", "latent")
		if err == nil {
			err = m.checkTensor(field, in.Graph, in.Name)
		}
		if err == nil && in.Role == roleImage {
			err = in.completeImage(field)
		} else if err == nil {
			err = in.checkLabel(field)
		}
		if err != nil {
			return err
		}
		if count[in.Role]++; count[in.Role] > 1 {
			return wrong(field+".role", "a second %s is %s", in.Role, notYet)
		}
	}
	if count[roleImage] == 0 {
		return wrong("inputs", "no input has the role image")
	}
	return nil
}

func (m *Manifest) checkTensor(field, graph, name string) error {
	if _, ok := m.Graphs[graph]; !ok {
		return wrong(field+".graph", "%q is not in graphs", graph)
	}
	if name == "" {
		return wrong(field+".name", "missing")
	}
	return nil
}

func (in *Input) completeImage(field string) error {
	if in.Label != nil {
		return wrong(field+".label", "an image has none")
	}
	if in.Image == nil {
		return wrong(field+".image", "missing")
	}
	if in.Size == nil {
		return wrong(field+".size", "missing")
	}
	if in.Image.Channels != channels {
		return wrong(field+".image.channels", "%d channels are %s; only 3 are", in.Image.Channels, notYet)
	}
	if len(in.Shape) != 0 && len(in.Shape) != 4 {
		return wrong(field+".shape", "%d dimensions; an image has 4", len(in.Shape))
	}
	p := pixels{in.DType, in.Layout, in.Image.Color, &in.Image.Scale, &in.Image.Offset}
	if err := p.complete(field, field+".image"); err != nil {
		return err
	}
	return in.Size.complete(field + ".size")
}

func (in *Input) checkLabel(field string) error {
	if in.Image != nil {
		return wrong(field+".image", "a label has none")
	}
	if in.Size != nil {
		return wrong(field+".size", "a label has none")
	}
	if in.Label == nil {
		return wrong(field+".label", "missing")
	}
	if in.Layout != "" {
		return wrong(field+".layout", "a label has none")
	}
	if err := oneOf(field+".dtype", in.DType, []string{dtypeFloat32}, "float16", dtypeUint8, "int64"); err != nil {
		return err
	}
	if n := len(in.Shape); n > 2 || n == 2 && in.Shape[1] != 1 {
		return wrong(field+".shape", "%v; a scalar code has [-1] or [-1, 1]", in.Shape)
	}
	err := oneOf(field+".label.kind", in.Label.Kind, []string{"scalar"}, "multihot", "onehot", "pair", "concat")
	if err != nil || in.Label.Strength == nil {
		return err
	}
	return in.Label.Strength.check(field + ".label.strength")
}

func (s *Strength) check(field string) error {
	if err := oneOf(field+".op", s.Op, []string{"scale", strengthLerp}); err != nil {
		return err
	}
	if err := finite(field, s.Min, s.Max, s.Neutral); err != nil {
		return err
	}
	if s.Min > 1 || s.Max < 1 {
		return wrong(field, "the range %g to %g leaves out 1, full strength", s.Min, s.Max)
	}
	return nil
}

// pixels is what image inputs and outputs have in common.
type pixels struct {
	dtype, layout, color string
	scale, offset        *[]float64
}

// complete checks the dtype and layout of the tensor field and the rest under the affine field.
func (p pixels) complete(tensor, affine string) error {
	if err := oneOf(tensor+".dtype", p.dtype, []string{dtypeUint8, dtypeFloat32}, "float16"); err != nil {
		return err
	}
	if err := oneOf(tensor+".layout", p.layout, []string{layoutNHWC, layoutNCHW}); err != nil {
		return err
	}
	if err := oneOf(affine+".color", p.color, []string{colorRGB, colorBGR}, "GRAY"); err != nil {
		return err
	}
	if *p.scale == nil {
		*p.scale = []float64{1, 1, 1}
	}
	if *p.offset == nil {
		*p.offset = []float64{0, 0, 0}
	}
	if n := len(*p.scale); n != channels {
		return wrong(affine+".scale", "%d numbers for %d channels", n, channels)
	}
	if n := len(*p.offset); n != channels {
		return wrong(affine+".offset", "%d numbers for %d channels", n, channels)
	}
	if slices.Contains(*p.scale, 0) {
		return wrong(affine+".scale", "0 would make every picture the same")
	}
	if err := finite(affine+".scale", *p.scale...); err != nil {
		return err
	}
	if err := finite(affine+".offset", *p.offset...); err != nil {
		return err
	}
	if p.dtype == dtypeFloat32 {
		return nil
	}
	// Bytes pass through as they are, so the network has to do the arithmetic.
	switch {
	case p.layout != layoutNHWC:
		return wrong(tensor+".layout", "%s with uint8 is %s", p.layout, notYet)
	case p.color != colorRGB:
		return wrong(affine+".color", "%s with uint8 is %s", p.color, notYet)
	case !slices.Equal(*p.scale, []float64{1, 1, 1}):
		return wrong(affine+".scale", "%v with uint8 is %s", *p.scale, notYet)
	case !slices.Equal(*p.offset, []float64{0, 0, 0}):
		return wrong(affine+".offset", "%v with uint8 is %s", *p.offset, notYet)
	}
	return nil
}

func (s *Size) complete(field string) error {
	if err := oneOf(field+".mode", s.Mode, []string{sizeFixed, "multiple", sizeAny}); err != nil {
		return err
	}
	defaults(&s.Fit, "stretch")
	defaults(&s.Restore, "source")
	if err := oneOf(field+".fit", s.Fit, []string{"stretch", "crop", "pad"}); err != nil {
		return err
	}
	if err := oneOf(field+".filter", s.Filter, []string{"", "nearest", "bilinear", "bicubic", "lanczos"}); err != nil {
		return err
	}
	if err := oneOf(field+".restore", s.Restore, []string{"source", "none"}); err != nil {
		return err
	}
	bounds := []struct {
		key        string
		value, low int
	}{{"h", s.H, 1}, {"w", s.W, 1}, {"multiple_of", s.MultipleOf, 0}, {"min", s.Min, 0}, {"max", s.Max, 0}}
	for _, b := range bounds {
		if b.value < b.low || b.value > maxSide {
			return wrong(field+"."+b.key, "%d is not within %d to %d", b.value, b.low, maxSide)
		}
	}
	switch {
	case s.Mode == "multiple" && s.MultipleOf == 0:
		return wrong(field+".multiple_of", "missing")
	case s.Mode == sizeAny && s.MultipleOf > 1:
		return wrong(field+".multiple_of", "contradicts the mode any")
	case s.Mode == sizeFixed && (s.MultipleOf != 0 || s.Min != 0 || s.Max != 0):
		return wrong(field, "multiple_of, min and max contradict the mode fixed")
	case s.Mode == sizeFixed:
		return nil
	}
	s.MultipleOf = max(s.MultipleOf, 1)
	if s.Max > 0 && ceil(max(s.Min, 1), s.MultipleOf) > s.Max {
		return wrong(field+".max", "no multiple of %d lies within %d to %d", s.MultipleOf, s.Min, s.Max)
	}
	if !s.allows(s.W, s.H) {
		return wrong(field, "the nominal size, w %d and h %d, breaks its own bounds", s.W, s.H)
	}
	return nil
}

func (m *Manifest) completeOutputs() error {
	if len(m.Outputs) != 1 {
		return wrong("outputs", "%d outputs are %s; only 1 is", len(m.Outputs), notYet)
	}
	out := &m.Outputs[0]
	if err := oneOf("outputs[0].role", out.Role, []string{roleImage, roleLogits}, "residual", "latent", "mask"); err != nil {
		return err
	}
	if err := m.checkTensor("outputs[0]", out.Graph, out.Name); err != nil {
		return err
	}
	if out.Role == roleLogits {
		if m.Classifier == nil {
			return wrong("classifier", "missing, though outputs[0] gives logits")
		}
		return oneOf("outputs[0].dtype", out.DType, []string{dtypeFloat32}, "float16")
	}
	if m.Classifier != nil {
		return wrong("outputs[0].role", "a classifier gives logits, not an image")
	}
	if out.Clip == nil {
		out.Clip = new(true)
	}
	p := pixels{out.DType, out.Layout, out.Color, &out.Scale, &out.Offset}
	return p.complete("outputs[0]", "outputs[0]")
}

func (m *Manifest) checkDomains() error {
	if len(m.Domains) == 0 {
		return wrong("domains", "missing")
	}
	coded := m.Label() != nil
	for i, d := range m.Domains {
		field := fmt.Sprintf("domains[%d]", i)
		switch {
		case !identifier.MatchString(d.ID):
			return wrong(field+".id", "%q is not a name of letters, digits and ._-", d.ID)
		case d.ID == fromAny || d.ID == "auto":
			return wrong(field+".id", "%q has another meaning on the command line", d.ID)
		case slices.Contains(m.DomainIDs()[:i], d.ID):
			return wrong(field+".id", "%q is there twice", d.ID)
		case coded && d.Code == nil:
			return wrong(field+".code", "missing, though the network takes a code")
		case !coded && d.Code != nil:
			return wrong(field+".code", "the network takes none")
		case coded:
			if err := finite(field+".code", *d.Code); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Manifest) checkDirections() error {
	ids := m.DomainIDs()
	for i, d := range m.Directions {
		field := fmt.Sprintf("directions[%d]", i)
		switch {
		case d.From != fromAny && !slices.Contains(ids, d.From):
			return wrong(field+".from", "%q is not in domains", d.From)
		case !slices.Contains(ids, d.To):
			return wrong(field+".to", "%q is not in domains", d.To)
		case d.To != m.Directions[0].To:
			return wrong(field+".to", "one graph without a code cannot lead to both %q and %q", m.Directions[0].To, d.To)
		}
		if _, ok := m.Graphs[d.Graph]; !ok {
			return wrong(field+".graph", "%q is not in graphs", d.Graph)
		}
	}
	switch {
	case len(m.Directions) > 0 && m.Label() != nil:
		return wrong("directions", "contradict an input of role label, which leads to every domain")
	case len(m.Directions) > 0 && m.Classifier != nil:
		return wrong("directions", "a classifier has none")
	case len(m.Directions) == 0 && m.Label() == nil && m.Classifier == nil && len(ids) > 1:
		return wrong("directions", "missing, so it is open to which domain the network leads")
	}
	return nil
}

func (m *Manifest) completeClassifier() error {
	c := m.Classifier
	if c == nil {
		return nil
	}
	if m.Label() != nil {
		return wrong("inputs", "a classifier takes no label")
	}
	if _, ok := m.Graphs[c.Graph]; !ok {
		return wrong("classifier.graph", "%q is not in graphs", c.Graph)
	}
	if err := oneOf("classifier.activation", c.Activation, []string{"softmax", "sigmoid", "none"}); err != nil {
		return err
	}
	defaults(&c.Policy, "best")
	if err := oneOf("classifier.policy", c.Policy, []string{"best", "unknown"}); err != nil {
		return err
	}
	if !(c.Threshold >= 0 && c.Threshold <= 1) {
		return wrong("classifier.threshold", "%g is not within 0 to 1", c.Threshold)
	}
	if len(c.Classes) < 2 {
		return wrong("classifier.classes", "%d classes; at least 2 are needed", len(c.Classes))
	}
	for i, class := range c.Classes {
		field := fmt.Sprintf("classifier.classes[%d]", i)
		if !slices.Contains(m.DomainIDs(), class) {
			return wrong(field, "%q is not in domains", class)
		}
		if slices.Contains(c.Classes[:i], class) {
			return wrong(field, "%q is there twice", class)
		}
	}
	return nil
}

// oneOf checks a value of an enumeration; later lists those that are in the schema but not yet here.
func oneOf(field, value string, now []string, later ...string) error {
	switch {
	case slices.Contains(now, value):
		return nil
	case slices.Contains(later, value):
		return wrong(field, "%q is %s", value, notYet)
	case value == "":
		return wrong(field, "missing; it is one of %s", strings.Join(now, ", "))
	}
	return wrong(field, "%q is not one of %s", value, strings.TrimPrefix(strings.Join(now, ", "), ", "))
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
