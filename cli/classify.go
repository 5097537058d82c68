package cli

import (
	"cmp"
	"fmt"

	"github.com/urfave/cli/v2"

	"gtx/cli/ledger"
	"gtx/cli/manual"
	"gtx/cli/outcomes"
	"gtx/cli/paths"
	"gtx/pipeline"
	"gtx/stages"
)

func (p *program) classifyCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "model", Category: manual.Translation, Value: builtIn, Usage: "`NAME` of a classifier, or of a model whose domains it should tell apart"},
	}
	flags = append(flags, inputFlags()...)
	flags = append(flags, engineFlags()...)
	return &cli.Command{
		Name:        "classify",
		Usage:       "name the domain of each image",
		ArgsUsage:   "[PATH ...]",
		Description: "Prints a line for each image: path, tab, domain, tab, probability.",
		Flags:       append(flags, p.talkFlags()...),
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
	in, err := p.readInputs(reading, c, paths.Nowhere, "")
	if err != nil {
		return err
	}
	runtime, err := openRuntime(c)
	if err != nil {
		return err
	}
	defer alsoClose(&err, runtime)
	asked, err := classifierFor(c, runtime, m)
	if err != nil {
		return err
	}
	defer alsoClose(&err, asked)
	p.explainFallback(c, m.Manifest.Name, asked)
	w, err := widthsOf(c, asked.Provider())
	if err != nil {
		return err
	}
	fit := fitOf(asked.manifest.Classified())
	queue := in.Queue()
	line := pipeline.New(run, w.inFlight())
	files := pipeline.Each(pipeline.From(line, queue.Sources), "open", w.jobs, stages.Open(open))
	images := pipeline.Each(files, "decode", w.jobs, stages.Decode(fit.Decoding()))
	fitted := pipeline.Each(images, "resize", w.jobs, stages.Resize(fit))
	labelled := asked.label(stages.LabelOptions{}, w)(fitted)
	tally := p.tally(c, "classified", in.Known)
	err = outcomes.Drain(labelled, queue, tally, func(it pipeline.Item[stages.Source, stages.Labelled]) error {
		if it.Err == nil {
			if _, err := fmt.Fprintf(p.out, "%s\t%s\t%.3f\n", it.Source.In, cmp.Or(it.Value.Domain, "unknown"), it.Value.P); err != nil {
				return err
			}
		}
		tally.Spent(it.Spans, asked.Provider())
		status, _, message := ledger.Outcome(it.Err)
		tally.Count(it.Source, status, message)
		return nil
	})
	tally.Finish(runsOn(asked))
	return ending(err, reading, tally)
}
