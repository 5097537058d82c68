package cli

import (
	"context"
	"io"
	"strconv"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/outcomes"
	"gtx/cli/paths"
	"gtx/cli/progress"
	"gtx/cli/release"
	"gtx/cli/reports"
	"gtx/cli/streams"
	"gtx/models"
	"gtx/models/manifest"
	"gtx/pipeline"
	"gtx/stages"
	"gtx/stages/durable"
)

// resultFlags are the options of commands that write images.
func resultFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "quality", Category: manual.Appearance, Value: 90, Usage: "write lossy formats at quality `Q`, 1 to 100"},
		&cli.StringFlag{Name: "encode", Category: manual.Appearance, Usage: "`OPTIONS` of JPEG, separated by commas: subsampling=420, 444 or source (the source's, if it is a JPEG), optimize=on (smaller files) or off (faster); default: source, and on up to 512x512"},
		&cli.StringFlag{Name: "existing", Category: manual.Results, Value: string(stages.ExistingSkip), Usage: "`POLICY` for an output that exists: skip it if it is up to date, redo it, or fail"},
		&cli.BoolFlag{Name: "touch", Category: manual.Results, Usage: "if an output is up to date, set its modification time to now, for make"},
		&cli.StringFlag{Name: "checkerboard", Category: manual.Appearance, Value: string(stages.CheckWarn), Usage: "`POLICY` for a result with a checkerboard: warn, fail, repair it, or off (do not look)"},
		&cli.BoolFlag{Name: "print0", Category: manual.Results, Usage: "end printed paths with NUL"},
		&cli.StringFlag{Name: "report", Category: manual.Reports, Usage: "write one JSON object per result to `FILE` or, if it is -, to standard output in place of the paths; a report of earlier runs is continued, and a later record of a result replaces the earlier one"},
		&cli.BoolFlag{Name: "report-new", Category: manual.Reports, Usage: "empty an existing report first"},
		reports.HTMLFlag(),
		&cli.BoolFlag{Name: "fail-fast", Category: manual.Reports, Usage: "stop at the first failure"},
		maxFailedFlag(),
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
	if manual.Given(c, "report-new") && c.String("report") == "" {
		return r, exit.Usage("--report-new needs --report")
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
		{Name: "version", Value: release.Number},
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

// collector makes the sink of a run. failures may be nil.
func (p *program) collector(c *cli.Context, records *reports.Journal, e *engine, tally *progress.Tally, queue *paths.Queue, stream streams.Stream, failures *paths.Failures) *outcomes.Collector {
	var printed io.Writer = p.out
	if c.String("report") == "-" {
		printed = io.Discard
	}
	return outcomes.New(outcomes.Options{
		Paths: printed, Terminator: terminator(c), FailFast: c.Bool("fail-fast"), Failures: failures, Records: records, Base: e.record(),
		Tally: tally, Queue: queue, Stream: stream, Where: runsOn(e.translator),
	})
}

// collect runs the line that flow ends. Meanwhile a signal can end it.
func (p *program) collect(flow *pipeline.Flow[stages.Source, stages.Written], k *outcomes.Collector) error {
	p.last.Store(k)
	return k.Run(flow)
}
