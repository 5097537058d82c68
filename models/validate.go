package models

import (
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
