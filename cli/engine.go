package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/bench"
	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/manual"
	"gtx/models"
	"gtx/models/manifest"
	"gtx/stages"
)

// builtIn is the default model of translate.
const builtIn = "seasons"

// engineFlags are the options of commands that run networks on images.
func engineFlags() []cli.Flag {
	return []cli.Flag{
		deviceFlag(),
		precisionFlag(),
		jobsFlag(),
		&cli.IntFlag{Name: "batch", Category: manual.Speed, Usage: "give the network at most `N` images at a time; 0: 1 on a CPU, where larger batches gain nothing, and 8 on a GPU"},
		libraryFlag(),
	}
}

func deviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Category: manual.Speed, Value: "auto", Usage: "run networks on `DEVICE`: auto, cpu, openvino, cuda or cuda:N"}
}

func precisionFlag() cli.Flag {
	return &cli.StringFlag{Name: "precision", Category: manual.Speed, Value: "auto", Usage: "compute in `PRECISION`: f32 (the same on every machine), bf16 (faster; openvino only), or auto: bf16 if processor and model are made for it"}
}

func jobsFlag() cli.Flag {
	return &cli.IntFlag{Name: "jobs", Category: manual.Speed, Usage: "work on `N` images at once in each stage; 0: one per processor"}
}

// libraryOption names the ONNX Runtime library. models reads its variable, GTX_ONNXRUNTIME, itself, so
// that an error can say where the name came from.
const libraryOption = "onnxruntime"

func libraryFlag() cli.Flag {
	return &cli.StringFlag{Name: libraryOption, Category: manual.Speed, Usage: "load the ONNX Runtime library from `FILE`; also GTX_ONNXRUNTIME"}
}

// talkFlags are the options about messages.
func (p *program) talkFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Category: manual.Messages, Aliases: []string{"q"}, Usage: "print only errors"},
		&cli.BoolFlag{Name: "verbose", Category: manual.Messages, Aliases: []string{"v"}, Usage: "print more, such as why an image was skipped"},
		p.progressFlag(),
	}
}

// A judge turns a classifier of models into one of stages. Neither package imports the other.
type judge struct{ *models.Classifier }

func (j judge) Run(ctx context.Context, in stages.Batch) ([]float32, error) {
	return j.Classifier.Run(ctx, models.Batch(in))
}

// An engine is a model that was opened for a request, together with the runtime that it runs on.
type engine struct {
	runtime    *models.Runtime
	translator *models.Translator
	widths     widths
	model      *models.Model
	request    models.Request
	measured   *bench.Measurement // since it was opened
}

// A loading loads ONNX Runtime in the background, while the command reads options, lists and models.
type loading struct {
	done    chan struct{}
	runtime *models.Runtime
	err     error
	taken   bool
}

// load begins to load ONNX Runtime, and with it what networks of the chosen device and precision need.
func load(c *cli.Context) *loading {
	l := &loading{done: make(chan struct{}), taken: c.Bool("dry-run")}
	if l.taken { // nothing will run
		close(l.done)
		return l
	}
	go func() {
		defer close(l.done)
		if l.runtime, l.err = openRuntime(c); l.err == nil {
			l.runtime.Preload(models.Options{Device: c.String("device"), Precision: c.String(precisionOption)})
		}
	}()
	return l
}

// take waits for the runtime. From now on the caller closes it.
func (l *loading) take() (*models.Runtime, error) {
	<-l.done
	l.taken = true
	return l.runtime, l.err
}

// Close closes the runtime if nobody took it.
func (l *loading) Close() error {
	<-l.done
	if l.taken || l.err != nil {
		return nil
	}
	return l.runtime.Close()
}

// openEngine opens a model on the device that the user chose.
func openEngine(c *cli.Context, l *loading, m *models.Model, q models.Request) (_ *engine, err error) {
	o, err := deviceOf(c)
	if err != nil {
		return nil, err
	}
	e := &engine{model: m, request: q}
	if e.runtime, err = l.take(); err != nil {
		return nil, err
	}
	if e.translator, err = e.runtime.NewTranslator(m, q, o); err != nil {
		return nil, errors.Join(exit.CannotStart(err), e.runtime.Close())
	}
	if e.widths, err = widthsOf(c, e.translator.Provider()); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.measured = bench.Begin()
	return e, nil
}

// Close closes the model and unloads the runtime.
func (e *engine) Close() error { return errors.Join(e.translator.Close(), e.runtime.Close()) }

// runsOn says where a network runs, for the last line: "on cpu", "on openvino, bf16".
func runsOn(n network) string {
	if n.Provider() == "openvino" {
		return ", on " + n.Provider() + ", " + n.Precision()
	}
	return ", on " + n.Provider()
}

// A network is an opened translator or classifier.
type network interface {
	Provider() string
	Precision() string
	Fallback() error
}

// explainFallback tells the user why a network does not run in bf16 although the machine could. If the
// model just lacks golden cases, it says so only with --verbose.
func (p *program) explainFallback(c *cli.Context, name string, n network) {
	err := n.Fallback()
	if err == nil || c.Bool("quiet") || errors.Is(err, models.ErrUnproven) && !c.Bool("verbose") {
		return
	}
	p.say(fmt.Errorf("%s runs on %s: %w", name, n.Provider(), err))
}

// madeBy is what the note of a result says, beside its identity, about how it was made.
func (e *engine) madeBy() []stages.Property {
	return []stages.Property{
		{Name: "provider", Value: e.translator.Provider()},
		{Name: precisionOption, Value: e.translator.Precision()},
	}
}

const precisionOption = "precision"

// required is what an existing result must say to be current. Without --precision any precision will do.
func required(c *cli.Context) (all []stages.Required, err error) {
	o, err := deviceOf(c)
	if err == nil && o.Precision != "auto" {
		all = append(all, stages.Required{Name: precisionOption, Value: o.Precision, Default: "f32"})
	}
	if c.String("checkerboard") == string(stages.CheckFail) {
		all = append(all, stages.Required{Name: stages.FlaggedProperty, Value: "false", Default: "false"})
	}
	return all, err
}

func (e *engine) network() stages.Network {
	return stages.NetworkOf(e.translator.Run)
}

// record has the fields that are the same for every result of the engine.
func (e *engine) record() ledger.Record {
	return ledger.Record{Model: e.model.Digest, Provider: e.translator.Provider(), Precision: e.translator.Precision(), To: e.request.To, Strength: e.request.Strength}
}

// deviceOf reads --device, --precision and --jobs, which is the number of calls that run at once.
func deviceOf(c *cli.Context) (models.Options, error) {
	precision, err := oneOf(c, precisionOption, "auto", "f32", "bf16")
	return models.Options{Device: c.String("device"), Precision: precision, Calls: c.Int("jobs")}, err
}

// openRuntime loads ONNX Runtime. If it fails, gtx cannot start.
func openRuntime(c *cli.Context) (*models.Runtime, error) {
	library, err := models.FindLibraryFor(c.String(libraryOption), models.Options{
		Device: c.String("device"), Precision: c.String(precisionOption),
	})
	if err != nil {
		return nil, exit.CannotStart(err)
	}
	r, err := models.Open(library)
	if err != nil {
		return nil, exit.CannotStart(err)
	}
	return r, nil
}

// findModel finds a model by name or path. If it fails, gtx cannot start.
func findModel(name string) (*models.Model, error) {
	m, err := models.Find(name)
	if err != nil {
		return nil, exit.CannotStart(err)
	}
	return m, nil
}

// widths say how much is done in parallel.
type widths struct {
	jobs     int // goroutines per stage
	sessions int // network calls at a time
	batch    int // images per call
}

// jobsMost is the largest --jobs and --batch. Each image in flight keeps its pixels.
const jobsMost = 1024

// widthsOf reads --jobs and --batch and chooses defaults for the provider. On a CPU, parallel calls of
// one thread and one image each are fastest. A GPU is fastest with batches, and two calls at a time hide
// the copying.
func widthsOf(c *cli.Context, provider string) (widths, error) {
	w := widths{jobs: c.Int("jobs"), batch: c.Int("batch")}
	if w.jobs < 0 || w.batch < 0 {
		return w, exit.Usage("--jobs and --batch take 0 or more")
	}
	if w.jobs > jobsMost || w.batch > jobsMost {
		return w, exit.Usage("--jobs and --batch take at most %d", jobsMost)
	}
	if w.jobs == 0 {
		w.jobs = runtime.GOMAXPROCS(0)
	}
	w.sessions = w.jobs
	onGPU := strings.HasPrefix(provider, "cuda")
	if onGPU {
		w.sessions = 2
	}
	if w.batch == 0 {
		w.batch = 1
		if onGPU {
			w.batch = 8
		}
	}
	return w, nil
}

// inFlight bounds the images between source and sink. It is large enough that no stage runs dry, and
// not larger, because every image in flight keeps its pixels in memory.
func (w widths) inFlight() int { return 3*w.jobs + 2*w.sessions*w.batch }

// fitOf says how images are brought to the shape of a model's input.
func fitOf(in *manifest.Input) stages.Fit {
	return stages.Fit{Shape: in.Size.Shape, Mode: stages.FitMode(in.Size.Fit), Filter: stages.Filter(in.Size.Filter)}
}

// alsoClose closes c and joins its error to that of the command, unless it is the same. Defer it.
func alsoClose(err *error, c io.Closer) {
	if closing := c.Close(); closing != nil && !errors.Is(closing, *err) {
		*err = exit.Also(*err, closing)
	}
}
