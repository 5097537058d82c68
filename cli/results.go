package cli

import (
	"cmp"
	"context"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/manual"
	"gtx/cli/paths"
	"gtx/cli/progress"
	"gtx/cli/release"
	"gtx/cli/reports"
	"gtx/cli/stdout"
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

// A collector is the sink of the line: it records the outcome of each image, prints the paths of results, and
// counts.
type collector struct {
	out        *stdout.Writer
	paths      io.Writer // printed
	terminator string    // of each path that is printed
	failFast   bool
	failures   *paths.Failures
	records    *reports.Journal
	base       ledger.Record // the fields that all records of a run share
	tally      *progress.Tally
	queue      *paths.Queue
	stream     streams.Stream
	where      string // for the summary: where the network ran

	mu      sync.Mutex
	arrived map[int]outcome // done, and waiting for an earlier image
	ended   bool
}

// An outcome is an image that has come out of the line.
type outcome = pipeline.Item[stages.Source, stages.Written]

// collector makes the sink of a run.
func (p *program) collector(c *cli.Context, records *reports.Journal, e *engine, tally *progress.Tally, queue *paths.Queue, stream streams.Stream) *collector {
	var printed io.Writer = p.out
	if c.String("report") == "-" {
		printed = io.Discard
	}
	return &collector{
		out: p.out, paths: printed, terminator: terminator(c), failFast: c.Bool("fail-fast"), records: records, base: e.record(),
		tally: tally, queue: queue, stream: stream, where: runsOn(e.translator), arrived: map[int]outcome{},
	}
}

// collect runs the line that flow ends and prints the summary.
func (p *program) collect(flow *pipeline.Flow[stages.Source, stages.Written], k *collector) error {
	p.last.Store(k)
	err := pipeline.Collect(flow, k.arrive, k.take)
	if failed := k.finish(); failed != nil {
		return failed
	}
	return err
}

// drain runs the line of a command that writes no files. Inputs that sink did not get count as not reached.
func drain[T any](flow *pipeline.Flow[stages.Source, T], queue *paths.Queue, tally *progress.Tally, sink func(pipeline.Item[stages.Source, T]) error) error {
	err := pipeline.Drain(flow, func(it pipeline.Item[stages.Source, T]) error {
		if err := sink(it); err != nil {
			queue.Stop()
			return err
		}
		queue.Done(it.Seq)
		return nil
	})
	for range queue.Left {
		tally.Unreached++
	}
	tally.Unread = queue.Unread()
	return err
}

// arrive notes that an image is done.
func (k *collector) arrive(it outcome) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.arrived[it.Seq] = it
}

// take is the sink. Its error ends the run.
func (k *collector) take(it outcome) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return nil
	}
	return k.account(it)
}

// account records, prints and counts the outcome of an image.
func (k *collector) account(it outcome) error {
	delete(k.arrived, it.Seq)
	k.queue.Done(it.Seq)
	rec := k.base
	rec.Fill(it)
	effect, printed := k.stream.Take(it, &rec)
	if printed != nil {
		rec.Status, rec.Class, rec.Message = ledger.StatusFailed, "print", printed.Error()
	}
	var err error
	for _, tar := range effect.Tars {
		err = cmp.Or(err, k.record(tar))
	}
	if effect.Record {
		err = cmp.Or(err, k.record(rec))
	}
	if effect.Warn != "" {
		k.tally.Line("%s", effect.Warn)
	}
	if len(effect.Print) > 0 {
		_, err := io.WriteString(k.paths, strings.Join(effect.Print, k.terminator)+k.terminator)
		printed = cmp.Or(printed, err)
	}
	if effect.Count { // which draws the bar below the path
		if rec.Made() {
			k.records.Measured.Add(it.Spans)
		}
		k.tally.Spent(it.Spans, rec.Provider)
		k.tell(rec, it)
		if rec.Status == ledger.StatusFailed {
			k.failures.Add(it.Source)
		}
	}
	if err = cmp.Or(err, printed); err == nil && effect.Count && rec.Status == ledger.StatusFailed && k.failFast {
		err = exit.Silent(exit.CodeFailFast)
	}
	if err != nil {
		k.queue.Stop()
	}
	return err
}

// record writes a record. It counts the records that cannot be written, and returns the first error.
func (k *collector) record(rec ledger.Record) error {
	err := k.records.Write(rec)
	if err == nil {
		return nil
	}
	if k.tally.Unrecorded++; k.tally.Unrecorded > 1 {
		return nil // the first error ends the run
	}
	return err
}

// tell counts the outcome of an image and prints what a person should know about it.
func (k *collector) tell(rec ledger.Record, it outcome) {
	for _, warning := range rec.Warnings {
		k.tally.Line("%q: %s", rec.In, warning)
	}
	if rec.Repaired {
		k.tally.Repaired++
	}
	if rec.Flagged {
		k.tally.Flagged++
		k.tally.Line("%q: the translation shows a checkerboard (%.2f, %.2f, %.2f grey levels at periods 2, 4, 8)",
			rec.In, it.Value.After.A2, it.Value.After.A4, it.Value.After.A8)
	}
	k.tally.Count(it.Source, rec.Status, rec.Message)
}

// finish accounts for images that were done when the run was aborted and for inputs that it did not reach. Then
// it prints the summary. It does all this only once.
func (k *collector) finish() (err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return nil
	}
	k.ended = true
	_, files := k.stream.(streams.Files) // other streams take outcomes only in order
	for _, seq := range slices.Sorted(maps.Keys(k.arrived)) {
		if it := k.arrived[seq]; it.Source.Out != stages.Stdout && files {
			err = cmp.Or(err, k.account(it))
		}
	}
	for s := range k.queue.Left {
		if streams.IsMark(s) {
			continue
		}
		k.tally.Unreached++
		rec := k.base
		rec.Place(s)
		rec.Status = ledger.StatusUnreached
		k.failures.Add(s)
		err = cmp.Or(err, k.record(rec))
	}
	for _, said := range []string{k.stream.Unfinished(), k.failures.Lacking()} {
		if said != "" {
			k.tally.Line("%s", said)
		}
	}
	k.tally.Unread = k.queue.Unread()
	k.tally.Finish(k.where)
	return cmp.Or(err, k.failures.Write())
}
