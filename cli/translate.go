package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/pipeline"
	"gtx/stages"
)

func (p *program) translateCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "to", Usage: "translate to `DOMAIN`", EnvVars: option("to")},
		&cli.StringFlag{Name: "model", Value: builtIn, Usage: "`NAME` of a model, or an .onnx file", EnvVars: option("model")},
		&cli.StringFlag{Name: "from", Usage: "the source's `DOMAIN`, any (no label is needed) or auto (ask the classifier); default: any where the model is label-free", EnvVars: option("from")},
		&cli.StringFlag{Name: "in-target", Value: string(stages.TranslateAnyway), Usage: "an image already in the target domain: translate, copy or skip `IT`", EnvVars: option("in-target")},
		&cli.Float64Flag{Name: "strength", Value: 1, Usage: "`S` scales the change; 1 is full", EnvVars: option("strength")},

		&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write below `DIR`, as the inputs lie; default: beside each input", EnvVars: option("out")},
		&cli.StringFlag{Name: "base", Value: ".", Usage: "with -o, paths of single files are kept relative to `DIR`", EnvVars: option("base")},
		&cli.StringFlag{Name: "name", Usage: "`TEMPLATE` of the results' names, from {dir}, {stem}, {ext}, {to}, {model}", EnvVars: option("name")},
		&cli.StringFlag{Name: "format", Value: "same", Usage: "write `FORMAT`: same, jpg, png, webp, tiff or avif", EnvVars: option("format")},
		&cli.IntFlag{Name: "quality", Value: 90, Usage: "`Q` of lossy formats, 1 to 100", EnvVars: option("quality")},
		&cli.StringFlag{Name: "size", Value: "source", Usage: "`SIZE` of the result: source, model, N (pixels of the longer side) or WxH", EnvVars: option("size")},
		&cli.StringFlag{Name: "detail", Value: "auto", Usage: "a result larger than the network's gets the photograph's detail: auto; none only scales it", EnvVars: option("detail")},
		&cli.StringFlag{Name: "existing", Value: string(stages.KeepCurrent), Usage: "an output that exists: skip (keep it if it is what would be made), redo or fail", EnvVars: option("existing")},
		&cli.StringFlag{Name: "checkerboard", Value: string(stages.Warn), Usage: "a translation with a checkerboard: warn, fail or off", EnvVars: option("checkerboard")},
		&cli.BoolFlag{Name: "print0", Usage: "end printed paths in NUL"},
		&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "print what would be done: input, tab, output"},
		&cli.StringFlag{Name: "report", Usage: "write one JSON object an input to `FILE`", EnvVars: option("report")},
		&cli.BoolFlag{Name: "fail-fast", Usage: "stop at the first failure", EnvVars: option("fail-fast")},
	}
	flags = append(flags, inputFlags()...)
	flags = append(flags, networkFlags()...)
	return &cli.Command{
		Name:      "translate",
		Usage:     "translate images",
		ArgsUsage: "[PATH ...]",
		Description: "PATH is a file or a folder. Without one, paths are read from standard input,\n" +
			"one a line; - alone is one image from standard input to standard output.\n" +
			"The path of each result is printed once it is in place, in input order.",
		Flags:  append(flags, talkFlags()...),
		Action: p.translate,
	}
}

// A translation is what the options of translate ask for, checked.
type translation struct {
	model      *models.Model
	to         string
	strength   float64
	code       *float32 // nil: the model takes none
	from       string   // "any", "auto" or a domain
	label      stages.LabelOptions
	open       stages.OpenOptions
	existing   stages.Existing
	check      stages.Checkerboard
	detail     bool // of the photograph, in results larger than the network's
	encode     stages.EncodeOptions
	naming     *naming
	terminator string
}

// translationOf checks everything that can be checked before anything is opened.
func (p *program) translationOf(c *cli.Context) (t translation, err error) {
	if t.model, err = findModel(c.String("model")); err != nil {
		return t, err
	}
	m := t.model.Manifest
	if t.to, t.strength = c.String("to"), c.Float64("strength"); t.to == "" {
		return t, usage("--to is missing: %s knows %s", m.Name, list(m.Targets()))
	}
	code, err := m.Code(t.to, t.strength)
	if err != nil {
		return t, usage("%w", err)
	}
	if m.Label() != nil {
		t.code = &code
	}
	if t.label.InTarget, err = oneOf(c, "in-target", stages.TranslateAnyway, stages.Copy, stages.LeaveOut); err != nil {
		return t, err
	}
	if t.from, err = sourceDomain(c.String("from"), m, t.label.InTarget); err != nil {
		return t, err
	}
	t.label.Target = t.to
	if t.existing, err = oneOf(c, "existing", stages.KeepCurrent, stages.Redo, stages.Refuse); err != nil {
		return t, err
	}
	if t.check, err = oneOf(c, "checkerboard", stages.Warn, stages.Fail, stages.Off); err != nil {
		return t, err
	}
	detail, err := oneOf(c, "detail", "auto", "none")
	if err != nil {
		return t, err
	}
	t.detail = detail == "auto"
	const same stages.Format = "same"
	format, err := oneOf(c, "format", append([]stages.Format{same}, stages.Formats...)...)
	if err != nil {
		return t, err
	}
	if format == same {
		format = ""
	}
	quality := c.Int("quality")
	if quality < 1 || quality > 100 {
		return t, usage("--quality %d is not between 1 and 100", quality)
	}
	size, err := stages.ParseSize(c.String("size"))
	if err != nil {
		return t, usage("--size %w", err)
	}
	if t.open, err = openOptions(c); err != nil {
		return t, err
	}
	t.encode = stages.EncodeOptions{
		Size: size, Quality: quality, InTarget: t.label.InTarget,
		Parameters: []stages.Property{
			{Name: "version", Value: Version},
			{Name: "model", Value: m.Name},
			{Name: "digest", Value: t.model.Digest},
			{Name: "to", Value: t.to},
			{Name: "strength", Value: strconv.FormatFloat(t.strength, 'g', -1, 64)},
			{Name: "from", Value: t.from},
			{Name: "inTarget", Value: string(t.label.InTarget)},
			{Name: "format", Value: c.String("format")},
			{Name: "quality", Value: strconv.Itoa(quality)},
			{Name: "size", Value: c.String("size")},
			{Name: "detail", Value: detail},
		},
	}
	t.terminator = "\n"
	if c.Bool("print0") {
		t.terminator = "\x00"
	}
	t.naming, err = newNaming(c.String("out"), c.String("base"), c.String("name"), t.to, m.Name, format)
	return t, err
}

// openOptions reads the limits on inputs.
func openOptions(c *cli.Context) (stages.OpenOptions, error) {
	mega := c.Int("max-pixels")
	if mega < 0 {
		return stages.OpenOptions{}, usage("--max-pixels takes 0 or more")
	}
	return stages.OpenOptions{MaxPixels: mega * 1_000_000}, nil
}

// sourceDomain decides how the source's domain becomes known.
func sourceDomain(from string, m *models.Manifest, in stages.InTarget) (string, error) {
	label := m.Label()
	needed := label != nil && label.RequiresSourceLabel || in != stages.TranslateAnyway
	switch from {
	case "":
		if needed {
			return "auto", nil
		}
		return "any", nil
	case "any":
		if needed {
			return "", usage("--from any, but the source's domain is needed: use auto or name it")
		}
	case "auto":
	default:
		for _, id := range m.DomainIDs() {
			if id == from {
				return from, nil
			}
		}
		return "", usage("--from: %w", &models.DomainError{Domain: from, Known: append([]string{"any", "auto"}, m.DomainIDs()...)})
	}
	return from, nil
}

func (p *program) translate(c *cli.Context) (err error) {
	t, err := p.translationOf(c)
	if err != nil {
		return err
	}
	run, reading, done := p.onSignals(c.Context)
	defer done()
	in, err := p.readInputs(reading, c, t.naming.place, c.String("out"))
	if err != nil {
		return err
	}
	if in.single {
		t.open.OwnToo = true
		t.existing = stages.Redo
	}
	if c.Bool("dry-run") {
		return p.dryRun(in, t)
	}
	if err := writable(c.String("out")); err != nil {
		return cannotStart(err)
	}
	runtime, err := openRuntime(c)
	if err != nil {
		return err
	}
	defer alsoClose(&err, runtime)
	options := models.Options{Device: c.String("device")}
	translator, err := runtime.NewTranslator(t.model, options)
	if err != nil {
		return cannotStart(err)
	}
	defer alsoClose(&err, translator)
	w, err := widthsOf(c, translator.Provider())
	if err != nil {
		return err
	}
	label := labelAs(t.from, t.label)
	if t.from == "auto" {
		var (
			found      *models.Model
			classifier *models.Classifier
		)
		if found, classifier, err = classifierFor(runtime, t.model, options); err != nil {
			return err
		}
		defer alsoClose(&err, classifier)
		t.label.Threshold = found.Manifest.Classifier.Threshold
		label = classifyBy(judge{classifier}, shapeOf(found), t.label, w)
	}
	records, err := newRecorder(c.String("report"))
	if err != nil {
		return cannotStart(fmt.Errorf("--report: %w", err))
	}
	defer alsoClose(&err, records)

	line := pipeline.New(run, w.inFlight())
	flow := translateLine(line, in.sources, t, w, network{translator}, label)
	tally := p.newTally("translated", in.known, c.Bool("quiet"), c.Bool("verbose"))
	base := record{
		Model: t.model.Digest, Provider: translator.Provider(), To: t.to, Strength: t.strength,
	}
	err = pipeline.Drain(flow, func(it pipeline.Item[stages.Source, stages.Written]) error {
		rec := base
		rec.fill(it)
		if err := records.write(rec); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
		if rec.Status == statusDone || rec.Status == statusCopied {
			if err := p.deliver(it.Value, t.terminator); err != nil {
				return err
			}
		}
		if rec.Flagged {
			tally.flagged++
			tally.line("%q: the translation shows a checkerboard (%.2f, %.2f, %.2f grey levels at periods 2, 4, 8)",
				rec.In, it.Value.After.A2, it.Value.After.A4, it.Value.After.A8)
		}
		tally.count(rec.In, rec.Status, rec.Message)
		if rec.Status == statusFailed && c.Bool("fail-fast") {
			return &failure{code: exitFailFast}
		}
		return nil
	})
	tally.finish(", on " + translator.Provider())
	return ending(err, reading, tally)
}

// translateLine is gtx: the stages that a photograph passes, in order.
func translateLine(line *pipeline.Line, sources iter.Seq[stages.Source], t translation, w widths, n stages.Network, label labeller) *pipeline.Flow[stages.Source, stages.Written] {
	shape := shapeOf(t.model)
	files := pipeline.Each(pipeline.From(line, sources), "open", w.jobs, stages.Open(t.open))
	wanted := pipeline.Each(files, "compare", w.jobs, stages.Compare(t.existing, t.label.InTarget == stages.Copy, t.encode.Parameters))
	images := pipeline.Each(wanted, "decode", w.jobs, stages.Decode(shape))
	fitted := pipeline.Each(images, "resize", w.jobs, stages.Resize(shape))
	labelled := label(fitted)
	translated := pipeline.Batch(labelled, "translate", pipeline.Batching[stages.Labelled, [3]int]{
		Size: w.batch, Workers: w.sessions, Key: stages.TranslateKey,
	}, stages.Translate(n, t.code))
	checked := pipeline.Each(translated, "check", w.jobs, stages.Check(t.check))
	encode := stages.Encode(t.encode)
	if t.detail { // in one stage: no whole photographs wait in between
		encode = stages.Then(stages.Detail(t.encode.Size), encode)
	}
	return pipeline.Each(checked, "encode", w.jobs, encode)
}

// A labeller adds the stage that names the domain of images.
type labeller func(*pipeline.Flow[stages.Source, stages.Image]) *pipeline.Flow[stages.Source, stages.Labelled]

// labelAs takes the user's word for the domain, or needs none.
func labelAs(from string, o stages.LabelOptions) labeller {
	if from == "any" {
		from = ""
	}
	return func(f *pipeline.Flow[stages.Source, stages.Image]) *pipeline.Flow[stages.Source, stages.Labelled] {
		return pipeline.Each(f, "classify", 1, stages.Label(from, o))
	}
}

// classifyBy asks a classifier, which takes pictures in a shape of its own.
func classifyBy(j stages.Classifier, shape stages.Shape, o stages.LabelOptions, w widths) labeller {
	return func(f *pipeline.Flow[stages.Source, stages.Image]) *pipeline.Flow[stages.Source, stages.Labelled] {
		return pipeline.Batch(f, "classify", pipeline.Batching[stages.Image, [2]int]{
			Size: w.batch, Workers: w.sessions, Key: func(img stages.Image) [2]int {
				wide, high := shape(img.Width, img.Height)
				return [2]int{wide, high}
			},
		}, stages.Classify(j, shape, o))
	}
}

// deliver prints the path of a result, or the result itself.
func (p *program) deliver(w stages.Written, terminator string) error {
	if w.Source.Out == stages.Stdout {
		_, err := p.out.Write(w.Data)
		return err
	}
	_, err := io.WriteString(p.out, w.Source.Out+terminator)
	return err
}

// dryRun prints each input and its output.
func (p *program) dryRun(in inputs, t translation) error {
	failed := false
	for s := range in.sources {
		if s.Err == nil && s.Out == "" {
			s.Err = errors.New("not a picture that gtx can read")
		}
		if s.Err != nil {
			failed = true
			p.say(fmt.Errorf("%q: %w", s.In, s.Err))
			continue
		}
		if _, err := io.WriteString(p.out, s.In+"\t"+s.Out+t.terminator); err != nil {
			return err
		}
	}
	if failed {
		return &failure{code: exitSome}
	}
	return nil
}

// fill records what became of an item.
func (r *record) fill(it pipeline.Item[stages.Source, stages.Written]) {
	w := it.Value
	r.In = it.Source.In
	r.Status, r.Class, r.Message = outcome(it.Err)
	r.Millis = millis(it.Spans)
	if it.Err != nil {
		return
	}
	if w.Kept {
		r.Status = statusCopied
	}
	r.Out, r.Domain, r.P = it.Source.Out, w.Domain, w.P
	r.Width, r.Height, r.Flagged = w.Width, w.Height, w.Flagged
	r.Before, r.After = amplitudesOf(w.Before), amplitudesOf(w.After)
}

// ending turns the end of a run into the program's: what a signal or the sink
// stopped, and what failed.
func ending(err error, reading context.Context, t *tally) error {
	var stopped interrupted
	if errors.As(context.Cause(reading), &stopped) {
		return &failure{code: 128 + int(stopped.signal)}
	}
	if err != nil {
		return err
	}
	if t.failed > 0 {
		return &failure{code: exitSome}
	}
	return nil
}
