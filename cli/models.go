package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
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
				Usage:  "list the built-in models, those in your folder and those installed with gtx",
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
			p.modelsLintCommand(),
			p.modelsRepairCommand(),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return manual.UnknownCommand(c.Args().First(), manual.Named{Command: c.Command, Words: []string{"gtx", "models"}})
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
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.Name(), m.Manifest.Family, few(m.Manifest.DomainIDs()), m.Origin, m.Manifest.Title)
	}
	if e := w.Flush(); e != nil {
		return e
	}
	if err != nil {
		return &exit.Failure{Code: exit.CodeSome, Err: err}
	}
	return nil
}

// few joins names, and abbreviates long lists.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return list(names)
	}
	return fmt.Sprintf("%s and %d more", list(names[:most-1]), len(names)-most+1)
}

func (p *program) modelsShow(c *cli.Context) error {
	if c.NArg() != 1 {
		return exit.Usage("models show takes one model")
	}
	m, err := findModel(c.Args().First())
	if err != nil {
		return err
	}
	spec := m.Manifest
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		if value := fmt.Sprintf(format, args...); value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("name", "%s", spec.Name)
	row("title", "%s", spec.Title)
	row("family", "%s", spec.Family)
	row("version", "%s", spec.Version)
	row("license", "%s", spec.License)
	if note, ok := spec.Training[models.RepairNote]; ok {
		row("repaired", "%v", note)
	}
	row("trained on", "%s", trainingInWords(spec.Training))
	row("from", "%s", m.Origin)
	row("digest", "%s", m.Digest)
	row("domains", "%s", list(spec.DomainIDs()))
	if spec.Translates() {
		low, high := spec.Strengths()
		row("targets", "%s", list(spec.Targets()))
		row("strength", "%g to %g", low, high)
	}
	if in := spec.Image(); in != nil {
		row("size", "%s", sizeInWords(*in.Size))
	}
	for _, in := range spec.Exemplars() {
		what := strings.TrimSpace(in.Exemplar.Attribute + " " + sizeInWords(*in.Size))
		if in.Exemplar.Several() {
			what += ", " + countInWords(*in.Exemplar) + " of them"
		}
		row("exemplar", "%s", what)
	}
	for _, graph := range slices.Sorted(maps.Keys(spec.Graphs)) {
		inputs, outputs, err := m.Tensors(graph)
		if err != nil {
			return exit.CannotStart(err)
		}
		if len(spec.Graphs) > 1 {
			row("graph", "%s", graph)
		}
		for _, t := range inputs {
			row("input", "%s", t)
		}
		for _, t := range outputs {
			row("output", "%s", t)
		}
	}
	return w.Flush()
}

// trainingInWords names the data and the steps of a training, as far as they are known.
func trainingInWords(training map[string]any) string {
	data, _ := training["data"].(string)
	if steps, ok := training["steps"]; ok && data != "" {
		return fmt.Sprintf("%s, %v steps", data, steps)
	}
	return data
}

// sizeInWords describes the image sizes that a network takes.
func sizeInWords(s manifest.Size) string {
	words := string(s.Mode)
	if s.W > 0 {
		words += fmt.Sprintf(", %d×%d", s.W, s.H)
	} else {
		words += ", the image's own"
	}
	return words + fmt.Sprintf(", multiples of %d", max(s.MultipleOf, 1))
}
