package cli

import (
	"context"
	"strconv"

	"github.com/urfave/cli/v2"

	"gtx/cli/ledger"
	"gtx/cli/progress"
	"gtx/cli/release"
	"gtx/cli/reports"
	"gtx/stages"
)

func (p *program) reportCommand() *cli.Command {
	return reports.Command{In: p.in, Out: p.out, Err: p.err, Run: func(c *cli.Context, do func(context.Context) error) error {
		_, reading, done := p.onSignals(c.Context)
		defer done()
		return ending(do(reading), reading, &progress.Tally{})
	}}.Command()
}

// openJournal opens the report of a run: that of a shard, that of --report, or one on standard output. e is nil for a
// command without a network.
func (p *program) openJournal(ctx context.Context, c *cli.Context, e *engine, part part) (_ *reports.Journal, err error) {
	a := reports.About{Report: c.String("report"), Out: p.out, Run: ledger.Run{Versions: map[string]string{"gtx": release.Built().Version}}}
	if part.task != nil {
		a.Shard = strconv.Itoa(part.shard.Index)
		if a.Report, err = part.task.Start(); err != nil {
			return nil, err
		}
	}
	if c.String("isolate") != "" { // generate reads no images, and has no options about them
		a.Images = func() (stages.OpenOptions, error) { return openOptions(c) }
	}
	if e != nil {
		a.Measured = e.measured
		a.Run.Name, a.Run.Model, a.Run.Provider, a.Run.Precision = e.model.Manifest.Name, e.model.Digest, e.translator.Provider(), e.translator.Precision()
		a.Run.Versions["ONNX Runtime"] = e.runtime.Version()
	}
	return reports.Open(ctx, c, a)
}
