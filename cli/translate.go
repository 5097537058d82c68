package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"gtx/cli/decoders"
	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/paths"
	"gtx/cli/streams"
	"gtx/models"
	"gtx/models/manifest"
	"gtx/pipeline"
	"gtx/stages"
	"gtx/stages/durable"
)

func (p *program) translateCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "to", Category: manual.Translation, Usage: "translate to `DOMAIN`; not needed if the model has only one"},
		&cli.StringFlag{Name: "model", Category: manual.Translation, Value: builtIn, Usage: "`NAME` of a model, or path of an .onnx file"},
		&cli.Float64Flag{Name: "strength", Category: manual.Translation, Value: 1, Usage: "scale the change by `S`; 1 is full strength"},
		&cli.StringFlag{Name: "from", Category: manual.Translation, Usage: "the source's `DOMAIN`, any (it does not matter) or auto (ask a classifier); default: auto if the model or --in-target needs the domain, any otherwise"},
		&cli.StringFlag{Name: "in-target", Category: manual.Translation, Value: string(stages.InTargetTranslate), Usage: "`POLICY` for an image already in the target domain: translate, copy (byte for byte) or skip it"},
		&cli.StringSliceFlag{Name: "exemplar", Category: manual.Translation, Usage: "`[ATTRIBUTE=]FILE` is an image that shows what is wanted, for models that take exemplars; repeat it for models that take several"},
		&cli.StringFlag{Name: "instances", Category: manual.Translation, Usage: "`DIR` holds an instance map for each label map, for models that take one: a PNG of the same size, path and name"},
		&cli.Uint64Flag{Name: "seed", Category: manual.Translation, Usage: "draw noise from seed `N`: the same seed, and the same path below the folder or --base, give the same result"},
		&cli.IntFlag{Name: "samples", Category: manual.Translation, Value: 1, Usage: "make `N` results of each image, for models that draw noise"},

		&cli.StringFlag{Name: "out", Category: manual.Results, Aliases: []string{"o"}, Usage: "write below `DIR`, in the same tree as the inputs; default: beside each input"},
		&cli.StringFlag{Name: "format", Category: manual.Results, Value: "same", Usage: "write `FORMAT`: same, jpg, png, webp, tiff or avif"},
		&cli.StringFlag{Name: "name", Category: manual.Results, Usage: "`TEMPLATE` for the results' names, with the fields {dir}, {stem}, {ext}, {to}, {model}, {sample}; {stem} keeps the source's extension where names would clash, as in IMG_1.HEIC.jpg"},
		&cli.BoolFlag{Name: "dry-run", Category: manual.Results, Aliases: []string{"n"}, Usage: "only print input, tab, output, without checking whether results are up to date"},
		&cli.StringFlag{Name: "base", Category: manual.Results, Value: ".", Usage: "with -o, keep the paths of single files relative to `DIR`"},
	}
	flags = append(flags, fidelityFlags()...)
	flags = append(flags, resultFlags()...)
	flags = append(flags, failedFlag())
	flags = append(flags, inputFlags()...)
	flags = append(flags, engineFlags()...)
	flags = append(flags, shardFlags()...)
	flags = append(flags, streams.Flags()...)
	return &cli.Command{
		Name:      "translate",
		Usage:     "translate images",
		ArgsUsage: "[PATH ...]",
		Description: "PATH is a file or a folder. Without one, paths are read from standard input,\n" +
			"one per line. - as the only PATH translates one image from standard input to\n" +
			"standard output. Prints the path of each result, in input order, as soon as the\n" +
			"file is complete.",
		Flags:  append(flags, p.talkFlags()...),
		Action: p.translate,
	}
}

// A translation is what the options of translate ask for, checked.
type translation struct {
	model     *models.Model
	request   models.Request
	exemplars map[string][]string // attribute -> files
	digests   []stages.Property   // of the exemplars, once they are read
	instances string              // folder; "" for models that take none
	from      string              // "any", "auto", "none" or domains with commas
	inTarget  stages.InTarget
	open      stages.OpenOptions
	results   results
	fidelity  fidelity
	naming    *paths.Naming
	part      part // of the inputs
	failures  *paths.Failures
	required  []stages.Required // of an existing result
	madeBy    []stages.Property // of a new one, once the engine is open
}

// translationOf checks everything that can be checked before anything is opened.
func translationOf(c *cli.Context) (t translation, err error) {
	if t.model, err = findModel(c.String("model")); err != nil {
		return t, err
	}
	m := t.model.Manifest
	switch {
	case m.Generates():
		return t, exit.Usage("%s takes no image: use gtx generate", m.Name)
	case !m.Translates():
		return t, exit.Usage("%s only classifies: use gtx classify", m.Name)
	}
	if t.request, err = requestOf(c, m); err != nil {
		return t, err
	}
	if t.exemplars, err = exemplarsOf(c, m); err != nil {
		return t, err
	}
	if t.instances, err = instancesOf(c, m); err != nil {
		return t, err
	}
	if t.inTarget, err = oneOf(c, "in-target", stages.InTargetTranslate, stages.InTargetCopy, stages.InTargetSkip); err != nil {
		return t, err
	}
	if t.from, err = sourceDomain(c.String("from"), m, t.request.To, t.inTarget); err != nil {
		return t, err
	}
	if t.results, err = resultsOf(c); err != nil {
		return t, err
	}
	if t.open, err = openOptions(c); err != nil {
		return t, err
	}
	t.open.Decoders.Keep(decoders.Kept)
	if t.fidelity, err = fidelityOf(c, m); err != nil {
		return t, err
	}
	if t.required, err = required(c); err != nil {
		return t, err
	}
	if t.naming, err = translationNaming(c, m, t.request); err != nil {
		return t, err
	}
	t.naming.Named = namedFiles(c, t.exemplars)
	t.naming.Redo = t.results.existing == stages.ExistingRedo
	t.failures, err = paths.NewFailures(c.String("failed"), c.String("out"), c.Bool("null"))
	return t, err
}

// translationNaming reads the options that say where translate writes its results.
func translationNaming(c *cli.Context, m *manifest.Manifest, q models.Request) (*paths.Naming, error) {
	if _, err := oneOf(c, "format", append([]stages.Format{sameFormat}, streams.Formats(c)...)...); err != nil {
		return nil, err
	}
	base := c.String("base")
	if info, err := os.Stat(base); base != "." && (err != nil || !info.IsDir()) { // the user may not enter "."
		return nil, exit.Usage("--base %q is not a folder", base)
	}
	samples := c.Int("samples")
	if samples < 1 || samples > 1 && !m.Noisy() {
		return nil, exit.Usage("--samples %d: %s uses no noise: there is only one result", samples, m.Name)
	}
	return paths.New(paths.Naming{
		Out: c.String("out"), Base: base, Template: c.String("name"), To: q.To, Model: m.Name,
		Format: formatOf(c), Samples: samples, Suffixes: suffixesOf(m, q.To), Noisy: m.Noisy(), Seed: q.Seed,
	})
}

// sameFormat is the --format that gives each result the format of its input.
const sameFormat stages.Format = "same"

// formatOf is the format of --format, or "" for that of each input.
func formatOf(c *cli.Context) stages.Format {
	if format := stages.Format(c.String("format")); format != sameFormat {
		return format
	}
	return ""
}

// checkUnchanged refuses options that cannot apply to an image in the target domain, which leaves unchanged. It
// also refuses copies beside their sources: they carry no mark of gtx, so the next run would take them as inputs.
func (p *program) checkUnchanged(c *cli.Context, policy stages.InTarget) error {
	pipe, streamed := slices.Equal(p.operands(c), []string{"-"}), c.Bool("tar") || c.Bool("frames") || c.String("shards") != ""
	if policy != stages.InTargetCopy && !(policy == stages.InTargetSkip && pipe && !streamed) {
		return nil
	}
	option := ""
	switch {
	case c.Bool("strip"):
		option = "strip"
	case c.Bool("strip-gps"):
		option = "strip-gps"
	case c.String("size") != "" && c.String("size") != "source":
		option = "size"
	case formatOf(c) != "" && !streamed: // a stream names copies by their content
		option = "format"
	case c.String("out") == "" && !pipe && !streamed:
		return exit.Usage("--in-target copy needs -o DIR: the next run would take copies beside their sources for inputs")
	default:
		return nil
	}
	return &exit.Failure{Code: exit.CodeUsage, Err: exit.Hint(
		fmt.Errorf("--%s and --in-target %s exclude each other: an image in the target domain leaves byte for byte", option, policy),
		"leave out --"+option+", or let gtx translate such images as well",
	)}
}

// encodeOptions say how results are written and what their identity consists of.
func (t translation) encodeOptions() stages.EncodeOptions {
	f := t.fidelity
	parameters := append(parametersOf(t.model, t.request),
		stages.Property{Name: "from", Value: t.from},
		stages.Property{Name: "inTarget", Value: string(t.inTarget)},
		stages.Property{Name: "format", Value: string(cmp.Or(t.naming.Format, sameFormat))},
		stages.Property{Name: "quality", Value: strconv.Itoa(t.results.quality)},
	)
	parameters = append(parameters, slices.Concat(t.results.parameters(), f.parameters())...)
	if t.model.Manifest.Noisy() {
		parameters = append(parameters, seedOfRun(t.request))
	}
	return stages.EncodeOptions{
		Size: f.size, Quality: t.results.quality, JPEG: t.results.jpeg, InTarget: t.inTarget, Parameters: append(parameters, t.digests...),
		MadeBy: t.madeBy, Required: t.required, Touch: t.results.touch,
		KeepProfile: f.keepProfile, Strip: f.strip, StripGPS: f.stripGPS,
	}
}

// toStdout prepares a translation of one image to standard output. It refuses options that say where files go.
func (t *translation) toStdout(c *cli.Context) error {
	for _, option := range []string{"out", "base", "name"} {
		if manual.Given(c, option) {
			return exit.Usage("--%s is for files: the result of - goes to standard output", option)
		}
	}
	if t.naming.Samples > 1 {
		return exit.Usage("--samples %d: standard output takes only one result", t.naming.Samples)
	}
	t.open.OwnToo = true
	t.results.existing = stages.ExistingRedo
	return nil
}

// inputs are what the translation reads, from files or from the stream that the options ask for.
func (p *program) inputs(ctx context.Context, c *cli.Context, t *translation) (stream streams.Stream, in paths.Inputs, err error) {
	stream, err = streams.Of(c, streams.Source{
		Stdin: p.in, MaxPixels: t.open.MaxPixels,
		Recode: func(s stages.Source) ([]byte, error) {
			return stages.Recode(t.open, t.encodeOptions())(context.WithoutCancel(ctx), s)
		},
		Files: func(ctx context.Context, place paths.Placer) (paths.Inputs, error) {
			return p.readInputs(ctx, c, place, c.String("out"))
		},
	}, streams.Options{Stdout: p.out, Naming: t.naming, Existing: t.results.existing, Touch: t.results.touch})
	switch {
	case err != nil:
		return nil, in, err
	case stream == nil:
		stream = streams.Files{Stdout: p.out}
		in, err = p.readPart(ctx, c, t)
	default:
		in, err = stream.Inputs(ctx)
		t.open.OwnToo = c.String("shards") == ""
	}
	if err == nil && in.Single {
		err = t.toStdout(c)
	}
	return stream, in, err
}

func (p *program) translate(c *cli.Context) (err error) {
	runtime := load(c)
	defer alsoClose(&err, runtime)
	t, err := translationOf(c)
	if err != nil {
		return err
	}
	if err := p.checkUnchanged(c, t.inTarget); err != nil {
		return err
	}
	if t.part, err = t.partOf(c); err != nil {
		return err
	}
	run, reading, done := p.onSignals(c.Context)
	defer done()
	stream, in, err := p.inputs(reading, c, &t)
	if err != nil {
		return err
	}
	defer alsoClose(&err, stream)
	if err := checkWritten(c, in, t.exemplars); err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return p.dryRun(in, t.open.OwnToo, terminator(c))
	}
	if t.request.Exemplars, t.digests, err = readExemplars(run, t.open, t.model.Manifest, t.exemplars); err != nil {
		return err
	}
	if err := paths.Writable(c.String("out")); err != nil {
		return err
	}
	if err := t.part.begin(t.settings(c)); err != nil {
		return err
	}
	defer alsoClose(&err, &t.part)
	if t.part.finished(t.results.existing) {
		p.note(c, "shard %d of %q is done already: --existing redo does it again", t.part.shard.Index, c.String("plan"))
		return t.part.task.Tidy()
	}
	return p.perform(run, reading, c, runtime, &t, in, stream)
}

// perform translates the inputs. Everything else has been checked.
func (p *program) perform(run, reading context.Context, c *cli.Context, runtime *loading, t *translation, in paths.Inputs, stream streams.Stream) (err error) {
	e, err := openEngine(c, runtime, t.model, t.request)
	if err != nil {
		return err
	}
	defer alsoClose(&err, e)
	n, err := t.fidelity.network(e.network())
	if err != nil {
		return err
	}
	p.explainFallback(c, t.model.Manifest.Name, e.translator)
	label, asked, err := t.labeller(c, e)
	if err != nil {
		return err
	}
	defer alsoClose(&err, asked)
	records, err := p.openJournal(run, c, e, t.part)
	if err != nil {
		return err
	}
	out := durable.NewWriter()
	defer alsoClose(&err, out)
	t.madeBy = e.madeBy()
	queue := in.Queue()
	flow := translateLine(pipeline.New(run, e.widths.inFlight()), queue.Sources, *t, e.widths, n, label, out)
	tally := p.tally(c, "translated", in.Known)
	err = ending(p.collect(flow, p.collector(c, records, e, tally, queue, stream, t.failures)), reading, tally)
	alsoClose(&err, records)
	t.part.complete = records.Whole && tally.Unreached == 0 && tally.Unrecorded == 0
	return err
}

// labeller returns the stage that labels images, and the classifier that it asks, for closing.
func (t translation) labeller(c *cli.Context, e *engine) (labeller, io.Closer, error) {
	labels := stages.LabelOptions{Target: t.request.To, InTarget: t.inTarget}
	if t.from != "auto" {
		return labelAs(t.from, labels), io.NopCloser(nil), nil
	}
	asked, err := classifierFor(c, e.runtime, t.model)
	if err != nil {
		return nil, nil, exit.CannotStart(exit.Hint(err, "with --from DOMAIN no classifier is needed"))
	}
	return asked.label(labels, e.widths), asked, nil
}

// translateLine is the heart of gtx: the stages of a translation, in order.
func translateLine(line *pipeline.Line, sources iter.Seq[stages.Source], t translation, w widths, n stages.Network, label labeller, out *durable.Writer) *pipeline.Flow[stages.Source, stages.Written] {
	fit, encode := t.fidelity.fit(t.model.Manifest), t.encodeOptions()
	encode.Writer = out
	open := stages.Open(t.open)
	if t.instances != "" {
		open = stages.Then(open, stages.Instances(t.instances, t.open))
	}
	files := pipeline.Each(pipeline.From(line, sources), "open", w.jobs, open)
	wanted := pipeline.Each(files, "compare", w.jobs, stages.Compare(t.results.existing, encode))
	images := pipeline.Each(wanted, "decode", w.jobs, t.fidelity.detailOptions().Decode(fit.Decoding()))
	fitted := pipeline.Each(images, "resize", w.jobs, stages.Resize(fit))
	labelled := label(fitted)
	translated := pipeline.Batch(labelled, "translate", pipeline.Batching[stages.Labelled, stages.TranslationKey]{
		Size: w.batch, Workers: w.sessions, Key: stages.TranslateKey,
	}, stages.Translate(n))
	checked := pipeline.Each(translated, "check", w.jobs, stages.Check(t.results.check))
	detailed := pipeline.Each(checked, "detail", w.jobs, stages.Detail(t.fidelity.detailOptions()))
	return synced(pipeline.Each(detailed, "encode", w.jobs, stages.Encode(encode)), out)
}

// dryRun prints each input with its outputs. Files that gtx made are no inputs, unless ownToo.
func (p *program) dryRun(in paths.Inputs, ownToo bool, terminator string) error {
	failed := false
	for s := range in.Sources {
		if s.Err == nil && s.Out == "" {
			s.Err = errors.New("not an image that gtx can read")
		}
		if s.Err != nil {
			failed = true
			p.say(fmt.Errorf("%q: %w", s.In, s.Err))
			continue
		}
		if !ownToo && stages.IsOwn(s.In) {
			continue
		}
		for _, out := range append([]string{s.Out}, s.More...) {
			if _, err := io.WriteString(p.out, s.In+"\t"+out+terminator); err != nil {
				return err
			}
		}
	}
	if failed {
		return exit.Silent(exit.CodeSome)
	}
	return nil
}
