package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/models/graph"
)

func (p *program) modelsVerifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check that models still make what they made",
		ArgsUsage: "[NAME|FILE.onnx ...]",
		Description: "Compares the networks with the digests in their manifests, and what they make of a test picture\n" +
			"with the golden cases there; a model without any is run once for each target. Says which layers\n" +
			"print checkerboards (see lint). Without arguments: all models. Prints a line a model; exits with 1\n" +
			"if one failed.",
		Flags:  []cli.Flag{deviceFlag(), libraryFlag()},
		Action: p.modelsVerify,
	}
}

func (p *program) modelsVerify(c *cli.Context) (err error) {
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
		if !p.verify(c, r, m) {
			failed = true
		}
	}
	if failed {
		return &failure{code: exitSome}
	}
	return nil
}

// verify checks one model and says what it found.
func (p *program) verify(c *cli.Context, r *models.Runtime, m *models.Model) bool {
	name := m.Manifest.Name
	checks, err := r.Verify(c.Context, m, models.Options{Device: c.String("device")})
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
		p.say(advice{
			fmt.Errorf("%s prints checkerboards, by %s", name, list(faults)),
			fmt.Sprintf("'gtx models repair %s FILE.onnx' makes one that does not", m.Origin),
		})
	}
	return err == nil
}

// layersAtFault names the layers of a model that print checkerboards, as far as its graph shows.
func layersAtFault(m *models.Model) []string {
	network, err := m.Network()
	if err != nil {
		return nil // which verifying has said
	}
	g, err := graph.Parse(network)
	if err != nil {
		return nil
	}
	return faultyLayers(g.Layers())
}

func goldenCases(n int) string {
	if n == 1 {
		return "1 golden case"
	}
	return fmt.Sprintf("%d golden cases", n)
}
