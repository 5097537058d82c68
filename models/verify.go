package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gtx/models/labelmap"
	"gtx/models/manifest"
)

// Ramps draws the golden image as 8-bit RGB. It needs at least two rows and two columns. Red grows to
// the right from 0 to 255, green grows downwards, and blue is a chequerboard of squares of 8×8 pixels, black at
// the top left.
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

// A Check is the outcome of one golden case, or of one target of a model without golden cases.
type Check struct {
	To    string  // "" for a classifier
	Known bool    // there was an answer to compare with
	Worst float64 // the largest difference from it, in grey levels or as a probability
	Err   error   // why the check failed
}

// Verify runs the golden cases of a model. A model without any is run once for every target, to see that
// it runs and that every value it gives is finite. If the manifest calls all graphs deterministic, each
// case runs twice and must give the same bytes. Every failure is the Err of its Check.
func (r *Runtime) Verify(ctx context.Context, m *Model, o Options) []Check {
	cases, known := m.Manifest.Golden, len(m.Manifest.Golden) > 0
	if !known {
		for _, args := range m.Manifest.GoldenTargets() {
			cases = append(cases, manifest.Golden{Inputs: m.Manifest.GoldenSize(), Args: args})
		}
	}
	var checks []Check
	for _, g := range cases {
		c := Check{To: g.Args.To, Known: known}
		got, err := r.answer(ctx, m, g, o)
		switch {
		case err != nil:
			c.Err = err
		case known:
			c.Worst, c.Err = compare(g, got)
		}
		checks = append(checks, c)
	}
	return checks
}

// A goldenAnswer is the means of an image or the probabilities of a classifier.
type goldenAnswer struct {
	height, width int // 0 for probabilities
	numbers       []float64
}

var errNotDeterministic = errors.New("two runs give different results, though the manifest calls the graphs deterministic")

// answer runs one golden case, and runs it again if the model claims to be deterministic.
func (r *Runtime) answer(ctx context.Context, m *Model, g manifest.Golden, o Options) (*goldenAnswer, error) {
	if !m.Manifest.Translates() {
		c, err := r.NewClassifier(m, o)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		return c.answer(ctx, goldenInput(m.Manifest, g))
	}
	t, err := r.NewTranslator(m, goldenRequest(m.Manifest, g.Args), o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	return t.answer(ctx, goldenInput(m.Manifest, g))
}

// goldenInput is the image that a golden case is about.
func goldenInput(m *manifest.Manifest, g manifest.Golden) Batch {
	in := Batch{N: 1, Height: g.Inputs.H, Width: g.Inputs.W}
	switch image := m.Image(); {
	case image == nil:
	case image.Role == manifest.RoleLabelMap && !image.LabelMap.Nearest:
		in.Pixels = labelmap.Blank(image.LabelMap, in.Height*in.Width) // few colours of ramps are classes
	default:
		in.Pixels = Ramps(in.Height, in.Width)
	}
	if g.Args.From != "" {
		in.From = []string{g.Args.From}
	}
	return in
}

// goldenOf returns a function that runs all golden cases of a model whose graphs are open. The error is
// ErrUnproven if there is no such case.
func goldenOf(m *Model) func(*sessions) error {
	return func(n *sessions) error {
		proven := false
		for _, g := range m.Manifest.Golden {
			got, err := goldenAnswerOf(n, g)
			if errors.Is(err, errGraphNotOpen) {
				continue
			}
			if err == nil {
				_, err = compare(g, got)
			}
			if err != nil {
				return fmt.Errorf("a golden case fails in %s: %w", n.precision, err)
			}
			proven = true
		}
		if !proven {
			return ErrUnproven
		}
		return nil
	}
}

var errGraphNotOpen = errors.New("a graph of the golden case is not open")

func goldenAnswerOf(n *sessions, g manifest.Golden) (*goldenAnswer, error) {
	ctx, in := context.Background(), goldenInput(n.manifest, g)
	if !n.manifest.Translates() {
		return (&Classifier{n, n.manifest.Classifier.Graph}).answer(ctx, in)
	}
	t := &Translator{sessions: n, request: goldenRequest(n.manifest, g.Args)}
	final, err := t.final(in.from(0))
	if err != nil {
		return nil, err
	}
	for _, graph := range n.manifest.Order(final, t.skips(n.manifest)) {
		if n.byGraph[graph] == nil {
			return nil, errGraphNotOpen
		}
	}
	return t.answer(ctx, in)
}

// answer runs a translator, and again if the model claims to be deterministic.
func (t *Translator) answer(ctx context.Context, in Batch) (*goldenAnswer, error) {
	results, err := t.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	if t.manifest.Deterministic() {
		again, err := t.Run(ctx, in)
		if err != nil {
			return nil, err
		}
		for i := range results {
			if !bytes.Equal(results[i].Pixels, again[i].Pixels) {
				return nil, errNotDeterministic
			}
		}
	}
	b := results[0]
	if b.Height < manifest.Cells || b.Width < manifest.Cells {
		return nil, fmt.Errorf("the network gave an image of %d×%d for one of %d×%d", b.Width, b.Height, in.Width, in.Height)
	}
	return &goldenAnswer{b.Height, b.Width, cellMeans(b)}, nil
}

// answer runs a classifier, and again if the model claims to be deterministic.
func (c *Classifier) answer(ctx context.Context, in Batch) (*goldenAnswer, error) {
	probabilities, err := c.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	if c.manifest.Deterministic() {
		again, err := c.Run(ctx, in)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(probabilities, again) {
			return nil, errNotDeterministic
		}
	}
	answer := &goldenAnswer{}
	for _, p := range probabilities {
		answer.numbers = append(answer.numbers, float64(p))
	}
	return answer, nil
}

// goldenRequest returns the request of a golden case. Every exemplar that is needed is Ramps.
func goldenRequest(m *manifest.Manifest, args manifest.GoldenArgs) Request {
	q := Request{To: args.To, Strength: args.StrengthOrFull(), Seed: uint64(args.Seed), Exemplars: map[string]Batch{}}
	for _, in := range m.Exemplars() {
		if in.Exemplar.Min > 0 {
			w, h := in.Size.Nominal()
			n := in.Exemplar.Min
			q.Exemplars[in.Exemplar.Attribute] = Batch{N: n, Height: h, Width: w, Pixels: slices.Repeat(Ramps(h, w), n)}
		}
	}
	return q
}

// cellMeans returns the means of the cells of a batch of one image, as manifest.CellMeans orders them but
// not rounded.
func cellMeans(b Batch) []float64 {
	means := make([]float64, 0, manifest.Cells*manifest.Cells*channels)
	for row := range manifest.Cells {
		top, bottom := row*b.Height/manifest.Cells, (row+1)*b.Height/manifest.Cells
		for column := range manifest.Cells {
			left, right := column*b.Width/manifest.Cells, (column+1)*b.Width/manifest.Cells
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

// compare returns the largest difference between the answer of a golden case and the one now.
func compare(g manifest.Golden, got *goldenAnswer) (worst float64, err error) {
	want := g.Output.Probabilities
	if g.Output.Means != nil {
		if got.height != g.Output.H || got.width != g.Output.W {
			return 0, fmt.Errorf("an image of %d×%d, not %d×%d", got.width, got.height, g.Output.W, g.Output.H)
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
		channel, cell%manifest.Cells+1, cell/manifest.Cells+1, manifest.Cells, manifest.Cells, got.numbers[at], want[at])
}
