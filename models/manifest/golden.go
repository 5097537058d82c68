package manifest

import (
	"encoding/base64"
	"fmt"
)

// A Golden is a known answer of a model. What a network gives may differ in the last digits from
// device to device. So an image is kept as the means of 8×8 cells, which show a wrong channel, range,
// orientation, label or weight, and is compared within a tolerance.
type Golden struct {
	Inputs GoldenInputs `yaml:"inputs"`
	Args   GoldenArgs   `yaml:"args"`
	Output GoldenOutput `yaml:"output"`
	Tol    float64      `yaml:"tol"` // of each mean, in grey levels, or of each probability
}

// GoldenInputs describe the image that goes in. Every exemplar that is needed is the same image, at
// its own input's nominal size.
type GoldenInputs struct {
	Picture string `yaml:"picture"` // GoldenRamps
	H       int    `yaml:"h"`
	W       int    `yaml:"w"`
}

// GoldenRamps names the only golden image there is; the package models draws it.
const GoldenRamps = "ramps"

// GoldenArgs are the request.
type GoldenArgs struct {
	To       string   `yaml:"to"`
	From     string   `yaml:"from"`
	Strength *float64 `yaml:"strength"` // default 1
	Seed     int      `yaml:"seed"`
}

// StrengthOrFull returns the strength, or 1 if none is given.
func (a GoldenArgs) StrengthOrFull() float64 {
	if a.Strength == nil {
		return 1
	}
	return *a.Strength
}

// GoldenOutput is the answer: of a translator its first result, of a classifier its probabilities.
type GoldenOutput struct {
	H             int       `yaml:"h"`
	W             int       `yaml:"w"`
	Means         CellMeans `yaml:"means"`
	Probabilities []float64 `yaml:"probabilities"`
}

// CellMeans are the rounded means of Cells×Cells parts of an image, row by row, each as red, green
// and blue. Row i of the cells begins at row i*height/Cells of the image, rounded down, and columns
// likewise. A manifest holds them in base64.
type CellMeans []byte

// Cells is the number of cells along each side of a golden image.
const Cells = 8

func (c *CellMeans) decode(field string, value any) error {
	text, ok := value.(string)
	means, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(means) != Cells*Cells*channels {
		return Errorf(field, "not %d bytes in base64", Cells*Cells*channels)
	}
	*c = means
	return nil
}

// String returns the means in base64, as a manifest holds them.
func (c CellMeans) String() string { return base64.StdEncoding.EncodeToString(c) }

// Deterministic says whether the manifest calls all graphs deterministic.
func (m *Manifest) Deterministic() bool {
	for _, g := range m.Graphs {
		if !g.Deterministic {
			return false
		}
	}
	return true
}

// GoldenTargets returns arguments for every target of a model, at full strength.
func (m *Manifest) GoldenTargets() []GoldenArgs {
	targets := m.Targets()
	if len(targets) == 0 {
		return []GoldenArgs{{}}
	}
	var all []GoldenArgs
	for _, to := range targets {
		args := GoldenArgs{To: to}
		if m.NeedsSource(to) {
			args.From = m.DomainIDs()[0]
		}
		all = append(all, args)
	}
	return all
}

// GoldenSize returns the golden image at a size that the model takes: at most 256 pixels a side, if
// the size can be chosen.
func (m *Manifest) GoldenSize() GoldenInputs {
	in := GoldenInputs{Picture: GoldenRamps}
	if image := m.Image(); image != nil {
		w, h := image.Size.Nominal()
		in.W, in.H = image.Size.ShapeFor(1, 1, min(256*256, w*h))
	}
	return in
}

// checkGolden checks the golden cases of a manifest that is complete but for them.
func (m *Manifest) checkGolden() error {
	for i, g := range m.Golden {
		field := fmt.Sprintf("golden[%d]", i)
		if err := oneOf(field+".inputs.picture", g.Inputs.Picture, []string{GoldenRamps}); err != nil {
			return err
		}
		if err := finite(field+".tol", g.Tol); err != nil {
			return err
		}
		image := m.Image()
		translates := m.Translates()
		switch {
		case g.Tol < 0:
			return Errorf(field+".tol", "%g is negative", g.Tol)
		case image != nil && (g.Inputs.H < 2 || g.Inputs.W < 2 || !image.Size.Allows(g.Inputs.W, g.Inputs.H)):
			return Errorf(field+".inputs", "the network takes no images of %d×%d", g.Inputs.W, g.Inputs.H)
		case translates && (g.Output.H < Cells || g.Output.W < Cells):
			return Errorf(field+".output", "h and w must be at least %d", Cells)
		case translates && g.Output.Means == nil:
			return Errorf(field+".output.means", "missing")
		case !translates && len(g.Output.Probabilities) != len(m.Classifier.Classes):
			return Errorf(field+".output.probabilities", "%d numbers for %d classes", len(g.Output.Probabilities), len(m.Classifier.Classes))
		}
		if translates {
			if err := m.CheckTarget(g.Args.To, g.Args.StrengthOrFull()); err != nil {
				return Errorf(field+".args", "%v", err)
			}
		}
	}
	return nil
}
