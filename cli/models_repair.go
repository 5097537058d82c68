package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/release"
	"gtx/cli/repair"
	"gtx/models/graph"
	"gtx/stages"
)

// bestMethod stands for the method whose result stays closest to the faulty network.
const bestMethod graph.Method = "best"

func (p *program) modelsRepairCommand() *cli.Command {
	return &cli.Command{
		Name:      "repair",
		Usage:     "rewrite a network so that it prints no checkerboards",
		ArgsUsage: "NAME|IN.onnx OUT.onnx",
		Description: "Rewrites the network so that a constant input gives a constant output. Method phases equalises\n" +
			"the sums of the phases of each faulty layer, with the least change of its weights. Method hold\n" +
			"adds a mean over the phases after each faulty layer. Method notch filters the output of the last\n" +
			"convolution. Method best tries all three and keeps the result closest to the original. Inputs and\n" +
			"outputs stay the same, and the manifest is kept, with a note.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "method", Category: manual.Translation, Value: string(bestMethod), Usage: "repair by `METHOD`: best, phases, hold or notch"},
			&cli.StringFlag{Name: "try", Category: manual.Input, Usage: "compare results on the image in `FILE`; default: synthetic images"},
			&cli.BoolFlag{Name: "force", Category: manual.Results, Usage: "overwrite OUT.onnx"},
			&cli.BoolFlag{Name: "quiet", Category: manual.Messages, Aliases: []string{"q"}, Usage: "print only errors"},
			libraryFlag(),
		},
		Action: p.modelsRepair,
	}
}

// A repairRequest holds the arguments and options of repair, checked.
type repairRequest struct {
	in, out string
	methods []graph.Method
	images  repair.TestImages
}

func repairRequestOf(c *cli.Context) (q repairRequest, err error) {
	if c.NArg() != 2 {
		return q, exit.Usage("models repair takes a model and the file to write")
	}
	q.in, q.out = c.Args().Get(0), c.Args().Get(1)
	method, err := oneOf(c, "method", append([]graph.Method{bestMethod}, graph.Methods...)...)
	if err != nil {
		return q, err
	}
	if q.methods = graph.Methods; method != bestMethod {
		q.methods = []graph.Method{method}
	}
	if err := repair.Fresh(q.in, q.out, c.Bool("force")); err != nil {
		return q, err
	}
	q.images, err = repair.ImagesOf(c.Context, c.String("try"), q.out)
	return q, err
}

func (p *program) modelsRepair(c *cli.Context) error {
	q, err := repairRequestOf(c)
	if err != nil {
		return err
	}
	model, network, err := repair.NetworkOf(q.in)
	if err != nil {
		return err
	}
	remedies, err := repair.By(q.methods, network, "gtx "+release.Number)
	if err != nil {
		return exit.CannotStart(fmt.Errorf("%q: %w", q.in, err))
	}
	before, untried := repair.Compare(c.Context, c.String(libraryOption), model, remedies, q.images)
	best := remedies[0] // phases, if it applies: it changes the weights least
	if untried == nil {
		best = repair.Best(remedies)
	}
	said := p.err
	if c.Bool("quiet") {
		said = io.Discard
	}
	repair.Print(said, best, remedies, before, untried)
	repaired, golden, err := best.WithManifest(model)
	if err != nil {
		return exit.CannotStart(fmt.Errorf("%q: %w", q.in, err))
	}
	if golden > 0 {
		fmt.Fprintf(said, "gtx: left out %s, recorded from the faulty network\n", goldenCases(golden))
	}
	if err := os.MkdirAll(filepath.Dir(q.out), 0o777); err != nil {
		return exit.CannotStart(fmt.Errorf("%q: %w", q.out, stages.WithoutPath(err)))
	}
	if err := renameio.WriteFile(q.out, repaired, 0o666, renameio.WithTempDir(filepath.Dir(q.out))); err != nil {
		return exit.CannotStart(fmt.Errorf("%q: %w", q.out, stages.WithoutPath(err)))
	}
	_, err = fmt.Fprintln(p.out, q.out)
	return err
}
