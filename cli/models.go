package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/models/manifest"
)

func (p *program) modelsCommand() *cli.Command {
	return &cli.Command{
		Name:  "models",
		Usage: "list, show, add, verify, lint and repair models",
		Subcommands: []*cli.Command{
			{
				Name:   "list",
				Usage:  "list the built-in models and those in your folder",
				Action: p.modelsList,
			},
			{
				Name:      "show",
				Usage:     "show what a model takes, gives and can do",
				ArgsUsage: "NAME|FILE.onnx",
				Action:    p.modelsShow,
			},
			p.modelsAddCommand(),
			p.modelsVerifyCommand(),
			p.lintCommand(),
			p.repairCommand(),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage("unknown command %q (see gtx models --help)", c.Args().First())
			}
			return p.modelsList(c)
		},
	}
}

func (p *program) modelsList(c *cli.Context) error {
	found, err := models.List()
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tFAMILY\tDOMAINS\tFROM\tTITLE")
	for _, m := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.Manifest.Name, m.Manifest.Family, few(m.Manifest.DomainIDs()), m.Origin, m.Manifest.Title)
	}
	if e := w.Flush(); e != nil {
		return e
	}
	if err != nil {
		return &failure{exitSome, err}
	}
	return nil
}

// few is a list that leaves room for others in its line.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return list(names)
	}
	return fmt.Sprintf("%s and %d more", list(names[:most-1]), len(names)-most+1)
}

func (p *program) modelsShow(c *cli.Context) error {
	if c.NArg() != 1 {
		return usage("models show takes one model")
	}
	m, err := findModel(c.Args().First())
	if err != nil {
		return err
	}
	about := m.Manifest
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		if value := fmt.Sprintf(format, args...); value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("name", "%s", about.Name)
	row("title", "%s", about.Title)
	row("family", "%s", about.Family)
	row("version", "%s", about.Version)
	row("license", "%s", about.License)
	if note, ok := about.Training[models.RepairNote]; ok {
		row("repaired", "%v", note)
	}
	row("from", "%s", m.Origin)
	row("digest", "%s", m.Digest)
	row("domains", "%s", list(about.DomainIDs()))
	if about.Translates() {
		low, high := about.Strengths()
		row("targets", "%s", list(about.Targets()))
		row("strength", "%g to %g", low, high)
	}
	if in := about.Image(); in != nil {
		row("size", "%s", sizeInWords(*in.Size))
	}
	for _, in := range about.Exemplars() {
		row("exemplar", "%s", strings.TrimSpace(in.Exemplar.Attribute+" "+sizeInWords(*in.Size)))
	}
	for _, graph := range slices.Sorted(maps.Keys(about.Graphs)) {
		inputs, outputs, err := m.Inspect(graph)
		if err != nil {
			return cannotStart(err)
		}
		if len(about.Graphs) > 1 {
			row("graph", "%s", graph)
		}
		for _, t := range inputs {
			row("input", "%s", tensor(t))
		}
		for _, t := range outputs {
			row("output", "%s", tensor(t))
		}
	}
	return w.Flush()
}

// sizeInWords says which pictures a network takes.
func sizeInWords(s manifest.Size) string {
	words := string(s.Mode)
	if s.W > 0 {
		words += fmt.Sprintf(", %d×%d", s.W, s.H)
	} else {
		words += ", the picture's own"
	}
	return words + fmt.Sprintf(", multiples of %d", max(s.MultipleOf, 1))
}

// tensor is a tensor as people write it: image uint8[?,?,?,3].
func tensor(t models.TensorInfo) string {
	dims := make([]string, len(t.Shape))
	for i, d := range t.Shape {
		if dims[i] = fmt.Sprint(d); d < 0 {
			dims[i] = "?"
		}
	}
	return fmt.Sprintf("%s %s[%s]", t.Name, t.DType, strings.Join(dims, ","))
}
