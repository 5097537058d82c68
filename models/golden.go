package models

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
)

// A Golden is a known answer of a model. What comes out of it may differ in the last digits from
// device to device, so that it is kept as the means of 8×8 cells, which show a wrong channel, range,
// orientation, label or weight, and compared within a tolerance.
type Golden struct {
	Inputs GoldenInputs `yaml:"inputs"`
	Args   GoldenArgs   `yaml:"args"`
	Output GoldenOutput `yaml:"output"`
	Tol    float64      `yaml:"tol"` // of each mean, in grey levels; of each probability
}

// GoldenInputs are the picture that goes in, and into every exemplar that is needed.
type GoldenInputs struct {
	Picture string `yaml:"picture"` // ramps: see Ramps
	H       int    `yaml:"h"`
	W       int    `yaml:"w"`
}

// GoldenArgs are what is asked for, as in Request.
type GoldenArgs struct {
	To       string   `yaml:"to"`
	From     string   `yaml:"from"`
	Strength *float64 `yaml:"strength"` // default 1
	Seed     int      `yaml:"seed"`
}

// GoldenOutput is what has to come out, of a translator (its first result) or of a classifier.
type GoldenOutput struct {
	H             int       `yaml:"h"`
	W             int       `yaml:"w"`
	Means         CellMeans `yaml:"means"`
	Probabilities []float64 `yaml:"probabilities"`
}

// CellMeans are the means of a picture in cells×cells parts of it, rounded: row by row, in each red,
// green and blue. Row i of the cells begins at row i*height/cells of the picture, rounded down, and
// columns likewise. In a manifest they are in base64.
type CellMeans []byte

const cells = 8

func (c *CellMeans) decode(field string, value any) error {
	text, ok := value.(string)
	means, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(means) != cells*cells*channels {
		return wrong(field, "not %d bytes in base64", cells*cells*channels)
	}
	*c = means
	return nil
}

// String is the base64 of a manifest.
func (c CellMeans) String() string { return base64.StdEncoding.EncodeToString(c) }

// picture names the only golden picture there is.
const picture = "ramps"

// Ramps is the golden picture, of two rows and columns at least: red grows to the right from 0 to 255,
// green downwards, and blue is a board of squares of 8×8 pixels, black at the top left.
func Ramps(height, width int) []byte {
	pixels := make([]byte, 0, height*width*channels)
	for y := range height {
		for x := range width {
			blue := (x/8 + y/8) % 2 * 255
			pixels = append(pixels, byte(x*255/(width-1)), byte(y*255/(height-1)), byte(blue))
		}
	}
	return pixels
}

// cellMeans are the means of a batch of one picture, not rounded.
func cellMeans(b Batch) []float64 {
	means := make([]float64, 0, cells*cells*channels)
	for row := range cells {
		top, bottom := row*b.Height/cells, (row+1)*b.Height/cells
		for column := range cells {
			left, right := column*b.Width/cells, (column+1)*b.Width/cells
			var sum [channels]int
			for y := top; y < bottom; y++ {
				for i, v := range b.Pixels[(y*b.Width+left)*channels : (y*b.Width+right)*channels] {
					sum[i%channels] += int(v)
				}
			}
			for _, s := range sum {
				means = append(means, float64(s)/float64((bottom-top)*(right-left)))
			}
		}
	}
	return means
}

// checkGolden checks the cases of a manifest that is complete but for them.
func (m *Manifest) checkGolden() error {
	for i, g := range m.Golden {
		field := fmt.Sprintf("golden[%d]", i)
		if err := oneOf(field+".inputs.picture", g.Inputs.Picture, []string{picture}); err != nil {
			return err
		}
		if err := finite(field+".tol", g.Tol); err != nil {
			return err
		}
		image := m.Image()
		translates := m.Translates()
		switch {
		case g.Tol < 0:
			return wrong(field+".tol", "%g is negative", g.Tol)
		case image != nil && (g.Inputs.H < 2 || g.Inputs.W < 2 || !image.Size.allows(g.Inputs.W, g.Inputs.H)):
			return wrong(field+".inputs", "the network takes no pictures of %d×%d", g.Inputs.W, g.Inputs.H)
		case translates && (g.Output.H < cells || g.Output.W < cells):
			return wrong(field+".output", "h and w are less than %d", cells)
		case translates && g.Output.Means == nil:
			return wrong(field+".output.means", "missing")
		case !translates && len(g.Output.Probabilities) != len(m.Classifier.Classes):
			return wrong(field+".output.probabilities", "%d for %d classes", len(g.Output.Probabilities), len(m.Classifier.Classes))
		}
		if translates {
			if err := m.CheckTarget(g.Args.To, g.Args.strength()); err != nil {
				return wrong(field+".args", "%v", err)
			}
		}
	}
	return nil
}

func (a GoldenArgs) strength() float64 {
	if a.Strength == nil {
		return 1
	}
	return *a.Strength
}

// A Check is one golden case that was tried, or, for a model that has none, a target.
type Check struct {
	To    string  // "" for a classifier
	Known bool    // there was an answer to compare with
	Worst float64 // the largest difference from it, in grey levels or as a probability
	Tol   float64
	Err   error // why it failed
}

// Verify runs the golden cases of a model, or, where it has none, every target once, to see that it
// runs and that all that comes out is finite. What cannot even be opened is an error.
func (r *Runtime) Verify(ctx context.Context, m *Model, o Options) ([]Check, error) {
	about := m.Manifest
	cases, known := about.Golden, len(about.Golden) > 0
	if !known {
		for _, args := range about.everyTarget() {
			cases = append(cases, Golden{Inputs: about.goldenInputs(), Args: args})
		}
	}
	var checks []Check
	for _, g := range cases {
		c := Check{To: g.Args.To, Known: known, Tol: g.Tol}
		got, err := r.answer(ctx, m, g, o)
		switch {
		case err != nil:
			c.Err = err
		case known:
			c.Worst, c.Err = g.compare(got)
		}
		checks = append(checks, c)
	}
	return checks, nil
}

// everyTarget lists what can be asked of a model, at full strength.
func (m *Manifest) everyTarget() []GoldenArgs {
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

// goldenInputs is the golden picture at a size that the model takes, of 256 pixels at most where it can
// be chosen.
func (m *Manifest) goldenInputs() GoldenInputs {
	in := GoldenInputs{Picture: picture}
	if image := m.Image(); image != nil {
		w, h := image.Size.Nominal()
		in.W, in.H = image.Size.ShapeFor(1, 1, min(256, max(w, h)))
	}
	return in
}

// A golden answer is a picture's means or a classifier's probabilities.
type goldenAnswer struct {
	height, width int
	numbers       []float64
}

func (r *Runtime) answer(ctx context.Context, m *Model, g Golden, o Options) (_ *goldenAnswer, err error) {
	about := m.Manifest
	in := Batch{N: 1, Height: g.Inputs.H, Width: g.Inputs.W}
	if image := about.Image(); image != nil {
		in.Pixels = Ramps(in.Height, in.Width)
		if image.Role == roleLabelMap { // whose samples are classes: the first everywhere
			clear(in.Pixels)
		}
	}
	if !about.Translates() {
		c, err := r.NewClassifier(m, o)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		probabilities, err := c.Run(ctx, in)
		answer := &goldenAnswer{}
		for _, p := range probabilities {
			answer.numbers = append(answer.numbers, float64(p))
		}
		return answer, err
	}
	q := Request{To: g.Args.To, Strength: g.Args.strength(), Seed: uint64(g.Args.Seed), Exemplars: map[string]Picture{}}
	for _, e := range about.Exemplars() {
		if e.Exemplar.Min > 0 {
			w, h := e.Size.Nominal()
			q.Exemplars[e.Exemplar.Attribute] = Picture{Height: h, Width: w, Pixels: Ramps(h, w)}
		}
	}
	if g.Args.From != "" {
		in.From = []string{g.Args.From}
	}
	t, err := r.NewTranslator(m, q, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	made, err := t.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	b := made[0]
	if b.Height < cells || b.Width < cells {
		return nil, fmt.Errorf("the network makes a picture of %d×%d of one of %d×%d", b.Width, b.Height, in.Width, in.Height)
	}
	return &goldenAnswer{b.Height, b.Width, cellMeans(b)}, nil
}

// compare returns the largest difference between a known answer and another one.
func (g Golden) compare(got *goldenAnswer) (worst float64, err error) {
	want := g.Output.Probabilities
	if g.Output.Means != nil {
		if got.height != g.Output.H || got.width != g.Output.W {
			return 0, fmt.Errorf("a picture of %d×%d, not %d×%d", got.width, got.height, g.Output.W, g.Output.H)
		}
		want = make([]float64, len(g.Output.Means))
		for i, v := range g.Output.Means {
			want[i] = float64(v)
		}
	}
	at := 0
	for i, v := range got.numbers {
		if d := math.Abs(v - want[i]); d > worst {
			worst, at = d, i
		}
	}
	if worst <= g.Tol {
		return worst, nil
	}
	if g.Output.Means == nil {
		return worst, fmt.Errorf("probability %d is %.4f, not %.4f", at+1, got.numbers[at], want[at])
	}
	cell, channel := at/channels, [...]string{"red", "green", "blue"}[at%channels]
	return worst, fmt.Errorf("the mean %s of cell %d,%d of %d×%d is %.1f, not %.0f",
		channel, cell%cells+1, cell/cells+1, cells, cells, got.numbers[at], want[at])
}
