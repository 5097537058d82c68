package repair

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"gtx/cli/ledger"
	"gtx/models/graph"
	"gtx/stages"
)

// A Diagnosis is the result of lint in JSON.
type Diagnosis struct {
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

// Diagnose combines the verdicts on the layers with the network's response to flat grey. err is the reason
// if that was not measured.
func Diagnose(name string, layers []graph.Layer, flat stages.Score, err error) Diagnosis {
	d := Diagnosis{Model: name, Layers: []layer{}, AtFault: FaultyLayers(layers), Verdict: string(graph.Sound)}
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

// Print prints a diagnosis as a table and a verdict.
func (d Diagnosis) Print(out io.Writer) error {
	if len(d.Layers) > 0 {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
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
		verdict += ", caused by " + strings.Join(d.AtFault, ", ")
	case d.Verdict == string(graph.Faulty):
		verdict += ": flat grey shows it, but no layer is known to be at fault"
	}
	_, err := fmt.Fprintln(out, strings.Join(append(lines, verdict), "\n"))
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

// FaultyLayers names the layers that print checkerboards, as far as the graph shows.
func FaultyLayers(layers []graph.Layer) []string {
	names := []string{}
	for _, l := range layers {
		if l.Verdict == graph.Faulty {
			names = append(names, l.Name)
		}
	}
	return names
}
