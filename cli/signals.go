package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"gtx/cli/exit"
	"gtx/cli/progress"

	"golang.org/x/sync/errgroup"
)

// interrupted is the cause of a context that was cancelled by a signal.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return "stopped by " + i.signal.String() }

// patience is how long the work under way has to end after the second signal. Encoders cannot be stopped.
// A result under its final name is always complete, so the program may end at any moment. lastWords is how long
// the report and the summary may take then.
const (
	patience  = 700 * time.Millisecond
	lastWords = 300 * time.Millisecond
)

// onSignals returns two contexts. The first signal cancels reading, so that gtx
// finishes what it has read. The second signal cancels run, and ends the program after patience if
// something is still under way. Call done at the end.
func (p *program) onSignals(parent context.Context) (run, reading context.Context, done func()) {
	run, abort := context.WithCancelCause(parent)
	reading, drain := context.WithCancelCause(run)
	signals := make(chan os.Signal, 2)
	notify(signals)
	var force *time.Timer
	var group errgroup.Group
	group.Go(func() error {
		for s := range signals {
			cause := interrupted{s.(syscall.Signal)}
			if reading.Err() == nil {
				progress.Aside(p.err, p.events, "finishing what is under way; interrupt again to stop at once")
				drain(cause)
			} else if run.Err() == nil {
				abort(cause)
				force = time.AfterFunc(patience, func() { p.endNow(128 + int(cause.signal)) })
			}
		}
		return nil
	})
	return run, reading, func() {
		var stopped interrupted
		if errors.As(context.Cause(reading), &stopped) {
			exitOnSignal(128 + int(stopped.signal))
		}
		signal.Stop(signals)
		close(signals)
		group.Wait()
		if force != nil {
			force.Stop()
		}
		abort(nil)
	}
}

// notify sends the signals that end a run to a channel.
func notify(signals chan<- os.Signal) {
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		signal.Notify(signals, syscall.SIGHUP)
	}
}

// exitOnSignal lets a signal that comes while gtx tidies up end gtx with an exit code. Otherwise it would kill gtx.
func exitOnSignal(code int) {
	late := make(chan os.Signal, 1)
	notify(late)
	go func() {
		<-late
		os.Exit(code)
	}()
}

// endNow ends the program with work under way. It leaves a complete report and the summary, unless they wait for a
// reader that has stopped.
func (p *program) endNow(code int) {
	time.AfterFunc(lastWords, func() { os.Exit(code) })
	if k := p.last.Load(); k != nil {
		_ = k.Finish()
	}
	os.Exit(code)
}

// ending is the error that a command returns after a run: for a signal, for an error
// of the sink, or for images that failed, in this order.
func ending(err error, reading context.Context, t *progress.Tally) error {
	var stopped interrupted
	if errors.As(context.Cause(reading), &stopped) {
		if errors.As(err, new(interrupted)) {
			err = nil
		}
		return &exit.Failure{Code: 128 + int(stopped.signal), Err: err}
	}
	if err != nil {
		return err
	}
	if t.TooMany() {
		return exit.Silent(exit.CodeSome)
	}
	return nil
}
