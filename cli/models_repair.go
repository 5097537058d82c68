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

	"gtx/models"
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
			&cli.StringFlag{Name: "method", Value: string(bestMethod), Usage: "repair by `METHOD`: best, phases, hold or notch"},
			&cli.StringFlag{Name: "try", Usage: "compare results on the image in `FILE`; default: synthetic images"},
			&cli.BoolFlag{Name: "force", Usage: "overwrite OUT.onnx"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only errors"},
			libraryFlag(),
		},
		Action: p.modelsRepair,
	}
}

// A remedy is a network repaired by one method.
type remedy struct {
	method  graph.Method
	network []byte
	changes []graph.Change
	flat    stages.Score // of its results for flat grey
	psnr    float64      // of its results against the original's, in dB
}

// better says whether r is the better remedy: it is free of checkerboards and the other is not or, if they are
// equal in this, it stays closer to the original.
func (r *remedy) better(other *remedy) bool {
	prints, others := r.flat.Flagged(stages.Score{}), other.flat.Flagged(stages.Score{})
	if prints != others {
		return others
	}
	return r.psnr > other.psnr
}

// A repairRequest holds the arguments and options of repair, checked.
type repairRequest struct {
	in, out string
	methods []graph.Method
	images  testImages
}

func repairRequestOf(c *cli.Context) (q repairRequest, err error) {
	if c.NArg() != 2 {
		return q, usage("models repair takes a model and the file to write")
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
	if path != "" && sameFile(path, q.out) {
		return q, usage("%q is the file of --try", q.out)
	}
	if path == "" {
		q.images = func(side int) ([]stages.Pixels, error) {
			return []stages.Pixels{stages.DeadLeaves(side, 1), stages.DeadLeaves(side, 2)}, nil
		}
		return q, nil
	}
	if _, err := os.Stat(path); err != nil {
		return q, usage("--try: %w", err)
	}
	q.images = func(side int) ([]stages.Pixels, error) {
		p, err := squareOf(c.Context, path, side)
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
	remedies, err := repairBy(q.methods, network)
	if err != nil {
		return cannotStart(fmt.Errorf("%q: %w", q.in, err))
	}
	before, untried := compare(c, model, remedies, q.images)
	best := remedies[0] // phases, if it applies: it changes the weights least
	if untried == nil {
		best = bestOf(remedies)
	}
	said := p.err
	if c.Bool("quiet") {
		said = io.Discard
	}
	printRepair(said, best, remedies, before, untried)
	repaired, golden, err := withManifest(best, model)
	if err != nil {
		return cannotStart(fmt.Errorf("%q: %w", q.in, err))
	}
	if golden > 0 {
		fmt.Fprintf(said, "gtx: left out %s, recorded from the faulty network\n", goldenCases(golden))
	}
	if err := os.MkdirAll(filepath.Dir(q.out), 0o777); err != nil {
		return cannotStart(fmt.Errorf("%q: %w", q.out, stages.WithoutPath(err)))
	}
	if err := renameio.WriteFile(q.out, repaired, 0o666, renameio.WithTempDir(filepath.Dir(q.out))); err != nil {
		return cannotStart(fmt.Errorf("%q: %w", q.out, stages.WithoutPath(err)))
	}
	_, err = fmt.Fprintln(p.out, q.out)
	return err
}

func bestOf(remedies []*remedy) *remedy {
	best := remedies[0]
	for _, r := range remedies[1:] {
		if r.better(best) {
			best = r
		}
	}
	return best
}

// printRepair prints the layers that the best remedy changed and the result of the trial, or why there was
// none.
func printRepair(w io.Writer, best *remedy, remedies []*remedy, before stages.Score, untried error) {
	for _, change := range best.changes {
		fmt.Fprintf(w, "gtx: %s: %s\n", change.Layer, change.Method)
	}
	if untried != nil {
		fmt.Fprintf(w, "gtx: not tried: %v\n", untried)
		return
	}
	fmt.Fprintf(w, "gtx: flat grey gave %.2f, %.2f, %.2f grey levels at periods 2, 4, 8; now %.2f, %.2f, %.2f\n",
		before.A2, before.A4, before.A8, best.flat.A2, best.flat.A4, best.flat.A8)
	for _, r := range remedies {
		fmt.Fprintf(w, "gtx: %s: %.1f dB against the original's results\n", r.method, r.psnr)
	}
}

// fresh refuses an output that does not end in .onnx, that is its own input, or that has a manifest beside it.
// It refuses an output that exists unless force is set.
func fresh(in, out string, force bool) error {
	if !strings.HasSuffix(out, ".onnx") {
		return usage("%q does not end in .onnx", out)
	}
	if sameFile(in, out) {
		return usage("%q would be its own output", in)
	}
	for _, path := range []string{out, out + models.ManifestSuffix} {
		_, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && path == out && force {
			if err := isNetwork(out); err != nil {
				return usage("%q exists and is not a network: it will not be replaced", out)
			}
			continue
		}
		if err != nil {
			return cannotStart(fmt.Errorf("%q: %w", path, stages.WithoutPath(err)))
		}
		if path != out {
			return usage("%q exists, and would override the manifest inside", path)
		}
		return &failure{exitUsage, advice{fmt.Errorf("%q exists", path), "--force overwrites it"}}
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

var errNothingFaulty = errors.New("no layer is faulty: there is nothing to repair")

// repairBy repairs a network by each of the methods that applies. If none does, the error is the first
// method's.
func repairBy(methods []graph.Method, network []byte) (remedies []*remedy, err error) {
	for _, method := range methods {
		r, failed := repairByOne(method, network)
		if failed == nil {
			remedies = append(remedies, r)
		} else if err == nil {
			err = failed
		}
	}
	if len(remedies) == 0 {
		return nil, err
	}
	return remedies, nil
}

func repairByOne(method graph.Method, network []byte) (*remedy, error) {
	g, err := graph.Parse(network)
	if err != nil {
		return nil, err
	}
	r := &remedy{method: method}
	if r.changes, err = g.Repair(method); err != nil {
		return nil, err
	}
	if len(r.changes) == 0 {
		for _, l := range g.Layers() {
			if l.Verdict == graph.CannotTell {
				return nil, fmt.Errorf("%w; %s: cannot tell: %s", errNothingFaulty, l.Name, l.Reason)
			}
		}
		return nil, errNothingFaulty
	}
	r.network = g.Model()
	return r, nil
}

// withManifest puts the model's manifest into its repaired network. It returns the number of golden cases
// that it left out of the manifest. A network without a manifest gets none.
func withManifest(r *remedy, m *models.Model) (network []byte, golden int, err error) {
	if m == nil {
		return r.network, 0, nil
	}
	var done []string
	for _, change := range r.changes {
		done = append(done, fmt.Sprintf("%s: %s", change.Layer, change.Method))
	}
	note := fmt.Sprintf("gtx %s, from %s; %s", Version, m.Digest, list(done))
	manifest, golden, err := m.Repaired(note)
	if err != nil {
		return nil, 0, err
	}
	g, err := graph.Parse(r.network)
	if err != nil {
		return nil, 0, err
	}
	g.SetMetadata(models.MetadataKey, string(manifest))
	return g.Model(), golden, nil
}

// compare runs the faulty network and every remedy on flat grey and on test images. It sets flat and psnr
// of the remedies and returns the faulty network's score for flat grey. The error says why nothing was
// tried.
func compare(c *cli.Context, m *models.Model, remedies []*remedy, images testImages) (before stages.Score, err error) {
	runtime, err := trialRuntime(c, m)
	if err != nil {
		return before, err
	}
	defer alsoClose(&err, runtime)
	original, err := tryOut(c.Context, runtime, m, images)
	if err != nil {
		return before, err
	}
	folder, err := os.MkdirTemp("", "gtx-repair-*")
	if err != nil {
		return before, err
	}
	defer os.RemoveAll(folder)
	for _, r := range remedies {
		file, _, err := withManifest(r, m)
		if err != nil {
			return before, err
		}
		path := filepath.Join(folder, string(r.method)+".onnx")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			return before, err
		}
		repaired, err := models.Load(path)
		if err != nil {
			return before, err
		}
		t, err := tryOut(c.Context, runtime, repaired, images)
		if err != nil {
			return before, err
		}
		r.flat, r.psnr = t.flat, stages.PSNR(original.results, t.results)
	}
	return original.flat, nil
}
