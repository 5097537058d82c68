package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/paths"
	"gtx/cli/release"
	"gtx/cli/repair"
	"gtx/models"
	"gtx/models/graph"
	"gtx/stages"
	"gtx/stages/raster"
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
	if err := fresh(q.in, q.out, c.Bool("force")); err != nil {
		return q, err
	}
	path := c.String("try")
	if path != "" && paths.SameFile(path, q.out) {
		return q, exit.Usage("%q is the file of --try", q.out)
	}
	if path == "" {
		q.images = func(side int) ([]stages.Pixels, error) {
			return []stages.Pixels{raster.DeadLeaves(side, 1), raster.DeadLeaves(side, 2)}, nil
		}
		return q, nil
	}
	if _, err := os.Stat(path); err != nil {
		return q, exit.Usage("--try: %w", err)
	}
	q.images = func(side int) ([]stages.Pixels, error) {
		p, err := repair.SquareOf(c.Context, path, side)
		return []stages.Pixels{p}, err
	}
	return q, nil
}

func (p *program) modelsRepair(c *cli.Context) error {
	q, err := repairRequestOf(c)
	if err != nil {
		return err
	}
	model, network, err := networkOf(q.in)
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

// fresh refuses an output that does not end in .onnx, that is its own input, or that has a manifest beside it.
// It refuses an output that exists unless force is set.
func fresh(in, out string, force bool) error {
	if !strings.HasSuffix(out, ".onnx") {
		return exit.Usage("%q does not end in .onnx", out)
	}
	if paths.SameFile(in, out) {
		return exit.Usage("%q would be its own output", in)
	}
	for _, path := range []string{out, out + models.ManifestSuffix} {
		_, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && path == out && force {
			if err := isNetwork(out); err != nil {
				return exit.Usage("%q exists and is not a network: it will not be replaced", out)
			}
			continue
		}
		if err != nil {
			return exit.CannotStart(fmt.Errorf("%q: %w", path, stages.WithoutPath(err)))
		}
		if path != out {
			return exit.Usage("%q exists, and would override the manifest inside", path)
		}
		return &exit.Failure{Code: exit.CodeUsage, Err: exit.Hint(fmt.Errorf("%q exists", path), "--force overwrites it")}
	}
	return nil
}

// isNetwork says why a file is no network.
func isNetwork(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a file")
	}
	network, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = graph.Parse(network)
	return err
}
