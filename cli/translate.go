package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/models/manifest"
	"gtx/pipeline"
	"gtx/stages"
)

func (p *program) translateCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "to", Usage: "translate to `DOMAIN`; may be left out where the model has only one", EnvVars: option("to")},
		&cli.StringFlag{Name: "model", Value: builtIn, Usage: "`NAME` of a model, or an .onnx file", EnvVars: option("model")},
		&cli.StringSliceFlag{Name: "exemplar", Usage: "`[ATTRIBUTE=]FILE` that shows what is wanted, for models that take exemplars", EnvVars: option("exemplar")},
		&cli.Uint64Flag{Name: "seed", Usage: "`N` for models that draw noise: the same seed and path give the same picture", EnvVars: option("seed")},
		&cli.IntFlag{Name: "samples", Value: 1, Usage: "`N` results of each image, for models that draw noise", EnvVars: option("samples")},
		&cli.StringFlag{Name: "from", Usage: "the source's `DOMAIN`, any (no label is needed) or auto (ask the classifier); default: any where the model is label-free", EnvVars: option("from")},
		&cli.StringFlag{Name: "in-target", Value: string(stages.TranslateAnyway), Usage: "an image already in the target domain: translate, copy or skip `IT`", EnvVars: option("in-target")},
		&cli.Float64Flag{Name: "strength", Value: 1, Usage: "`S` scales the change; 1 is full", EnvVars: option("strength")},

		&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write below `DIR`, as the inputs lie; default: beside each input", EnvVars: option("out")},
		&cli.StringFlag{Name: "base", Value: ".", Usage: "with -o, paths of single files are kept relative to `DIR`", EnvVars: option("base")},
		&cli.StringFlag{Name: "name", Usage: "`TEMPLATE` of the results' names, from {dir}, {stem}, {ext}, {to}, {model}, {sample}", EnvVars: option("name")},
		&cli.StringFlag{Name: "format", Value: "same", Usage: "write `FORMAT`: same, jpg, png, webp, tiff or avif", EnvVars: option("format")},
		&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "print what would be done: input, tab, output"},
	}
	flags = append(flags, photographFlags()...)
	flags = append(flags, resultFlags()...)
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

// resultFlags are those of commands that write images.
func resultFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "quality", Value: 90, Usage: "`Q` of lossy formats, 1 to 100", EnvVars: option("quality")},
		&cli.StringFlag{Name: "existing", Value: string(stages.KeepCurrent), Usage: "`POLICY` for an output that exists: skip (keep it if it is what would be made), redo or fail", EnvVars: option("existing")},
		&cli.StringFlag{Name: "checkerboard", Value: string(stages.Warn), Usage: "`POLICY` for a translation with a checkerboard: warn, fail, repair or off", EnvVars: option("checkerboard")},
		&cli.BoolFlag{Name: "print0", Usage: "end printed paths in NUL"},
		&cli.StringFlag{Name: "report", Usage: "write one JSON object an input to `FILE`", EnvVars: option("report")},
		&cli.BoolFlag{Name: "fail-fast", Usage: "stop at the first failure", EnvVars: option("fail-fast")},
	}
}

// results is what they ask for, checked.
type results struct {
	existing stages.Existing
	check    stages.Checkerboard
	quality  int
	extra    []stages.Property // of the results' identity
}

func resultsOf(c *cli.Context) (r results, err error) {
	if r.existing, err = oneOf(c, "existing", stages.KeepCurrent, stages.Redo, stages.Refuse); err != nil {
		return r, err
	}
	if r.check, err = oneOf(c, "checkerboard", stages.Warn, stages.Fail, stages.Repair, stages.Off); err != nil {
		return r, err
	}
	if r.quality = c.Int("quality"); r.quality < 1 || r.quality > 100 {
		return r, usage("--quality %d is not between 1 and 100", r.quality)
	}
	if r.check == stages.Repair {
		r.extra = []stages.Property{{Name: "checkerboard", Value: string(stages.Repair)}}
	}
	return r, nil
}

// A translation is what the options of translate ask for, checked.
type translation struct {
	model     *models.Model
	request   models.Request
	exemplars map[string]string // attribute -> file
	from      string            // "any", "auto" or a domain
	label     stages.LabelOptions
	open      stages.OpenOptions
	results
	fit    stages.Fit
	seen   func(stages.Network) stages.Network // how the network sees pictures: whole, or in tiles
	detail stages.DetailOptions
	encode stages.EncodeOptions
	naming *naming
}

// translationOf checks everything that can be checked before anything is opened.
func (p *program) translationOf(c *cli.Context) (t translation, err error) {
	if t.model, err = findModel(c.String("model")); err != nil {
		return t, err
	}
	m := t.model.Manifest
	if m.Generates() {
		return t, usage("%s takes no image: use gtx generate", m.Name)
	}
	if t.request, err = requestOf(c, m); err != nil {
		return t, err
	}
	if t.exemplars, err = exemplarsOf(c, m); err != nil {
		return t, err
	}
	if t.label.InTarget, err = oneOf(c, "in-target", stages.TranslateAnyway, stages.Copy, stages.LeaveOut); err != nil {
		return t, err
	}
	if t.from, err = sourceDomain(c.String("from"), m, t.request.To, t.label.InTarget); err != nil {
		return t, err
	}
	t.label.Target = t.request.To
	if t.results, err = resultsOf(c); err != nil {
		return t, err
	}
	const same stages.Format = "same"
	format, err := oneOf(c, "format", append([]stages.Format{same}, stages.Formats...)...)
	if err != nil {
		return t, err
	}
	if format == same {
		format = ""
	}
	if t.open, err = openOptions(c); err != nil {
		return t, err
	}
	t.encode = stages.EncodeOptions{
		Quality: t.quality, InTarget: t.label.InTarget,
		Parameters: append(parametersOf(t.model, t.request),
			stages.Property{Name: "from", Value: t.from},
			stages.Property{Name: "inTarget", Value: string(t.label.InTarget)},
			stages.Property{Name: "format", Value: c.String("format")},
			stages.Property{Name: "quality", Value: strconv.Itoa(t.quality)},
		),
	}
	t.encode.Parameters = append(t.encode.Parameters, t.extra...)
	if err := t.photograph(c); err != nil {
		return t, err
	}
	if m.Noisy() {
		t.encode.Parameters = append(t.encode.Parameters, seedOfRun(t.request))
	}
	t.naming = &naming{
		out: c.String("out"), base: c.String("base"), template: c.String("name"), to: t.request.To,
		model: m.Name, format: format, samples: c.Int("samples"), suffixes: suffixesOf(m, t.request.To), seed: t.request.Seed,
	}
	if t.naming.samples < 1 || t.naming.samples > 1 && !m.Noisy() {
		return t, usage("--samples %d: %s draws no noise, so one is all there is", t.naming.samples, m.Name)
	}
	return t, t.naming.prepare()
}

// parametersOf begins the identity of a result: what was asked of which model.
func parametersOf(m *models.Model, q models.Request) []stages.Property {
	return []stages.Property{
		{Name: "version", Value: Version},
		{Name: "model", Value: m.Manifest.Name},
		{Name: "digest", Value: m.Digest},
		{Name: "to", Value: q.To},
		{Name: "strength", Value: strconv.FormatFloat(q.Strength, 'g', -1, 64)},
	}
}

// seedOfRun is a part of the identity where there is noise.
func seedOfRun(q models.Request) stages.Property {
	return stages.Property{Name: "seed", Value: strconv.FormatUint(q.Seed, 10)}
}

// suffixesOf lists those of the further results on the way to a target.
func suffixesOf(m *manifest.Manifest, to string) []string {
	var suffixes []string
	for _, out := range m.Results(to)[1:] {
		suffixes = append(suffixes, out.Suffix)
	}
	return suffixes
}

// terminator ends each path that is printed.
func terminator(c *cli.Context) string {
	if c.Bool("print0") {
		return "\x00"
	}
	return "\n"
}

// requestOf reads what to ask of a model.
func requestOf(c *cli.Context, m *manifest.Manifest) (models.Request, error) {
	q := models.Request{To: c.String("to"), Strength: c.Float64("strength"), Seed: c.Uint64("seed")}
	if targets := m.Targets(); q.To == "" && len(targets) == 1 {
		q.To = targets[0]
	} else if q.To == "" && len(targets) > 1 {
		return q, usage("--to is missing: %s knows %s", m.Name, list(targets))
	}
	if err := m.CheckTarget(q.To, q.Strength); err != nil {
		return q, usage("%w", err)
	}
	return q, nil
}

// exemplarsOf reads which exemplars show what.
func exemplarsOf(c *cli.Context, m *manifest.Manifest) (map[string]string, error) {
	known := m.Exemplars()
	files := map[string]string{}
	for _, arg := range c.StringSlice("exemplar") {
		if len(known) == 0 {
			return nil, usage("--exemplar: %s takes none", m.Name)
		}
		attribute, file := known[0].Exemplar.Attribute, arg
		if before, after, ok := strings.Cut(arg, "="); ok && slices.ContainsFunc(known, func(in *manifest.Input) bool { return in.Exemplar.Attribute == before }) {
			attribute, file = before, after
		} else if len(known) > 1 {
			return nil, usage("--exemplar %s: say ATTRIBUTE=FILE for one of %s", arg, list(attributes(known)))
		}
		if files[attribute] != "" {
			return nil, usage("--exemplar %s: there is one already", arg)
		}
		files[attribute] = file
	}
	for _, in := range known {
		if in.Exemplar.Min > 0 && files[in.Exemplar.Attribute] == "" {
			return nil, usage("--exemplar is missing: %s takes one for each of %s", m.Name, list(attributes(known)))
		}
	}
	return files, nil
}

func attributes(exemplars []*manifest.Input) []string {
	var names []string
	for _, in := range exemplars {
		names = append(names, cmp.Or(in.Exemplar.Attribute, "its one input"))
	}
	return names
}

// readExemplars decodes the exemplars at the sizes that the model takes them.
func (t *translation) readExemplars(ctx context.Context) error {
	open := t.open
	open.OwnToo = true
	for _, in := range t.model.Manifest.Exemplars() {
		path, given := t.exemplars[in.Exemplar.Attribute]
		if !given {
			continue
		}
		fit := fitOf(in)
		read := stages.Then(stages.Open(open), stages.Then(stages.Decode(fit.Decoding()), stages.Resize(fit)))
		img, err := read(ctx, stages.Source{In: path})
		if err != nil {
			return cannotStart(fmt.Errorf("--exemplar %q: %w", path, err))
		}
		if t.request.Exemplars == nil {
			t.request.Exemplars = map[string]models.Picture{}
		}
		p := img.Pixels
		t.request.Exemplars[in.Exemplar.Attribute] = models.Picture{Height: p.Height, Width: p.Width, Pixels: p.Data}
		name := strings.Join(strings.Fields("exemplar "+in.Exemplar.Attribute), "-")
		t.encode.Parameters = append(t.encode.Parameters, stages.Property{Name: name, Value: img.Digest})
	}
	return nil
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
func sourceDomain(from string, m *manifest.Manifest, to string, in stages.InTarget) (string, error) {
	needed := m.NeedsSource(to) || in != stages.TranslateAnyway
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
	case "auto", "none":
	default:
		for id := range strings.SplitSeq(from, ",") {
			if !slices.Contains(m.DomainIDs(), id) {
				return "", usage("--from: %w", &manifest.DomainError{Domain: id, Known: append([]string{"any", "auto", "none"}, m.DomainIDs()...)})
			}
		}
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
		if t.naming.samples > 1 {
			return usage("--samples %d, and only one standard output", t.naming.samples)
		}
		t.open.OwnToo = true
		t.existing = stages.Redo
	}
	if c.Bool("dry-run") {
		return p.dryRun(in, terminator(c))
	}
	if err := t.readExemplars(run); err != nil {
		return err
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
	translator, err := runtime.NewTranslator(t.model, t.request, options)
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
		t.label.Threshold, t.label.Policy = found.Manifest.Classifier.Threshold, string(found.Manifest.Classifier.Policy)
		label = classifyBy(judge{classifier}, found.Manifest.Classified().Size.Shape, t.label, w)
	}
	records, err := newRecorder(c.String("report"))
	if err != nil {
		return cannotStart(fmt.Errorf("--report: %w", err))
	}
	defer alsoClose(&err, records)

	line := pipeline.New(run, w.inFlight())
	flow := translateLine(line, in.sources, t, w, t.seen(network{translator}), label)
	tally := p.newTally("translated", in.known, c.Bool("quiet"), c.Bool("verbose"))
	err = p.collect(flow, c, records, record{
		Model: t.model.Digest, Provider: translator.Provider(), To: t.request.To, Strength: t.request.Strength,
	}, tally)
	tally.finish(", on " + translator.Provider())
	return ending(err, reading, tally)
}

// collect is the end of the line: it records what became of each image, prints the
// paths of results, and counts. base is what the records of a run have in common.
func (p *program) collect(flow *pipeline.Flow[stages.Source, stages.Written], c *cli.Context, records *recorder, base record, tally *tally) error {
	return pipeline.Drain(flow, func(it pipeline.Item[stages.Source, stages.Written]) error {
		rec := base
		rec.fill(it)
		if err := records.write(rec); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
		for _, warning := range rec.Warnings {
			tally.line("%q: %s", rec.In, warning)
		}
		if rec.Status == statusDone || rec.Status == statusCopied {
			if err := p.deliver(it.Value, terminator(c)); err != nil {
				return err
			}
		}
		if rec.Repaired {
			tally.repaired++
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
}

// translateLine is gtx: the stages that a photograph passes, in order.
func translateLine(line *pipeline.Line, sources iter.Seq[stages.Source], t translation, w widths, n stages.Network, label labeller) *pipeline.Flow[stages.Source, stages.Written] {
	fit := t.fit
	files := pipeline.Each(pipeline.From(line, sources), "open", w.jobs, stages.Open(t.open))
	wanted := pipeline.Each(files, "compare", w.jobs, stages.Compare(t.existing, t.label.InTarget == stages.Copy, t.encode.Parameters))
	images := pipeline.Each(wanted, "decode", w.jobs, stages.Decode(fit.Decoding()))
	fitted := pipeline.Each(images, "resize", w.jobs, stages.Resize(fit))
	labelled := label(fitted)
	translated := pipeline.Batch(labelled, "translate", pipeline.Batching[stages.Labelled, stages.TranslationKey]{
		Size: w.batch, Workers: w.sessions, Key: stages.TranslateKey,
	}, stages.Translate(n))
	checked := pipeline.Each(translated, "check", w.jobs, stages.Check(t.check))
	detailed := pipeline.Each(checked, "detail", w.jobs, stages.Detail(t.detail))
	return pipeline.Each(detailed, "encode", w.jobs, stages.Encode(t.encode))
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
	_, err := io.WriteString(p.out, strings.Join(append([]string{w.Source.Out}, w.Source.More...), terminator)+terminator)
	return err
}

// dryRun prints each input and its output.
func (p *program) dryRun(in inputs, terminator string) error {
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
		for _, out := range append([]string{s.Out}, s.More...) {
			if _, err := io.WriteString(p.out, s.In+"\t"+out+terminator); err != nil {
				return err
			}
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
	r.Width, r.Height, r.Flagged, r.Repaired, r.Warnings = w.Width, w.Height, w.Flagged, w.Repaired, w.Warnings
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
