package cli

import (
	"context"
	"errors"
	"io"
	"runtime"

	"github.com/urfave/cli/v2"

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
		jobsFlag(),
		&cli.IntFlag{Name: "batch", Usage: "give the network at most `N` images at a time; 0: 1 on a CPU, where larger batches gain nothing, and 8 on a GPU"},
		libraryFlag(),
	}
}

func deviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Value: "auto", Usage: "run networks on `DEVICE`: auto, cpu, cuda or cuda:N"}
}

func jobsFlag() cli.Flag {
	return &cli.IntFlag{Name: "jobs", Usage: "work on `N` images at once in each stage; 0: one per processor"}
}

func libraryFlag() cli.Flag {
	return &cli.StringFlag{Name: libraryOption, Usage: "load the ONNX Runtime library from `FILE`; also GTX_ONNXRUNTIME"}
}

// talkFlags are the options about messages.
func talkFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only errors"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print more, such as why an image was skipped"},
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
}

// openEngine loads ONNX Runtime and opens a model on the device that the user chose.
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

// record has the fields that are the same for every result of the engine.
func (e *engine) record() record {
	return record{Model: e.model.Digest, Provider: e.provider(), To: e.request.To, Strength: e.request.Strength}
}

// deviceOf reads --device.
func deviceOf(c *cli.Context) models.Options { return models.Options{Device: c.String("device")} }

// openRuntime loads ONNX Runtime. If it fails, gtx cannot start.
func openRuntime(c *cli.Context) (*models.Runtime, error) {
	library, err := models.FindLibrary(c.String(libraryOption))
	if err != nil {
		return nil, cannotStart(err)
	}
	r, err := models.Open(library)
	if err != nil {
		return nil, cannotStart(err)
	}
	return r, nil
}

// findModel finds a model by name or path. If it fails, gtx cannot start.
func findModel(name string) (*models.Model, error) {
	m, err := models.Find(name)
	if err != nil {
		return nil, cannotStart(err)
	}
	return m, nil
}

// widths say how much is done in parallel.
type widths struct {
	jobs     int // goroutines per stage
	sessions int // network calls at a time
	batch    int // images per call
}

// widthsOf reads --jobs and --batch and chooses defaults for the provider. On a CPU, parallel calls of
// one thread and one image each are fastest. A GPU is fastest with batches, and two calls at a time hide
// the copying.
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

// inFlight bounds the images between source and sink. No stage runs dry, and memory stays small: every
// image in flight keeps its pixels.
func (w widths) inFlight() int { return 3*w.jobs + 2*w.sessions*w.batch }

// fitOf says how images are brought to the shape of a model's input.
func fitOf(in *manifest.Input) stages.Fit {
	return stages.Fit{Shape: in.Size.Shape, Mode: stages.FitMode(in.Size.Fit), Filter: stages.Filter(in.Size.Filter)}
}

// alsoClose closes c and joins its error to that of the command. Defer it.
func alsoClose(err *error, c io.Closer) { *err = errors.Join(*err, c.Close()) }
