package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/paths"
	"gtx/cli/progress"
	"gtx/cli/shards"
	"gtx/stages"
)

// shardFlags are the options that let many tasks share the work.
func shardFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "plan", Category: manual.Cluster, Usage: "translate a shard of the plan in `DIR`, which gtx plan made"},
		&cli.StringFlag{Name: "shard", Category: manual.Cluster, Usage: "`I` is the shard of --plan to do, from 0, or auto: the index that Slurm, Kubernetes or AWS Batch gives this task; without --plan, I/N is one of N parts of the inputs, by the hash of their paths"},
	}
}

// A part is what a task does of the inputs of a run: all, unless --plan or --shard is given.
type part struct {
	shard    shards.Shard
	plan     *shards.Plan // or nil
	entries  []string     // of the shard of a plan
	task     *shards.Task // of a plan, once it has begun
	complete bool         // every input has its record
}

// partOf reads --plan and --shard.
func (t *translation) partOf(c *cli.Context) (p part, err error) {
	dir, text := c.String("plan"), c.String("shard")
	if dir == "" && text == "" {
		return p, nil
	}
	if p.shard, err = shards.Parse(text, dir != "", os.Getenv); err != nil || dir == "" {
		return p, err
	}
	for _, other := range []string{"files-from", "base", "report", "report-new", "html", "failed"} {
		if c.IsSet(other) {
			return p, exit.Usage("--plan and --%s exclude each other: the plan has the inputs, and a report of each shard", other)
		}
	}
	switch {
	case c.NArg() > 0:
		return p, exit.Usage("--plan and paths exclude each other: gtx plan takes the paths")
	case !strings.Contains(t.naming.Template, "{dir}") || !strings.Contains(t.naming.Template, "{stem}"):
		return p, exit.Usage("--name %q lacks {dir} or {stem}: results of two shards could have one path", t.naming.Template)
	}
	if p.plan, err = shards.Open(dir); err != nil {
		return p, err
	}
	p.entries, err = p.plan.Entries(p.shard.Index)
	for i := 0; t.naming.Redo && err == nil && i < p.plan.Shards; i++ {
		var others []string
		if others, err = p.plan.Entries(i); err == nil {
			err = t.naming.Protect(others)
		}
	}
	return p, err
}

// begin begins the task of a part of a plan. Close ends it.
func (p *part) begin(s shards.Settings) (err error) {
	if p.plan != nil {
		p.task, err = p.plan.Begin(p.shard.Index, s)
	}
	return err
}

// Close ends the task. If every input has its record, the shard is done.
func (p *part) Close() error {
	if p.task == nil {
		return nil
	}
	var err error
	if p.complete {
		err = p.task.Finish()
	}
	return cmp.Or(err, p.task.Release())
}

// settings are what the tasks of a plan must agree on.
func (t *translation) settings(c *cli.Context) shards.Settings {
	s := shards.Settings{Model: t.model.Digest, Options: map[string]string{
		"out": c.String("out"), "name": t.naming.Template, "samples": strconv.Itoa(t.naming.Samples),
		"instances": t.instances, precisionOption: c.String(precisionOption), "checkerboard": string(t.results.check),
	}}
	encode := t.encodeOptions()
	for _, p := range encode.Parameters {
		if p.Name != "digest" { // of the model
			s.Options[p.Name] = p.Value
		}
	}
	if text := encode.JPEG.String(); text != "" {
		s.Options["encode"] = text
	}
	return s
}

// finished tells whether the shard is done. Images that failed are tried again.
func (p part) finished(existing stages.Existing) bool {
	return p.task != nil && p.task.Done != nil && p.task.Done.Failed() == 0 && existing != stages.ExistingRedo
}

// note prints a message unless the user wants only errors.
func (p *program) note(c *cli.Context, format string, args ...any) {
	if !c.Bool("quiet") {
		progress.Aside(p.err, p.events, fmt.Sprintf(format, args...))
	}
}

// readPart takes the inputs of a run from files, or a part of them.
func (p *program) readPart(ctx context.Context, c *cli.Context, t *translation) (in paths.Inputs, err error) {
	if t.part.plan != nil {
		return paths.Later(ctx, len(t.part.entries)*t.naming.Samples, slices.Values(t.part.entries), t.naming.Place), nil
	}
	in, err = p.readInputs(ctx, c, t.naming.Place, c.String("out"))
	switch {
	case err != nil || t.part.shard.Of == 0:
		return in, err
	case in.Single:
		return in, exit.Usage("--shard: standard input is one image")
	}
	return in.Only(func(s stages.Source) bool { return t.part.shard.Has(cmp.Or(s.Relative, s.In)) }), nil
}

// tally makes the tally of a run.
func (p *program) tally(c *cli.Context, verb string, known int) *progress.Tally {
	limit, _ := progress.ParseLimit(c.String(maxFailed)) // checked before
	t := progress.New(p.err, verb, known, progress.Options{
		Quiet: c.Bool("quiet"), Verbose: c.Bool("verbose"), JSON: p.events, Limit: limit,
	})
	if p.tty != nil {
		p.out.Before(t.Clear)
	}
	return t
}

const maxFailed = "max-failed"

// maxFailedFlag is the option that lets some images fail without failing the run.
func maxFailedFlag() cli.Flag {
	return &cli.StringFlag{Name: maxFailed, Category: manual.Reports, Usage: "exit 0 if at most `N` images fail, or N% of them; they are still named and recorded; a folder, list, tar or stream that cannot be read to its end still gives exit code 1", Action: func(c *cli.Context, text string) error {
		if _, err := progress.ParseLimit(text); err != nil {
			return exit.Usage("--%s %w", maxFailed, err)
		}
		if c.Bool("fail-fast") {
			return exit.Usage("--%s and --fail-fast exclude each other", maxFailed)
		}
		return nil
	}}
}

// failedFlag is the option about the inputs that failed.
func failedFlag() cli.Flag {
	return &cli.StringFlag{Name: "failed", Category: manual.Reports, Usage: "write the inputs that failed, or were not reached, to `FILE`, a list for --files-from; with --null its paths end with NUL"}
}

// progressFlag chooses between messages for people and for programs.
func (p *program) progressFlag() cli.Flag {
	return &cli.StringFlag{Name: "progress", Category: manual.Messages, Value: "auto", Usage: "`KIND` of messages: auto (a bar on a terminal) or json (one JSON object per line, for programs)", Action: func(c *cli.Context, kind string) error {
		_, err := oneOf(c, "progress", "auto", "json")
		p.events = kind == "json"
		return err
	}}
}
