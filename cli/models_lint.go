package cli

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/repair"
	"gtx/models/graph"
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
			&cli.BoolFlag{Name: "json", Category: manual.Results, Usage: "print one JSON object"},
			&cli.BoolFlag{Name: "fail", Category: manual.Results, Usage: "exit 1 if the network prints checkerboards"},
			libraryFlag(),
		},
		Action: p.modelsLint,
	}
}

func (p *program) modelsLint(c *cli.Context) error {
	if c.NArg() != 1 {
		return exit.Usage("models lint takes one model")
	}
	name := c.Args().First()
	model, network, err := repair.NetworkOf(name)
	if err != nil {
		return err
	}
	g, err := graph.Parse(network)
	if err != nil {
		return exit.CannotStart(fmt.Errorf("%q: %w", name, err))
	}
	flat, err := repair.FlatResponse(c.Context, c.String(libraryOption), model)
	d := repair.Diagnose(name, g.Layers(), flat, err)
	if c.Bool("json") {
		enc := json.NewEncoder(p.out)
		enc.SetEscapeHTML(false)
		err = enc.Encode(d)
	} else {
		err = d.Print(p.out)
	}
	if err != nil {
		return err
	}
	if d.Verdict == string(graph.Faulty) && c.Bool("fail") {
		return exit.Silent(exit.CodeSome)
	}
	return nil
}
