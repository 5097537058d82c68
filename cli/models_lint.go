package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/models/graph"
	"gtx/stages"
)

func (p *program) modelsLintCommand() *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "find out whether a network prints checkerboards, and which layer causes them",
		ArgsUsage: "NAME|FILE.onnx",
		Description: "Prints a line for each upsampling layer: kernel, stride, kernel mod stride (unless it is 0,\n" +
			"the kernel overlaps itself unequally), the imbalance between its phases from 0 (none) to 1,\n" +
			"and a verdict. Then runs the network on flat grey images and prints the amplitudes, in grey\n" +
			"levels, of the patterns that repeat every 2, 4 and 8 pixels in the interior of its output.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object"},
			&cli.BoolFlag{Name: "fail", Usage: "exit 1 if the network prints checkerboards"},
			libraryFlag(),
		},
		Action: p.modelsLint,
	}
}

// A diagnosis is the result of lint in JSON.
type diagnosis struct {
	Model   string             `json:"model"`
	Layers  []layer            `json:"layers"`
	Flat    *ledger.Amplitudes `json:"flat"` // null: not measured
	Why     string             `json:"flat_reason,omitempty"`
	Verdict string             `json:"verdict"`
	AtFault []string           `json:"at_fault"`
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

func (p *program) modelsLint(c *cli.Context) error {
	if c.NArg() != 1 {
		return exit.Usage("models lint takes one model")
	}
	name := c.Args().First()
	model, network, err := networkOf(name)
	if err != nil {
		return err
	}
	g, err := graph.Parse(network)
	if err != nil {
		return exit.CannotStart(fmt.Errorf("%q: %w", name, err))
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
		return exit.Silent(exit.CodeSome)
	}
	return nil
}

// diagnose combines the verdicts on the layers with the network's response to flat grey. err is the reason
// if that was not measured.
func diagnose(name string, layers []graph.Layer, flat stages.Score, err error) diagnosis {
	d := diagnosis{Model: name, Layers: []layer{}, AtFault: faultyLayers(layers), Verdict: string(graph.Sound)}
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
		if l.Verdict == graph.CannotTell {
			d.Verdict = string(graph.CannotTell)
		}
	}
	if err != nil {
		d.Why = err.Error()
	} else {
		d.Flat = ledger.AmplitudesOf(flat)
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
		verdict += ", caused by " + list(d.AtFault)
	case d.Verdict == string(graph.Faulty):
		verdict += ": flat grey shows it, but no layer is known to be at fault"
	}
	_, err := fmt.Fprintln(p.out, strings.Join(append(lines, verdict), "\n"))
	return err
}

// sides writes sizes in the usual form, such as 3×3.
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
