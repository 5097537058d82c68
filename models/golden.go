package models

import (
	"context"
	"fmt"
	"math"

	"gtx/models/manifest"
)

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
		for _, args := range about.GoldenTargets() {
			cases = append(cases, manifest.Golden{Inputs: about.GoldenSize(), Args: args})
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
			c.Worst, c.Err = compare(g, got)
		}
		checks = append(checks, c)
	}
	return checks, nil
}

// A golden answer is a picture's means or a classifier's probabilities.
type goldenAnswer struct {
	height, width int
	numbers       []float64
}

func (r *Runtime) answer(ctx context.Context, m *Model, g manifest.Golden, o Options) (_ *goldenAnswer, err error) {
	about := m.Manifest
	in := Batch{N: 1, Height: g.Inputs.H, Width: g.Inputs.W}
	if image := about.Image(); image != nil {
		in.Pixels = Ramps(in.Height, in.Width)
		if image.Role == manifest.RoleLabelMap { // whose samples are classes: the first everywhere
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
	q := Request{To: g.Args.To, Strength: g.Args.StrengthOrFull(), Seed: uint64(g.Args.Seed), Exemplars: map[string]Picture{}}
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
	if b.Height < manifest.Cells || b.Width < manifest.Cells {
		return nil, fmt.Errorf("the network makes a picture of %d×%d of one of %d×%d", b.Width, b.Height, in.Width, in.Height)
	}
	return &goldenAnswer{b.Height, b.Width, cellMeans(b)}, nil
}

// compare returns the largest difference between a known answer and another one.
func compare(g manifest.Golden, got *goldenAnswer) (worst float64, err error) {
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
		channel, cell%manifest.Cells+1, cell/manifest.Cells+1, manifest.Cells, manifest.Cells, got.numbers[at], want[at])
}
