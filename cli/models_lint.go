package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/models/graph"
	"gtx/stages"
)

func (p *program) lintCommand() *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "tell whether a network prints checkerboards, and which layer does",
		ArgsUsage: "NAME|FILE.onnx",
		Description: "Prints a line for each upsampling layer: kernel, stride, kernel mod stride (not 0: the\n" +
			"kernel overlaps itself unequally), the imbalance of the sums of its phases (0: none, 1:\n" +
			"the most) and a verdict. Then what the network makes of flat grey pictures, well inside: the\n" +
			"amplitudes, in grey levels, of the patterns that repeat every 2, 4 and 8 pixels.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object"},
			&cli.BoolFlag{Name: "fail", Usage: "exit 1 if the network prints checkerboards"},
			&cli.StringFlag{Name: "onnxruntime", Usage: "the ONNX Runtime library `FILE`; also GTX_ONNXRUNTIME"},
		},
		Action: p.lint,
	}
}

// A diagnosis is what lint finds out about a network, as it prints it.
type diagnosis struct {
	Model   string      `json:"model"`
	Layers  []layer     `json:"layers"`
	Flat    *amplitudes `json:"flat"` // null: not measured
	Why     string      `json:"flat_reason,omitempty"`
	Verdict string      `json:"verdict"`
	AtFault []string    `json:"at_fault"`
}

type layer struct {
	Name      string   `json:"name"`
	Op        string   `json:"op"`
	Mode      string   `json:"mode,omitempty"`
	Kernel    []int    `json:"kernel,omitempty"`
	Stride    []int    `json:"stride,omitempty"`
	Remainder []int    `json:"remainder,omitempty"`
	Imbalance *float64 `json:"imbalance"` // null: not known
	Verdict   string   `json:"verdict"`
	Reason    string   `json:"reason,omitempty"`
}

func (p *program) lint(c *cli.Context) error {
	if c.NArg() != 1 {
		return usage("models lint takes one model")
	}
	name := c.Args().First()
	model, network, err := networkOf(name)
	if err != nil {
		return err
	}
	g, err := graph.Parse(network)
	if err != nil {
		return cannotStart(fmt.Errorf("%q: %w", name, err))
	}
	flat, err := flatResponse(c, model)
	d := diagnose(name, g.Layers(), flat, err)
	if c.Bool("json") {
		enc := json.NewEncoder(p.out)
		enc.SetEscapeHTML(false)
		err = enc.Encode(d)
	} else {
		err = p.printDiagnosis(d)
	}
	if err != nil {
		return err
	}
	if d.Verdict == string(graph.Faulty) && c.Bool("fail") {
		return &failure{code: exitSome}
	}
	return nil
}

// networkOf finds a network by name or path. The model is nil for a file without a manifest: its graph
// can still be read.
func networkOf(name string) (*models.Model, []byte, error) {
	m, err := models.Find(name)
	var missing *models.ManifestMissingError
	if errors.As(err, &missing) {
		network, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, cannotStart(err)
		}
		return nil, network, nil
	}
	if err != nil {
		return nil, nil, cannotStart(err)
	}
	network, err := m.Network()
	if err != nil {
		return nil, nil, cannotStart(err)
	}
	return m, network, nil
}

// diagnose sums up what the graph says and, unless that is an error, what the network makes of flat
// pictures.
func diagnose(name string, layers []graph.Layer, flat stages.Score, err error) diagnosis {
	d := diagnosis{Model: name, Layers: []layer{}, AtFault: []string{}, Verdict: string(graph.Sound)}
	for _, l := range layers {
		out := layer{
			Name: l.Name, Op: l.Op, Mode: l.Mode, Kernel: l.Kernel, Stride: l.Stride, Remainder: l.Remainder,
			Verdict: string(l.Verdict), Reason: l.Reason,
		}
		if l.Imbalance >= 0 {
			rounded := math.Round(l.Imbalance*1e4) / 1e4
			out.Imbalance = &rounded
		}
		d.Layers = append(d.Layers, out)
		switch l.Verdict {
		case graph.Faulty:
			d.AtFault = append(d.AtFault, l.Name)
		case graph.CannotTell:
			d.Verdict = string(graph.CannotTell)
		}
	}
	if err != nil {
		d.Why = err.Error()
	} else {
		d.Flat = amplitudesOf(flat)
	}
	if len(d.AtFault) > 0 || flat.Flagged(stages.Score{}) {
		d.Verdict = string(graph.Faulty)
	}
	return d
}

func (p *program) printDiagnosis(d diagnosis) error {
	if len(d.Layers) > 0 {
		w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "LAYER\tOPERATOR\tKERNEL\tSTRIDE\tREMAINDER\tIMBALANCE\tVERDICT")
		for _, l := range d.Layers {
			imbalance, verdict := "-", l.Verdict
			if l.Imbalance != nil {
				imbalance = fmt.Sprintf("%.4f", *l.Imbalance)
			}
			if l.Reason != "" {
				verdict += ": " + l.Reason
			}
			op := strings.TrimSpace(l.Op + " " + l.Mode)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Name, op, sides(l.Kernel), sides(l.Stride), sides(l.Remainder), imbalance, verdict)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	var lines []string
	if len(d.Layers) == 0 {
		lines = append(lines, "no upsampling layers")
	}
	if d.Flat != nil {
		lines = append(lines, fmt.Sprintf("flat grey gives %.2f, %.2f, %.2f grey levels at periods 2, 4, 8", d.Flat.A2, d.Flat.A4, d.Flat.A8))
	} else {
		lines = append(lines, "flat grey was not tried: "+d.Why)
	}
	verdict := d.Verdict
	switch {
	case len(d.AtFault) > 0:
		verdict += ", for " + list(d.AtFault)
	case d.Verdict == string(graph.Faulty):
		verdict += ": flat grey shows it, but no layer that can be told is at fault"
	}
	_, err := fmt.Fprintln(p.out, strings.Join(append(lines, verdict), "\n"))
	return err
}

// sides are sizes as people write them: 3×3.
func sides(sizes []int) string {
	if len(sizes) == 0 {
		return "-"
	}
	words := make([]string, len(sizes))
	for i, s := range sizes {
		words[i] = fmt.Sprint(s)
	}
	return strings.Join(words, "×")
}

// flatResponse is the score of what a network makes of flat grey pictures, the worst for each period.
// The error says why there is none.
func flatResponse(c *cli.Context, m *models.Model) (worst stages.Score, err error) {
	runtime, err := trialRuntime(c, m)
	if err != nil {
		return worst, err
	}
	defer alsoClose(&err, runtime)
	worst, _, err = tryOut(c.Context, runtime, m, noPictures)
	return worst, err
}

// trialRuntime loads ONNX Runtime, if a model can be tried out at all.
func trialRuntime(c *cli.Context, m *models.Model) (*models.Runtime, error) {
	if m == nil {
		return nil, errors.New("the network has no manifest, which would say what it takes")
	}
	switch in := m.Manifest.Image(); {
	case !m.Manifest.Translates():
		return nil, errors.New("the network gives no pictures")
	case in == nil || in.Image == nil:
		return nil, errors.New("the network takes no photographs")
	}
	library, err := models.FindLibrary(c.String("onnxruntime"))
	if err != nil {
		return nil, err
	}
	return models.Open(library)
}

// noPictures is for a trial on flat grey alone.
func noPictures(int) ([][]byte, error) { return nil, nil }

// tryOut runs a network, on the CPU, on flat grey pictures and on others, which are RGB of a side
// that it takes. It returns the worst score of what it makes of the grey ones, well inside, for
// at the border padding shows, and what it makes of the others, for each of its targets in turn.
func tryOut(ctx context.Context, r *models.Runtime, m *models.Model, pictures func(side int) ([][]byte, error)) (flat stages.Score, results []stages.Pixels, err error) {
	size := m.Manifest.Image().Size
	side, high := size.ShapeFor(1, 1, max(size.W, size.H, 256))
	if side != high || side < 96 {
		return flat, nil, fmt.Errorf("the network takes pictures of %d×%d: too small to see what is inside", side, high)
	}
	others, err := pictures(side)
	if err != nil {
		return flat, nil, err
	}
	var greys [][]byte
	for level := 32; level < 256; level += 48 {
		greys = append(greys, bytes.Repeat([]byte{byte(level)}, 3*side*side))
	}
	targets := m.Manifest.Targets()
	if len(targets) == 0 {
		targets = []string{""} // what it does has no name
	}
	for _, to := range targets {
		made, err := translateAll(ctx, r, m, to, side, append(greys, others...))
		if err != nil {
			return flat, nil, err
		}
		perPicture := len(made) / (len(greys) + len(others))
		for _, p := range made[:len(greys)*perPicture] {
			s := stages.ScoreOf(inside(p))
			if !s.Valid {
				return flat, nil, fmt.Errorf("the network gives pictures of %d×%d: too small to see what is inside", p.Width, p.Height)
			}
			flat.A2, flat.A4, flat.A8 = max(flat.A2, s.A2), max(flat.A4, s.A4), max(flat.A8, s.A8)
		}
		results = append(results, made[len(greys)*perPicture:]...)
	}
	flat.Valid = true
	return flat, results, nil
}

// translateAll gives pictures to a network one by one, as if of another domain than its target.
func translateAll(ctx context.Context, r *models.Runtime, m *models.Model, to string, side int, pictures [][]byte) (made []stages.Pixels, err error) {
	t, err := r.NewTranslator(m, models.Request{To: to, Strength: 1}, models.Options{Device: "cpu"})
	if err != nil {
		return nil, err
	}
	defer alsoClose(&err, t)
	var from []string
	for _, id := range m.Manifest.DomainIDs() {
		if from == nil && id != to {
			from = []string{id}
		}
	}
	for _, picture := range pictures {
		out, err := t.Run(ctx, models.Batch{N: 1, Height: side, Width: side, Pixels: picture, From: from})
		if err != nil {
			return nil, err
		}
		for _, result := range out {
			made = append(made, stages.Pixels{Width: result.Width, Height: result.Height, Bands: 3, Data: result.Pixels})
		}
	}
	return made, nil
}

// inside is the middle of a picture, a quarter away from its borders where it is large enough to.
func inside(p stages.Pixels) stages.Pixels {
	margin := func(n int) int { return max(0, min(n/4, (n-64)/2)) }
	left, top := margin(p.Width), margin(p.Height)
	out := stages.Pixels{Width: p.Width - 2*left, Height: p.Height - 2*top, Bands: p.Bands}
	for y := range out.Height {
		out.Data = append(out.Data, p.Data[((y+top)*p.Width+left)*p.Bands:][:out.Width*p.Bands]...)
	}
	return out
}
