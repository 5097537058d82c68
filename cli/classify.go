package cli

import (
	"cmp"
	"fmt"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/pipeline"
	"gtx/stages"
)

func (p *program) classifyCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "model", Value: builtIn, Usage: "`NAME` of a classifier, or of the model whose domains to tell apart", EnvVars: option("model")},
	}
	flags = append(flags, inputFlags()...)
	flags = append(flags, networkFlags()...)
	return &cli.Command{
		Name:        "classify",
		Usage:       "name each image's domain",
		ArgsUsage:   "[PATH ...]",
		Description: "Prints a line for each image: path, tab, domain, tab, probability.",
		Flags:       append(flags, talkFlags()...),
		Action:      p.classify,
	}
}

func (p *program) classify(c *cli.Context) (err error) {
	m, err := findModel(c.String("model"))
	if err != nil {
		return err
	}
	open, err := openOptions(c)
	if err != nil {
		return err
	}
	open.OwnToo = true
	run, reading, done := p.onSignals(c.Context)
	defer done()
	in, err := p.readInputs(reading, c, nowhere, "")
	if err != nil {
		return err
	}
	runtime, err := openRuntime(c)
	if err != nil {
		return err
	}
	defer alsoClose(&err, runtime)
	m, classifier, err := classifierFor(runtime, m, models.Options{Device: c.String("device")})
	if err != nil {
		return err
	}
	defer alsoClose(&err, classifier)
	w, err := widthsOf(c, classifier.Provider())
	if err != nil {
		return err
	}
	spec, fit := m.Manifest.Classifier, fitOf(m.Manifest.Classified())
	label := stages.LabelOptions{Threshold: spec.Threshold, Policy: string(spec.Policy)}
	line := pipeline.New(run, w.inFlight())
	files := pipeline.Each(pipeline.From(line, in.sources), "open", w.jobs, stages.Open(open))
	images := pipeline.Each(files, "decode", w.jobs, stages.Decode(fit.Decoding()))
	fitted := pipeline.Each(images, "resize", w.jobs, stages.Resize(fit))
	labelled := classifyBy(judge{classifier}, fit.Shape, label, w)(fitted)
	tally := p.newTally("classified", in.known, c.Bool("quiet"), c.Bool("verbose"))
	err = pipeline.Drain(labelled, func(it pipeline.Item[stages.Source, stages.Labelled]) error {
		if it.Err == nil {
			if _, err := fmt.Fprintf(p.out, "%s\t%s\t%.3f\n", it.Source.In, cmp.Or(it.Value.Domain, "unknown"), it.Value.P); err != nil {
				return err
			}
		}
		status, _, message := outcome(it.Err)
		tally.count(it.Source.In, status, message)
		return nil
	})
	tally.finish(", on " + classifier.Provider())
	return ending(err, reading, tally)
}
