package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/paths"
	"gtx/cli/progress"
	"gtx/models"
	"gtx/pipeline"
	"gtx/stages"
	"gtx/stages/durable"
)

// How long bench measures one setting: the default, whose stages it shows, and each other one.
const (
	benchDefault = 1500 * time.Millisecond
	benchTrial   = 700 * time.Millisecond
)

// benchGain is how much faster than the default another setting must be to be called best. Short trials
// differ by some percent without a reason.
const benchGain = 1.05

// benchBusy is the share of the processors' time above which a run does not wait for anything else.
const benchBusy = 0.75

func (p *program) benchCommand() *cli.Command {
	return &cli.Command{
		Name:      "bench",
		Usage:     "measure images per second, what limits them, and the best settings",
		ArgsUsage: "[PATH ...]",
		Description: "Translates the images at PATH over and over for some seconds, or generated ones of\n" +
			"256x256, 1024x768 and 4000x3000 pixels. Results go to a temporary folder and are\n" +
			"removed at once. Prints a heading and a line for each set of images, with tabs between\n" +
			"fields: images per second, milliseconds per image in each stage, the share of the\n" +
			"processors' time that was used, what limits the speed, and the best settings. The limit\n" +
			"is a stage, waiting (idle processors) or other programs. Stages run in parallel, so\n" +
			"their times add up to more than a run takes.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "model", Value: builtIn, Usage: "`NAME` of a model, or path of an .onnx file"},
			&cli.StringFlag{Name: "to", Usage: "translate to `DOMAIN`; default: the model's first"},
			&cli.StringFlag{Name: "size", Usage: "`SIZE` of the results, as in translate"},
			deviceFlag(),
			precisionFlag(),
			libraryFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object per line: images, device, rate, ms, busy, limit, trials, best"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only errors"},
		},
		Action: p.bench,
	}
}

// A benchSet is a set of images that are measured together.
type benchSet struct {
	name  string // as in the table
	paths []string
}

// A setting is one way to run a model, and its speed.
type setting struct {
	Device    string  `json:"device"`
	Precision string  `json:"precision"`
	Jobs      int     `json:"jobs"`
	Batch     int     `json:"batch"`
	Rate      float64 `json:"rate"` // images per second
}

// options are those of translate that choose a setting.
func (s setting) options() string {
	return fmt.Sprintf("--device %s --precision %s --jobs %d --batch %d", s.Device, s.Precision, s.Jobs, s.Batch)
}

// context is the command line that asks for a setting.
func (s setting) context() *cli.Context {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.Int("jobs", s.Jobs, "")
	set.Int("batch", s.Batch, "")
	return cli.NewContext(nil, set, nil)
}

// A benchResult is what was measured for one set.
type benchResult struct {
	Images string             `json:"images"`
	Device string             `json:"device"` // that ran the network by default, and its precision
	Rate   float64            `json:"rate"`
	Millis map[string]float64 `json:"ms"`    // per image, by stage
	Busy   float64            `json:"busy"`  // share of the processors' time, 0 to 1
	Limit  string             `json:"limit"` // a stage, waiting or other programs
	Trials []setting          `json:"trials"`
	Best   setting            `json:"best"`
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
	sets, err := benchSets(c.Args().Slice(), folder)
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
		if err := p.printBench(result, i == 0, c.Bool("json")); err != nil {
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

// writeLeaves writes a JPEG of discs with some grain, which costs about as much as a photograph.
func writeLeaves(path string, width, height, seed int) (err error) {
	leaves := stages.DeadLeaves(max(width, height), seed)
	grain := rand.New(rand.NewPCG(uint64(seed), 1))
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			from, to := leaves.Data[3*(y*leaves.Width+x):], img.Pix[img.PixOffset(x, y):]
			g := grain.IntN(25) - 12
			for i := range 3 {
				to[i] = byte(min(max(int(from[i])+g, 0), 255))
			}
			to[3] = 255
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(jpeg.Encode(f, img, &jpeg.Options{Quality: 90}), f.Close())
}

// benchSets are the user's images as one set, or sets of one generated image each.
func benchSets(args []string, folder string) ([]benchSet, error) {
	if len(args) == 0 {
		var sets []benchSet
		for i, size := range [][2]int{{256, 256}, {1024, 768}, {4000, 3000}} {
			name := fmt.Sprintf("%dx%d", size[0], size[1])
			path := filepath.Join(folder, name+".jpg")
			if err := writeLeaves(path, size[0], size[1], i); err != nil {
				return nil, exit.CannotStart(err)
			}
			sets = append(sets, benchSet{name, []string{path}})
		}
		return sets, nil
	}
	if slices.Contains(args, "-") {
		return nil, exit.Usage("gtx bench does not read standard input: name files or folders")
	}
	sources, err := paths.Expand(args, paths.Nowhere, "")
	if err != nil {
		return nil, err
	}
	set := benchSet{name: strconv.Itoa(len(sources)) + " images"}
	if len(sources) == 1 {
		set.name = "1 image"
	}
	for _, s := range sources {
		if s.Err != nil {
			return nil, fmt.Errorf("%q: %w", s.In, s.Err)
		}
		set.paths = append(set.paths, s.In)
	}
	return []benchSet{set}, nil
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
func (b *bencher) measure(set benchSet) (r benchResult, err error) {
	err = b.with(b.chosen, func(t *models.Translator) error {
		b.provider = strings.TrimPrefix(runsOn(t), ", on ")
		standard, err := widthsOf(setting{}.context(), t.Provider())
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
		r = m.result(set.name, b.provider)
		asked := setting{Device: b.chosen.Device, Precision: b.chosen.Precision}
		r.Best = asked
		r.Best.Jobs, r.Best.Batch, r.Best.Rate = standard.jobs, standard.batch, r.Rate
		r.Trials = []setting{r.Best}
		for _, jobs := range otherJobs(standard.jobs) {
			asked.Jobs, asked.Batch = jobs, standard.batch
			if err := b.compare(set, t, &r, asked); err != nil {
				return err
			}
		}
		for _, batch := range otherBatches(standard.batch) {
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
		// An error means that the device cannot run this model: that is no setting to choose.
		_ = b.with(other, func(t *models.Translator) error {
			return b.compare(set, t, &r, setting{Device: other.Device, Precision: other.Precision})
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

// others are the usable devices and precisions beside those of the default, if the user left the choice.
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

// otherJobs are numbers of jobs to try beside the default.
func otherJobs(standard int) []int {
	list := []int{max(1, standard/2), standard + 1, 2 * standard}
	return slices.DeleteFunc(slices.Compact(list), func(n int) bool { return n == standard })
}

// otherBatches are sizes of batches to try beside the default.
func otherBatches(standard int) []int {
	if standard == 1 {
		return []int{2, 4}
	}
	return []int{standard / 2, 2 * standard}
}

// compare tries a setting and keeps it if it is clearly faster than the best so far.
func (b *bencher) compare(set benchSet, t *models.Translator, r *benchResult, s setting) error {
	w, err := widthsOf(s.context(), t.Provider())
	if err != nil {
		return err
	}
	m, err := b.try(set, t, w, benchTrial)
	if err != nil {
		return err
	}
	s.Jobs, s.Batch, s.Rate = w.jobs, w.batch, m.rate()
	r.Trials = append(r.Trials, s)
	if s.Rate > benchGain*r.Best.Rate {
		r.Best = s
	}
	return nil
}

// A measurement is what one run took.
type measurement struct {
	images    int
	took, cpu time.Duration
	others    time.Duration            // of the processors, used by other programs
	stage     map[string]time.Duration // summed over the images
}

// try translates the images of a set in turn for a while, at least as many as fill the line twice. For a
// duration of 0 it translates each image once.
func (b *bencher) try(set benchSet, t *models.Translator, w widths, d time.Duration) (m measurement, err error) {
	least := 2 * w.jobs
	if d == 0 {
		least = len(set.paths)
	}
	m.stage = map[string]time.Duration{}
	start, before, machine := time.Now(), processorTime(), machineTime()
	sources := b.sources(set, func(i int) bool { return i < least || time.Since(start) < d })
	var inNetwork atomic.Int64 // nanoseconds: a span of translate is for a whole batch, and stands in each of its images
	network, err := b.fidelity.network(stages.NetworkOf(func(ctx context.Context, in models.Batch) ([]models.Batch, error) {
		defer func(start time.Time) { inNetwork.Add(int64(time.Since(start))) }(time.Now())
		return t.Run(ctx, in)
	}))
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
		m.images++
		for _, s := range it.Spans {
			m.stage[s.Stage] += s.Took
		}
		delete(m.stage, "sync") // it waits for the disk, for a whole group of images
		return os.RemoveAll(filepath.Dir(it.Source.Out))
	})
	m.took, m.cpu = time.Since(start), processorTime()-before
	m.others = max(0, machineTime()-machine-m.cpu)
	m.stage["translate"] = time.Duration(inNetwork.Load())
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
func (b *bencher) sources(set benchSet, more func(i int) bool) iter.Seq[stages.Source] {
	return func(yield func(stages.Source) bool) {
		for i := 0; more(i) && b.reading.Err() == nil; i++ {
			path := set.paths[i%len(set.paths)]
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

func (m measurement) rate() float64 { return rounded(float64(m.images) / m.took.Seconds()) }

func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

// result describes a measurement of the default setting.
func (m measurement) result(images, provider string) benchResult {
	r := benchResult{Images: images, Device: provider, Rate: m.rate(), Millis: map[string]float64{}}
	for stage, sum := range m.stage {
		r.Millis[stage] = rounded(sum.Seconds() * 1000 / float64(m.images))
	}
	all := m.took.Seconds() * float64(runtime.NumCPU())
	r.Busy = rounded(min(1, m.cpu.Seconds()/all))
	r.Limit = limitOf(r.Millis, r.Busy, m.others.Seconds()/all, provider)
	return r
}

// limitOf says what limits a run: the stage that takes longest. If the processors were idle for long, it is
// waiting, for a disk mostly, and if other programs used them, it is those. A GPU may be the limit while they
// idle. busy and others are shares of the processors' time.
func limitOf(millis map[string]float64, busy, others float64, provider string) string {
	names := slices.Sorted(maps.Keys(millis))
	longest := slices.MaxFunc(names, func(a, b string) int { return cmp.Compare(millis[a], millis[b]) })
	switch {
	case busy >= benchBusy, longest == "translate" && strings.HasPrefix(provider, "cuda"):
		return longest
	case busy+others >= benchBusy:
		return "other programs"
	}
	return "waiting"
}

// benchStages are the columns of the table, in the order of the line.
var benchStages = []string{"open", "compare", "decode", "resize", "classify", "translate", "check", "detail", "encode"}

// printBench prints a result, and before the first one the heading.
func (p *program) printBench(r benchResult, first, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(p.out).Encode(r)
	}
	var err error
	if first {
		_, err = fmt.Fprintf(p.out, "images\timages/s\t%s\tbusy\tlimit\tbest\n", strings.Join(benchStages, "\t"))
	}
	if err != nil {
		return err
	}
	var millis []string
	for _, stage := range benchStages {
		millis = append(millis, fmt.Sprintf("%.1f", r.Millis[stage]))
	}
	best := "as it is"
	if r.Best != r.Trials[0] {
		best = fmt.Sprintf("%s (%.1f images/s)", r.Best.options(), r.Best.Rate)
	}
	_, err = fmt.Fprintf(p.out, "%s\t%.1f\t%s\t%.0f %%\t%s\t%s\n", r.Images, r.Rate, strings.Join(millis, "\t"), 100*r.Busy, r.Limit, best)
	return err
}

// processorTime is the time that this process has used on all processors.
func processorTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machineTime is the time that all programs have used on all processors, as Linux counts it, or 0.
func machineTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	const tick = time.Second / 100 // of the kernel's interface, whatever its clock
	var sum time.Duration
	for i, word := range strings.Fields(line) {
		// The fields after the word cpu are user, nice, system, idle, iowait, irq, softirq and steal. What follows
		// is counted as user already.
		if n, err := strconv.ParseInt(word, 10, 64); err == nil && i <= 8 && i != 4 && i != 5 {
			sum += time.Duration(n) * tick
		}
	}
	return sum
}
