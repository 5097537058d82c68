package cli

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"gtx/cli/bench"
	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/manual"
	"gtx/cli/paths"
	"gtx/cli/progress"
	"gtx/models"
	"gtx/pipeline"
	"gtx/stages"
	"gtx/stages/durable"
)

// How long bench measures the default setting, whose stages it shows, and each other setting.
const (
	benchDefault = 1500 * time.Millisecond
	benchTrial   = 700 * time.Millisecond
)

func (p *program) benchCommand() *cli.Command {
	return &cli.Command{
		Name:      "bench",
		Usage:     "measure images per second, what limits them, and the best settings",
		ArgsUsage: "[PATH ...]",
		Description: "Translates the images at PATH, or generated ones of 256x256, 1024x768 and 4000x3000\n" +
			"pixels, over and over for some seconds. Results go to a temporary folder and are\n" +
			"removed at once. Prints a heading and a line for each set of images, with tabs between\n" +
			"fields: images per second, milliseconds per image in each stage, the share of the\n" +
			"processors' time that was used, what limits the speed, and the best settings. The limit\n" +
			"is a stage, waiting (idle processors) or other programs. Stages run in parallel, so\n" +
			"their times add up to more than a run takes.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "model", Category: manual.Translation, Value: builtIn, Usage: "`NAME` of a model, or path of an .onnx file"},
			&cli.StringFlag{Name: "to", Category: manual.Translation, Usage: "translate to `DOMAIN`; default: the model's first"},
			&cli.StringFlag{Name: "size", Category: manual.Appearance, Usage: "`SIZE` of the results, as in translate"},
			deviceFlag(),
			precisionFlag(),
			libraryFlag(),
			&cli.BoolFlag{Name: "json", Category: manual.Results, Usage: "print one JSON object per line: images, device, rate, ms, busy, limit, trials, best"},
			&cli.BoolFlag{Name: "quiet", Category: manual.Messages, Aliases: []string{"q"}, Usage: "print only errors"},
		},
		Action: p.bench,
	}
}

// contextOf is the command line that asks for a setting.
func contextOf(s bench.Setting) *cli.Context {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.Int("jobs", s.Jobs, "")
	set.Int("batch", s.Batch, "")
	return cli.NewContext(nil, set, nil)
}

func (p *program) bench(c *cli.Context) (err error) {
	chosen, err := deviceOf(c)
	if err != nil {
		return err
	}
	t, err := p.benchTranslation(c)
	if err != nil {
		return err
	}
	run, reading, done := p.onSignals(c.Context)
	defer done()
	folder, err := os.MkdirTemp("", "gtx-bench-")
	if err != nil {
		return exit.CannotStart(err)
	}
	defer os.RemoveAll(folder)
	sets, err := bench.Sets(c.Args().Slice(), folder)
	if err != nil {
		return err
	}
	r, err := openRuntime(c)
	if err != nil {
		return err
	}
	defer alsoClose(&err, r)
	b := &bencher{translation: t, run: run, reading: reading, runtime: r, chosen: chosen, folder: folder}
	start := time.Now()
	for i, set := range sets {
		result, err := b.measure(set)
		if err != nil {
			return ending(err, reading, &progress.Tally{})
		}
		if err := result.Print(p.out, i == 0, c.Bool("json")); err != nil {
			return err
		}
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(p.err, "gtx: measured in %.1f s, on %s\n", time.Since(start).Seconds(), b.provider)
	}
	return nil
}

// benchTranslation is what translate would do with the options of bench and its own defaults.
func (p *program) benchTranslation(c *cli.Context) (t translation, err error) {
	m, err := findModel(c.String("model"))
	if err != nil {
		return t, err
	}
	image := m.Manifest.Image()
	switch {
	case !m.Manifest.Translates():
		return t, exit.Usage("%s gives no images", m.Manifest.Name)
	case image == nil:
		return t, exit.Usage("%s takes no image", m.Manifest.Name)
	case len(m.Manifest.Exemplars()) > 0:
		return t, exit.Usage("%s takes exemplars, which gtx bench does not have", m.Manifest.Name)
	case image.LabelMap != nil && c.NArg() == 0:
		return t, exit.Usage("%s takes label maps: name some", m.Manifest.Name)
	}
	to := c.String("to")
	if targets := m.Manifest.Targets(); to == "" && len(targets) > 0 {
		to = targets[0]
	}
	args := []string{"--model", c.String("model"), "--to", to, "--existing", string(stages.ExistingRedo)}
	if size := c.String("size"); size != "" {
		args = append(args, "--size", size)
	}
	if m.Manifest.NeedsSource(to) {
		other := slices.DeleteFunc(m.Manifest.DomainIDs(), func(id string) bool { return id == to })
		if len(other) > 0 {
			args = append(args, "--from", other[0])
		}
	}
	set := flag.NewFlagSet("translate", flag.ContinueOnError)
	for _, f := range p.translateCommand().Flags {
		if err := f.Apply(set); err != nil {
			return t, err
		}
	}
	if err := set.Parse(args); err != nil {
		return t, err
	}
	t, err = translationOf(cli.NewContext(c.App, set, nil))
	t.open.OwnToo = true
	return t, err
}

// A bencher measures settings.
type bencher struct {
	translation
	run, reading context.Context
	runtime      *models.Runtime
	chosen       models.Options // --device and --precision
	folder       string         // for results
	provider     string         // of the default
	made         int            // results so far, for their names
}

// measure measures a set with the default setting, and then with others. It changes one thing at a time and
// keeps what is faster.
func (b *bencher) measure(set bench.Set) (r bench.Result, err error) {
	err = b.with(b.chosen, func(t *models.Translator) error {
		b.provider = strings.TrimPrefix(runsOn(t), ", on ")
		standard, err := widthsOf(contextOf(bench.Setting{}), t.Provider())
		if err != nil {
			return err
		}
		if _, err := b.try(set, t, standard, 0); err != nil { // warm up, and see that each image can be read
			return err
		}
		m, err := b.try(set, t, standard, benchDefault)
		if err != nil {
			return err
		}
		r = m.Result(set.Name, b.provider)
		asked := bench.Setting{Device: b.chosen.Device, Precision: b.chosen.Precision}
		r.Best = asked
		r.Best.Jobs, r.Best.Batch, r.Best.Rate = standard.jobs, standard.batch, r.Rate
		r.Trials = []bench.Setting{r.Best}
		for _, jobs := range bench.OtherJobs(standard.jobs) {
			asked.Jobs, asked.Batch = jobs, standard.batch
			if err := b.compare(set, t, &r, asked); err != nil {
				return err
			}
		}
		for _, batch := range bench.OtherBatches(standard.batch) {
			asked.Jobs, asked.Batch = r.Best.Jobs, batch
			if err := b.compare(set, t, &r, asked); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	for _, other := range b.others() {
		// An error means that the device cannot run this model, so it cannot be the best.
		_ = b.with(other, func(t *models.Translator) error {
			return b.compare(set, t, &r, bench.Setting{Device: other.Device, Precision: other.Precision})
		})
	}
	return r, nil
}

// with opens the model as the options say.
func (b *bencher) with(o models.Options, use func(*models.Translator) error) (err error) {
	t, err := b.runtime.NewTranslator(b.model, b.request, o)
	if err != nil {
		return exit.CannotStart(err)
	}
	defer alsoClose(&err, t)
	return use(t)
}

// others returns the usable devices and precisions other than the default's, or none if the user chose any.
func (b *bencher) others() (list []models.Options) {
	if b.chosen.Device != "auto" || b.chosen.Precision != "auto" {
		return nil
	}
	providers, err := b.runtime.Providers()
	if err != nil {
		return nil
	}
	for _, d := range providers {
		precisions := []string{"f32"}
		if d.BF16 {
			precisions = append(precisions, "bf16")
		}
		for _, precision := range precisions {
			name := d.Name
			if name == "openvino" {
				name += ", " + precision
			}
			if d.Usable && name != b.provider && !(d.Name == "cuda" && strings.HasPrefix(b.provider, "cuda")) {
				list = append(list, models.Options{Device: d.Name, Precision: precision})
			}
		}
	}
	return list
}

// compare tries a setting and keeps it if it is clearly faster than the best so far.
func (b *bencher) compare(set bench.Set, t *models.Translator, r *bench.Result, s bench.Setting) error {
	w, err := widthsOf(contextOf(s), t.Provider())
	if err != nil {
		return err
	}
	m, err := b.try(set, t, w, benchTrial)
	if err != nil {
		return err
	}
	s.Jobs, s.Batch, s.Rate = w.jobs, w.batch, m.Rate()
	r.Try(s)
	return nil
}

// try translates the images of a set in turn until d has passed, and at least enough to fill the line
// twice. If d is 0, it translates each image once.
func (b *bencher) try(set bench.Set, t *models.Translator, w widths, d time.Duration) (m *bench.Measurement, err error) {
	least := 2 * w.jobs
	if d == 0 {
		least = len(set.Paths)
	}
	m = bench.Begin()
	sources := b.sources(set, func(i int) bool { return i < least || m.Elapsed() < d })
	network, err := b.fidelity.network(stages.NetworkOf(t.Run))
	if err != nil {
		return m, err
	}
	label := labelAs(b.from, stages.LabelOptions{Target: b.request.To, InTarget: b.inTarget})
	out := durable.NewWriter()
	defer alsoClose(&err, out)
	flow := translateLine(pipeline.New(b.run, w.inFlight()), sources, b.translation, w, network, label, out)
	err = pipeline.Drain(flow, func(it pipeline.Item[stages.Source, stages.Written]) error {
		if it.Err != nil {
			_, _, message := ledger.Outcome(it.Err)
			return fmt.Errorf("%q: %s", it.Source.In, message)
		}
		m.Add(it.Spans)
		return os.RemoveAll(filepath.Dir(it.Source.Out))
	})
	m.End()
	if err == nil {
		err = context.Cause(b.reading) // a signal ended it early
	}
	return m, err
}

// placeAnew places an image as if it were the first of a run.
func placeAnew(n paths.Naming, path string, found stages.Format) ([]stages.Source, error) {
	fresh, err := paths.New(n)
	if err != nil {
		return nil, err
	}
	return fresh.Place(path, filepath.Dir(path), found)
}

// sources yields the images of a set in turn while more says so. Each has a folder of its own for its
// results.
func (b *bencher) sources(set bench.Set, more func(i int) bool) iter.Seq[stages.Source] {
	return func(yield func(stages.Source) bool) {
		for i := 0; more(i) && b.reading.Err() == nil; i++ {
			path := set.Paths[i%len(set.Paths)]
			b.made++
			naming := *b.naming
			naming.Out, naming.Base = filepath.Join(b.folder, strconv.Itoa(b.made)), filepath.Dir(path)
			found, err := stages.Probe(path)
			var sources []stages.Source
			if err == nil && found != "" {
				sources, err = placeAnew(naming, path, found)
			}
			if len(sources) == 0 {
				sources = []stages.Source{{In: path, Err: err}} // the open stage says what is wrong
			}
			if !yield(sources[0]) {
				return
			}
		}
	}
}
