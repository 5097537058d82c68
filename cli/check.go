package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"gtx/pipeline"
	"gtx/stages"
)

func (p *program) checkCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "print one JSON object a line: path, a2, a4, a8, flagged"},
		&cli.IntFlag{Name: "jobs", Usage: "work on `N` images at once; 0: one a processor", EnvVars: option("jobs")},
	}
	flags = append(flags, inputFlags()...)
	return &cli.Command{
		Name:      "check",
		Usage:     "score images for checkerboard artefacts",
		ArgsUsage: "[PATH ...]",
		Description: "Prints a line for each image: path, the amplitudes in grey levels of the patterns\n" +
			"that repeat every 2, 4 and 8 pixels, and flagged or clean; n/a for pictures with\n" +
			"a side below 64 pixels.",
		Flags:  append(flags, talkFlags()...),
		Action: p.check,
	}
}

// A scored is a picture's score as check prints it.
type scored struct {
	Path    string   `json:"path"`
	A2      *float64 `json:"a2"` // null: too small to tell
	A4      *float64 `json:"a4"`
	A8      *float64 `json:"a8"`
	Flagged bool     `json:"flagged"`
}

func (p *program) check(c *cli.Context) error {
	open, err := openOptions(c)
	if err != nil {
		return err
	}
	open.OwnToo = true
	w, err := widthsOf(c, "cpu")
	if err != nil {
		return err
	}
	run, reading, done := p.onSignals(c.Context)
	defer done()
	in, err := p.readInputs(reading, c, nowhere, "")
	if err != nil {
		return err
	}
	line := pipeline.New(run, w.inFlight())
	files := pipeline.Each(pipeline.From(line, in.sources), "open", w.jobs, stages.Open(open))
	images := pipeline.Each(files, "decode", w.jobs, stages.Decode(nil))
	scores := pipeline.Each(images, "check", w.jobs, func(_ context.Context, img stages.Image) (stages.Score, error) {
		return stages.ScoreOf(img.Pixels), nil
	})
	tally := p.newTally("checked", in.known, c.Bool("quiet"), c.Bool("verbose"))
	err = pipeline.Drain(scores, func(it pipeline.Item[stages.Source, stages.Score]) error {
		if it.Err == nil {
			if it.Value.Flagged(stages.Score{}) {
				tally.flagged++
			}
			if err := p.printScore(it.Source.In, it.Value, c.Bool("json")); err != nil {
				return err
			}
		}
		status, _, message := outcome(it.Err)
		tally.count(it.Source.In, status, message)
		return nil
	})
	tally.finish("")
	return ending(err, reading, tally)
}

func (p *program) printScore(path string, s stages.Score, asJSON bool) error {
	flagged := s.Flagged(stages.Score{})
	if asJSON {
		line := scored{Path: path, Flagged: flagged}
		if a := amplitudesOf(s); a != nil {
			line.A2, line.A4, line.A8 = &a.A2, &a.A4, &a.A8
		}
		enc := json.NewEncoder(p.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(line)
	}
	verdict := "clean"
	if flagged {
		verdict = "flagged"
	}
	var err error
	if s.Valid {
		_, err = fmt.Fprintf(p.out, "%s\t%.3f\t%.3f\t%.3f\t%s\n", path, s.A2, s.A4, s.A8, verdict)
	} else {
		_, err = fmt.Fprintf(p.out, "%s\tn/a\tn/a\tn/a\tn/a\n", path)
	}
	return err
}
