package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/repair"
	"gtx/models"
	"gtx/models/graph"
)

func (p *program) modelsVerifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check models against their recorded outputs",
		ArgsUsage: "[NAME|FILE.onnx ...]",
		Description: "Compares each network with the digest in its manifest, and its output for a test image with the\n" +
			"golden cases there. A model without golden cases is run once for each target. Also names layers\n" +
			"that print checkerboards (see lint). Without arguments it verifies all models. Prints a line for\n" +
			"each model, and exits with 1 if one failed.",
		Flags:  []cli.Flag{deviceFlag(), precisionFlag(), libraryFlag()},
		Action: p.modelsVerify,
	}
}

func (p *program) modelsVerify(c *cli.Context) (err error) {
	o, err := deviceOf(c)
	if err != nil {
		return err
	}
	var found []*models.Model
	var broken error
	for _, name := range c.Args().Slice() {
		m, err := models.Find(name)
		if err != nil {
			broken = errors.Join(broken, err)
			continue
		}
		found = append(found, m)
	}
	if c.NArg() == 0 {
		found, broken = models.List()
	}
	if broken != nil {
		p.say(broken)
	}
	r, err := openRuntime(c)
	if err != nil {
		return err
	}
	defer alsoClose(&err, r)
	failed := broken != nil
	for _, m := range found {
		if !p.verify(c, r, m, o) {
			failed = true
		}
	}
	if failed {
		return exit.Silent(exit.CodeSome)
	}
	return nil
}

// verify checks a model and prints the result.
func (p *program) verify(c *cli.Context, r *models.Runtime, m *models.Model, o models.Options) bool {
	name := m.Name()
	checks := r.Verify(c.Context, m, o)
	var err error
	known, worst := false, 0.0
	for _, check := range checks {
		known = known || check.Known
		worst = max(worst, check.Worst)
		if check.Err != nil {
			where := name
			if check.To != "" {
				where += " to " + check.To
			}
			err = errors.Join(err, fmt.Errorf("%s: %w", where, check.Err))
		}
	}
	switch {
	case err != nil:
		p.say(err)
		fmt.Fprintf(p.out, "%s\tfailed\n", name)
	case !known:
		fmt.Fprintf(p.out, "%s\tok\truns; no golden cases\n", name)
	case m.Manifest.Translates():
		fmt.Fprintf(p.out, "%s\tok\t%s within %.1f grey levels\n", name, goldenCases(len(checks)), worst)
	default:
		fmt.Fprintf(p.out, "%s\tok\t%s within %.4f\n", name, goldenCases(len(checks)), worst)
	}
	if faults := layersAtFault(m); len(faults) > 0 {
		p.say(exit.Hint(
			fmt.Errorf("%s prints checkerboards, caused by %s", name, list(faults)),
			fmt.Sprintf("'gtx models repair %s FILE.onnx' writes a repaired copy", m.Origin),
		))
	}
	return err == nil
}

// layersAtFault names the layers of a model that print checkerboards, as far as the graph shows.
func layersAtFault(m *models.Model) []string {
	network, err := m.Network()
	if err != nil {
		return nil // verify has reported it
	}
	g, err := graph.Parse(network)
	if err != nil {
		return nil
	}
	return repair.FaultyLayers(g.Layers())
}

func goldenCases(n int) string {
	if n == 1 {
		return "1 golden case"
	}
	return fmt.Sprintf("%d golden cases", n)
}
