package cli

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/progress"
	"gtx/models"
	"gtx/models/manifest"
	"gtx/pipeline"
	"gtx/stages"
	"gtx/stages/durable"
)

// resultFlags are the options of commands that write images.
func resultFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "quality", Value: 90, Usage: "write lossy formats at quality `Q`, 1 to 100"},
		&cli.StringFlag{Name: "encode", Usage: "`OPTIONS` of JPEG, with commas: subsampling=420, 444 or source (the source's, if it is a JPEG), optimize=on (smaller files) or off (faster); default: source, and on up to 512x512"},
		&cli.StringFlag{Name: "existing", Value: string(stages.ExistingSkip), Usage: "`POLICY` for an output that exists: skip it if it is up to date, redo it, or fail"},
		&cli.BoolFlag{Name: "touch", Usage: "set the time of an output that is skipped because it is up to date to now, for make"},
		&cli.StringFlag{Name: "checkerboard", Value: string(stages.CheckWarn), Usage: "`POLICY` for a result with a checkerboard: warn, fail, repair it, or off (do not look)"},
		&cli.BoolFlag{Name: "print0", Usage: "end printed paths with NUL"},
		&cli.StringFlag{Name: "report", Usage: "write one JSON object per input to `FILE`; a report of earlier runs is continued, and a later record of an input replaces the earlier"},
		&cli.BoolFlag{Name: "report-new", Usage: "empty an existing report first"},
		&cli.BoolFlag{Name: "fail-fast", Usage: "stop at the first failure"},
	}
}

// results holds the values of resultFlags that decide what is written, checked.
type results struct {
	existing stages.Existing
	touch    bool
	check    stages.Checkerboard
	quality  int
	jpeg     stages.JPEGOptions
}

func resultsOf(c *cli.Context) (r results, err error) {
	if r.existing, err = oneOf(c, "existing", stages.ExistingSkip, stages.ExistingRedo, stages.ExistingFail); err != nil {
		return r, err
	}
	r.touch = c.Bool("touch")
	if r.check, err = oneOf(c, "checkerboard", stages.CheckWarn, stages.CheckFail, stages.CheckRepair, stages.CheckOff); err != nil {
		return r, err
	}
	if r.quality = c.Int("quality"); r.quality < 1 || r.quality > 100 {
		return r, exit.Usage("--quality %d is not between 1 and 100", r.quality)
	}
	if text := c.String("encode"); text != "" {
		if r.jpeg, err = stages.ParseJPEG(text); err != nil {
			return r, exit.Usage("--encode: %w", err)
		}
	}
	return r, nil
}

// parameters are what results adds to the identity of a result. Of the policies, only repair changes
// pixels.
func (r results) parameters() []stages.Property {
	if r.check == stages.CheckRepair {
		return []stages.Property{{Name: "checkerboard", Value: string(stages.CheckRepair)}}
	}
	return nil
}

// parametersOf is the part of a result's identity that every command has: program, model and request.
func parametersOf(m *models.Model, q models.Request) []stages.Property {
	return []stages.Property{
		{Name: "version", Value: Version},
		{Name: "model", Value: m.Manifest.Name},
		{Name: "digest", Value: m.Digest},
		{Name: "to", Value: q.To},
		{Name: "strength", Value: strconv.FormatFloat(q.Strength, 'g', -1, 64)},
	}
}

// seedOfRun belongs to the identity of results of models that take noise.
func seedOfRun(q models.Request) stages.Property {
	return stages.Property{Name: "seed", Value: strconv.FormatUint(q.Seed, 10)}
}

// suffixesOf lists the suffixes of a network's second and later outputs for a target.
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

// synced adds the stage that makes results durable. While one group of results is synced, the next one gathers.
func synced(encoded *pipeline.Flow[stages.Source, stages.Encoded], out *durable.Writer) *pipeline.Flow[stages.Source, stages.Written] {
	sync := stages.Sync(out)
	return pipeline.Batch(encoded, "sync", pipeline.Batching[stages.Encoded, int]{
		Size: durable.GroupMost, Workers: 1, Key: func(stages.Encoded) int { return 0 }, Light: true,
	}, func(ctx context.Context, group []stages.Encoded) ([]stages.Written, error) {
		written, errs := sync(ctx, group)
		return written, pipeline.Errors(errs).Or()
	})
}

// collect is the sink of the line: it records the outcome of each image, prints the paths of results, and
// counts. base has the fields that all records of a run share.
func (p *program) collect(flow *pipeline.Flow[stages.Source, stages.Written], c *cli.Context, records *ledger.Ledger, base ledger.Record, tally *progress.Tally) error {
	return pipeline.Drain(flow, func(it pipeline.Item[stages.Source, stages.Written]) error {
		rec := base
		rec.Fill(it)
		if err := records.Write(rec); err != nil {
			return err
		}
		for _, warning := range rec.Warnings {
			tally.Line("%q: %s", rec.In, warning)
		}
		if rec.Status == ledger.StatusDone || rec.Status == ledger.StatusCopied {
			if err := p.deliver(it.Value, terminator(c)); err != nil {
				return err
			}
		}
		if rec.Repaired {
			tally.Repaired++
		}
		if rec.Flagged {
			tally.Flagged++
			tally.Line("%q: the translation shows a checkerboard (%.2f, %.2f, %.2f grey levels at periods 2, 4, 8)",
				rec.In, it.Value.After.A2, it.Value.After.A4, it.Value.After.A8)
		}
		tally.Count(rec.In, rec.Status, rec.Message)
		if rec.Status == ledger.StatusFailed && c.Bool("fail-fast") {
			return exit.Silent(exit.CodeFailFast)
		}
		return nil
	})
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
