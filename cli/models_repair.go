package cli

import (
	"errors"
	"fmt"
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

// bestMethod is the one that leaves the pictures closest to those of the faulty network.
const bestMethod graph.Method = "best"

func (p *program) repairCommand() *cli.Command {
	return &cli.Command{
		Name:      "repair",
		Usage:     "rewrite a network so that it prints no checkerboards",
		ArgsUsage: "NAME|IN.onnx OUT.onnx",
		Description: "Makes each faulty layer give a constant output for a constant input: phases adds to the\n" +
			"weights of each phase what makes their sums equal; hold follows the layer by the mean over\n" +
			"its phases. best does both and keeps what is closer to the original. What it takes and gives\n" +
			"stays the same, and its manifest comes along, with a note.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "method", Value: string(bestMethod), Usage: "`METHOD`: best, phases or hold"},
			&cli.StringFlag{Name: "try", Usage: "compare on the picture `FILE`; default: pictures made for it"},
			&cli.BoolFlag{Name: "force", Usage: "overwrite OUT.onnx"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "say nothing but errors"},
			&cli.StringFlag{Name: "onnxruntime", Usage: "the ONNX Runtime library `FILE`; also GTX_ONNXRUNTIME"},
		},
		Action: p.repair,
	}
}

// A remedy is a network repaired by one method.
type remedy struct {
	method  graph.Method
	network []byte
	changes []graph.Change
	flat    stages.Score // of what it makes of flat pictures
	psnr    float64      // of its pictures to the original's, in dB
}

// better tells whether a remedy silences the network where the other does not, or else keeps closer to it.
func (r *remedy) better(other *remedy) bool {
	prints, others := r.flat.Flagged(stages.Score{}), other.flat.Flagged(stages.Score{})
	if prints != others {
		return others
	}
	return r.psnr > other.psnr
}

func (p *program) repair(c *cli.Context) error {
	if c.NArg() != 2 {
		return usage("models repair takes a model and the file to write")
	}
	method, err := oneOf(c, "method", append([]graph.Method{bestMethod}, graph.Methods...)...)
	if err != nil {
		return err
	}
	in, out := c.Args().Get(0), c.Args().Get(1)
	if err := fresh(in, out, c.Bool("force")); err != nil {
		return err
	}
	if path := c.String("try"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return usage("--try: %w", err)
		}
	}
	model, network, err := networkOf(in)
	if err != nil {
		return err
	}
	methods := []graph.Method{method}
	if method == bestMethod {
		methods = graph.Methods
	}
	var (
		remedies []*remedy
		unfit    []error
	)
	for _, method := range methods {
		r, err := repairBy(method, network)
		if err != nil {
			unfit = append(unfit, fmt.Errorf("%q: %w", in, err))
			continue
		}
		remedies = append(remedies, r)
	}
	if len(remedies) == 0 {
		return cannotStart(unfit[0])
	}
	say := func(format string, args ...any) {
		if !c.Bool("quiet") {
			fmt.Fprintf(p.err, "gtx: "+format+"\n", args...)
		}
	}
	best := remedies[0] // phases, where there is a choice: it changes the weights least
	before, untried := p.compare(c, model, network, remedies)
	if untried == nil {
		for _, r := range remedies[1:] {
			if r.better(best) {
				best = r
			}
		}
	}
	for _, change := range best.changes {
		say("%s: %s", change.Layer, change.Method)
	}
	if untried != nil {
		say("not tried: %v", untried)
	} else {
		say("flat grey gave %.2f, %.2f, %.2f grey levels at periods 2, 4, 8; now %.2f, %.2f, %.2f",
			before.A2, before.A4, before.A8, best.flat.A2, best.flat.A4, best.flat.A8)
		for _, r := range remedies {
			say("%s: %.1f dB to the original's pictures", r.method, r.psnr)
		}
	}
	repaired, golden, err := withManifest(best, model)
	if err != nil {
		return cannotStart(fmt.Errorf("%q: %w", in, err))
	}
	if golden > 0 {
		say("%d golden cases left out: they are the faulty network's", golden)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return cannotStart(fmt.Errorf("%q: %w", out, stages.WithoutPath(err)))
	}
	if err := renameio.WriteFile(out, repaired, 0o666, renameio.WithTempDir(filepath.Dir(out))); err != nil {
		return cannotStart(fmt.Errorf("%q: %w", out, stages.WithoutPath(err)))
	}
	_, err = fmt.Fprintln(p.out, out)
	return err
}

// fresh makes sure that a file can be written without a loss.
func fresh(in, out string, force bool) error {
	if !strings.HasSuffix(out, ".onnx") {
		return usage("%q does not end in .onnx", out)
	}
	if same(in, out) {
		return usage("%q would be its own output", in)
	}
	for _, path := range []string{out, out + models.ManifestSuffix} {
		_, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) || path == out && force {
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

var errNothingFaulty = errors.New("no layer is faulty: there is nothing to repair")

func repairBy(method graph.Method, network []byte) (*remedy, error) {
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

// withManifest puts the manifest into a repaired network, and returns how many golden cases
// are lost. A network that had none gets none.
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

// compare runs the faulty network and each that is repaired: on flat grey, and on pictures. The error
// says why it could not.
func (p *program) compare(c *cli.Context, m *models.Model, network []byte, remedies []*remedy) (before stages.Score, err error) {
	runtime, err := trialRuntime(c, m)
	if err != nil {
		return before, err
	}
	defer alsoClose(&err, runtime)
	pictures := func(side int) ([][]byte, error) { return [][]byte{leaves(side, 1), leaves(side, 2)}, nil }
	if path := c.String("try"); path != "" {
		pictures = func(side int) ([][]byte, error) { return photograph(c.Context, path, side) }
	}
	before, originals, err := tryOut(c.Context, runtime, m, pictures)
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
		var results []stages.Pixels
		if r.flat, results, err = tryOut(c.Context, runtime, repaired, pictures); err != nil {
			return before, err
		}
		r.psnr = psnr(originals, results)
	}
	return before, nil
}
