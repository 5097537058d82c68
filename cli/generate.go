package cli

import (
	"fmt"
	"iter"
	"math"
	"strconv"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/paths"
	"gtx/cli/streams"
	"gtx/models"
	"gtx/pipeline"
	"gtx/stages"
	"gtx/stages/durable"
)

func (p *program) generateCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "model", Category: manual.Translation, Usage: "`NAME` of a model that takes no image, or path of an .onnx file"},
		&cli.IntFlag{Name: "count", Category: manual.Translation, Value: 1, Usage: "make `N` images"},
		&cli.Uint64Flag{Name: "seed", Category: manual.Translation, Usage: "draw noise from seed `N`: the same seed gives the same images, however many"},
		&cli.StringFlag{Name: "to", Category: manual.Translation, Usage: "generate `DOMAIN`; not needed if the model has only one"},
		&cli.Float64Flag{Name: "strength", Category: manual.Translation, Value: 1, Usage: "scale the label by `S`; 1 is full strength"},
		&cli.StringFlag{Name: "out", Category: manual.Results, Aliases: []string{"o"}, Value: ".", Usage: "write below `DIR`"},
		&cli.StringFlag{Name: "name", Category: manual.Results, Value: "{stem}{ext}", Usage: "`TEMPLATE` for the results' names, with the fields {stem} (model, seed and number), {ext}, {to}, {model}"},
		&cli.StringFlag{Name: "format", Category: manual.Results, Value: string(stages.PNG), Usage: "write `FORMAT`: jpg, png, webp, tiff or avif"},
	}
	flags = append(flags, resultFlags()...)
	flags = append(flags, engineFlags()...)
	return &cli.Command{
		Name:        "generate",
		Usage:       "generate images from noise",
		Description: "For models that take noise and no image. Prints the path of each result as soon\nas the file is complete.",
		Flags:       append(flags, p.talkFlags()...),
		Action:      p.generate,
	}
}

// A generation is what the options of generate ask for, checked.
type generation struct {
	model   *models.Model
	request models.Request
	count   int
	naming  *paths.Naming
	results results
	encode  stages.EncodeOptions
}

func generationOf(c *cli.Context) (g generation, err error) {
	if c.String("model") == "" {
		return g, exit.Usage("--model is missing: name one that takes no image")
	}
	if g.model, err = findModel(c.String("model")); err != nil {
		return g, err
	}
	m := g.model.Manifest
	switch {
	case !m.Translates():
		return g, exit.Usage("%s only classifies: use gtx classify", m.Name)
	case !m.Generates():
		return g, exit.Usage("%s needs an input image: use gtx translate", m.Name)
	}
	if g.request, err = requestOf(c, m); err != nil {
		return g, err
	}
	if g.count = c.Int("count"); g.count < 1 || g.count > math.MaxInt32 {
		return g, exit.Usage("--count %d: it must be from 1 to %d", g.count, math.MaxInt32)
	}
	if g.results, err = resultsOf(c); err != nil {
		return g, err
	}
	format, err := oneOf(c, "format", stages.Formats...)
	if err != nil {
		return g, err
	}
	g.encode.Quality, g.encode.JPEG, g.encode.Touch = g.results.quality, g.results.jpeg, g.results.touch
	if g.encode.Size, err = stages.ParseSize("model"); err != nil {
		return g, err
	}
	g.encode.Parameters = append(parametersOf(g.model, g.request), seedOfRun(g.request),
		stages.Property{Name: "format", Value: string(format)},
		stages.Property{Name: "quality", Value: strconv.Itoa(g.results.quality)},
	)
	g.encode.Parameters = append(g.encode.Parameters, g.results.parameters()...)
	if g.encode.Required, err = required(c); err != nil {
		return g, err
	}
	g.naming, err = paths.New(paths.Naming{
		Out: c.String("out"), Base: ".", Template: c.String("name"), To: g.request.To, Model: m.Name,
		Format: format, Samples: 1, Suffixes: suffixesOf(m, g.request.To), Noisy: true, Seed: g.request.Seed,
	})
	if err != nil {
		return g, err
	}
	g.naming.Named = namedFiles(c, nil)
	return g, checkWritten(c, paths.Inputs{Known: -1}, nil)
}

// sources yields the images to generate. They have names, and no files yet.
func (g generation) sources(yield func(stages.Source) bool) {
	for i := range g.count {
		stem := fmt.Sprintf("%s-%d-%05d", g.model.Manifest.Name, g.request.Seed, i+1)
		placed, err := g.naming.Place(stem, "", g.naming.Format)
		if err != nil {
			placed = []stages.Source{{In: stem, Err: err}}
		}
		if !yield(placed[0]) {
			return
		}
	}
}

func (p *program) generate(c *cli.Context) (err error) {
	runtime := load(c)
	defer alsoClose(&err, runtime)
	g, err := generationOf(c)
	if err != nil {
		return err
	}
	run, reading, done := p.onSignals(c.Context)
	defer done()
	if err := paths.Writable(c.String("out")); err != nil {
		return err
	}
	e, err := openEngine(c, runtime, g.model, g.request)
	if err != nil {
		return err
	}
	defer alsoClose(&err, e)
	records, err := p.openJournal(run, c, e, part{})
	if err != nil {
		return err
	}
	defer alsoClose(&err, records)
	out := durable.NewWriter()
	defer alsoClose(&err, out)
	p.explainFallback(c, g.model.Manifest.Name, e.translator)
	g.encode.MadeBy = e.madeBy()
	queue := paths.Of(reading, g.count, g.sources).Queue()
	flow := generateLine(pipeline.New(run, e.widths.inFlight()), queue.Sources, g, e.widths, e.network(), out)
	tally := p.tally(c, "generated", g.count)
	err = p.collect(flow, p.collector(c, records, e, tally, queue, streams.Files{Stdout: p.out}, nil))
	return ending(err, reading, tally)
}

// generateLine joins the stages of a generation, in order.
func generateLine(line *pipeline.Line, sources iter.Seq[stages.Source], g generation, w widths, n stages.Network, out *durable.Writer) *pipeline.Flow[stages.Source, stages.Written] {
	blank := pipeline.Each(pipeline.From(line, sources), "open", 1, stages.Blank)
	wanted := pipeline.Each(blank, "compare", w.jobs, stages.Compare(g.results.existing, g.encode))
	made := pipeline.Batch(wanted, "generate", pipeline.Batching[stages.File, int]{
		Size: w.batch, Workers: w.sessions, Key: func(stages.File) int { return 0 },
	}, stages.Generate(n))
	checked := pipeline.Each(made, "check", w.jobs, stages.Check(g.results.check))
	g.encode.Writer = out
	return synced(pipeline.Each(checked, "encode", w.jobs, stages.Encode(g.encode)), out)
}
