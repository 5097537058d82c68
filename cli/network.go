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

// builtIn is the model that translate takes by default.
const builtIn = "seasons"

func networkFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Value: "auto", Usage: "`DEVICE` for the networks: auto, cpu, cuda or cuda:N", EnvVars: option("device")},
		&cli.IntFlag{Name: "jobs", Usage: "work on `N` images at once in each stage; 0: one a processor", EnvVars: option("jobs")},
		&cli.IntFlag{Name: "batch", Usage: "at most `N` images in a network call; 0: 1 on a CPU, where more bring nothing, 8 on a GPU", EnvVars: option("batch")},
		// models reads GTX_ONNXRUNTIME itself, so that it can say where it looked.
		&cli.StringFlag{Name: "onnxruntime", Usage: "the ONNX Runtime library `FILE`; also GTX_ONNXRUNTIME"},
	}
}

func talkFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "say nothing but errors"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more"},
	}
}

// The stages declare the interfaces that they need, and models knows nothing of
// stages: these two join them.

type network struct{ *models.Translator }

func (n network) Run(ctx context.Context, in stages.Batch) ([]stages.Batch, error) {
	results, err := n.Translator.Run(ctx, models.Batch(in))
	out := make([]stages.Batch, len(results))
	for i, b := range results {
		out[i] = stages.Batch(b)
	}
	return out, err
}

type judge struct{ *models.Classifier }

func (j judge) Run(ctx context.Context, in stages.Batch) ([]float32, error) {
	return j.Classifier.Run(ctx, models.Batch(in))
}

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
func fitOf(in *manifest.Input) stages.Fit {
	return stages.Fit{Shape: in.Size.Shape, Mode: string(in.Size.Fit), Filter: string(in.Size.Filter)}
}

// classifierFor opens a model that is a classifier, or else the one that knows the
// domains of the model.
func classifierFor(r *models.Runtime, m *models.Model, o models.Options) (*models.Model, *models.Classifier, error) {
	if m.Manifest.Classifier == nil {
		found, err := models.ClassifierFor(m)
		if err != nil {
			return nil, nil, cannotStart(err)
		}
		m = found
	}
	c, err := r.NewClassifier(m, o)
	if err != nil {
		return nil, nil, cannotStart(err)
	}
	return m, c, nil
}

// alsoClose closes what a command opened, and adds a failure to its error.
func alsoClose(err *error, c io.Closer) { *err = errors.Join(*err, c.Close()) }
