package cli

import (
	"context"
	"errors"
	"io"
	"runtime"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/stages"
)

// builtIn is the model that translate takes by default.
const builtIn = "seasons"

func networkFlags() []cli.Flag {
	return []cli.Flag{
		deviceFlag(),
		jobsFlag(),
		&cli.IntFlag{Name: "batch", Usage: "at most `N` images in a network call; 0: 1 on a CPU, where more bring nothing, 8 on a GPU"},
		libraryFlag(),
	}
}

func deviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Value: "auto", Usage: "`DEVICE` for the networks: auto, cpu, cuda or cuda:N"}
}

func jobsFlag() cli.Flag {
	return &cli.IntFlag{Name: "jobs", Usage: "work on `N` images at once in each stage; 0: one a processor"}
}

func libraryFlag() cli.Flag {
	return &cli.StringFlag{Name: libraryOption, Usage: "the ONNX Runtime library `FILE`; also GTX_ONNXRUNTIME"}
}

func talkFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "say nothing but errors"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more"},
	}
}

// A judge is a classifier of models as stages declares it. Neither package imports the other.
type judge struct{ *models.Classifier }

func (j judge) Run(ctx context.Context, in stages.Batch) ([]float32, error) {
	return j.Classifier.Run(ctx, models.Batch(in))
}

// An engine is a model ready to run: opened for one request, with the runtime below it.
type engine struct {
	runtime    *models.Runtime
	translator *models.Translator
	widths     widths
	model      *models.Model
	request    models.Request
}

// openEngine loads ONNX Runtime and opens a model on the device that the user named.
func openEngine(c *cli.Context, m *models.Model, q models.Request) (_ *engine, err error) {
	e := &engine{model: m, request: q}
	if e.runtime, err = openRuntime(c); err != nil {
		return nil, err
	}
	if e.translator, err = e.runtime.NewTranslator(m, q, deviceOf(c)); err != nil {
		return nil, errors.Join(cannotStart(err), e.runtime.Close())
	}
	if e.widths, err = widthsOf(c, e.provider()); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Close closes the model and unloads the runtime.
func (e *engine) Close() error { return errors.Join(e.translator.Close(), e.runtime.Close()) }

func (e *engine) provider() string { return e.translator.Provider() }

func (e *engine) network() stages.Network { return stages.NetworkOf(e.translator.Run) }

// record is what the records of all results of the engine have in common.
func (e *engine) record() record {
	return record{Model: e.model.Digest, Provider: e.provider(), To: e.request.To, Strength: e.request.Strength}
}

// deviceOf reads where networks run.
func deviceOf(c *cli.Context) models.Options { return models.Options{Device: c.String("device")} }

// openRuntime loads ONNX Runtime.
func openRuntime(c *cli.Context) (*models.Runtime, error) {
	library, err := models.FindLibrary(c.String("onnxruntime"))
	if err != nil {
		return nil, cannotStart(err)
	}
	r, err := models.Open(library)
	if err != nil {
		return nil, cannotStart(err)
	}
	return r, nil
}

// findModel finds a model; without one nothing can start.
func findModel(name string) (*models.Model, error) {
	m, err := models.Find(name)
	if err != nil {
		return nil, cannotStart(err)
	}
	return m, nil
}

// widths are how much of each is done at once.
type widths struct {
	jobs     int // goroutines in a stage
	sessions int // network calls
	batch    int // images in a call
}

// widthsOf chooses what the options leave open, for a network on a provider. On
// a CPU single images in parallel calls of one thread are fastest; on a GPU
// batches are, and two calls hide the copies.
func widthsOf(c *cli.Context, provider string) (widths, error) {
	w := widths{jobs: c.Int("jobs"), batch: c.Int("batch")}
	if w.jobs < 0 || w.batch < 0 {
		return w, usage("--jobs and --batch take 0 or more")
	}
	if w.jobs == 0 {
		w.jobs = runtime.GOMAXPROCS(0)
	}
	w.sessions = w.jobs
	if provider != "cpu" {
		w.sessions = 2
	}
	if w.batch == 0 {
		w.batch = 1
		if provider != "cpu" {
			w.batch = 8
		}
	}
	return w, nil
}

// inFlight bounds the images between source and sink: enough that no stage runs
// dry, and no more, since each holds its pixels.
func (w widths) inFlight() int { return 3*w.jobs + 2*w.sessions*w.batch }

// fitOf is how a model takes pictures.
func fitOf(in *models.Input) stages.Fit {
	return stages.Fit{Shape: in.Size.Shape, Mode: in.Size.Fit, Filter: in.Size.Filter}
}

// alsoClose closes what a command opened, and adds a failure to its error.
func alsoClose(err *error, c io.Closer) { *err = errors.Join(*err, c.Close()) }
