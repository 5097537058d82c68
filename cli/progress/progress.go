// Package progress tells a person how a run goes: failures as they happen, a bar on a terminal, and a summary at
// the end.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"gtx/cli/ledger"
	"gtx/stages"
)

// A Tally counts the outcomes of a run. It prints failures as they happen, and a summary at the end.
type Tally struct {
	out     io.Writer
	quiet   bool
	verbose bool
	verb    string // such as translated, for the summary
	start   time.Time
	total   int // number of inputs, or -1
	limit   Limit
	bar     *progressbar.ProgressBar // nil unless messages go to a terminal
	events  *events                  // nil unless messages go to a program

	Failed, Flagged, Repaired int
	Unreached                 int  // inputs that the run ended before
	Unread                    bool // standard input holds more paths
	Unrecorded                int  // inputs whose outcome is not in the report

	done, copied int
	skipped      map[string]int // by reason
}

// Options say what a Tally prints, and how many failures it allows.
type Options struct {
	Quiet, Verbose bool
	JSON           bool // print events for programs: one JSON object per line
	Limit          Limit
}

// New starts the clock. Messages go to out. total is the number of inputs, or -1 if it is not known.
func New(out io.Writer, verb string, total int, o Options) *Tally {
	t := &Tally{out: out, quiet: o.Quiet, verbose: o.Verbose, limit: o.Limit, verb: verb, total: total, start: time.Now(), skipped: map[string]int{}}
	if o.JSON {
		t.events = newEvents(out)
		return t
	}
	f, ok := out.(*os.File)
	if !ok || o.Quiet || !isatty.IsTerminal(f.Fd()) || os.Getenv("TERM") == "dumb" {
		return t
	}
	t.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(out),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("images"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetRenderBlankState(true),
	)
	return t
}

// Line prints a message above the bar.
func (t *Tally) Line(format string, args ...any) {
	if t.events != nil {
		t.events.send(message{Event: "warning", Message: fmt.Sprintf(format, args...)})
		return
	}
	if t.bar != nil {
		t.bar.Clear()
	}
	fmt.Fprintf(t.out, "gtx: "+format+"\n", args...)
}

// Count adds an outcome and prints a failure.
func (t *Tally) Count(path, status, message string) {
	switch status {
	case ledger.StatusDone:
		t.done++
	case ledger.StatusCopied:
		t.copied++
	case ledger.StatusSkipped:
		t.skipped[message]++
		if t.verbose {
			t.Line("%q: %s", path, message)
		}
	case ledger.StatusFailed:
		t.Failed++
		t.fail(path, message)
	}
	if t.events != nil && !t.quiet {
		t.events.progress(t)
	}
	if t.bar != nil {
		if t.Failed > 0 {
			t.bar.Describe(fmt.Sprintf("%d failed", t.Failed))
		}
		t.bar.Add(1)
	}
}

// fail prints a failure.
func (t *Tally) fail(path, why string) {
	if t.events != nil {
		t.events.send(message{Event: "failed", In: path, Message: why})
		return
	}
	t.Line("%q: %s", path, why)
}

// Finish removes the bar and prints the summary, which ends in where, such as ", on cpu".
func (t *Tally) Finish(where string) {
	if t.bar != nil {
		t.bar.Finish()
	}
	if t.quiet {
		return
	}
	if t.events != nil {
		s := t.standing("end", time.Now())
		s.Where = strings.TrimPrefix(where, ", on ")
		t.events.send(s)
		return
	}
	parts := []string{fmt.Sprintf("%d %s", t.done, t.verb)}
	if t.copied > 0 {
		parts = append(parts, fmt.Sprintf("%d copied", t.copied))
	}
	for _, reason := range []string{stages.UpToDate, stages.OwnOutput, stages.AlreadyTarget} {
		if n := t.skipped[reason]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d skipped (%s)", n, reason))
		}
	}
	if t.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", t.Failed))
	}
	if t.Repaired > 0 {
		parts = append(parts, fmt.Sprintf("%d repaired", t.Repaired))
	}
	if t.Flagged > 0 {
		parts = append(parts, fmt.Sprintf("%d with a checkerboard", t.Flagged))
	}
	if t.Unreached > 0 {
		parts = append(parts, fmt.Sprintf("%d not reached", t.Unreached))
	}
	if t.Unread {
		parts = append(parts, "the rest of standard input not read")
	}
	if t.Unrecorded > 0 {
		parts = append(parts, fmt.Sprintf("%d not in the report", t.Unrecorded))
	}
	took := time.Since(t.start)
	fmt.Fprintf(t.out, "gtx: %s in %.1f s (%.1f images/s)%s\n",
		strings.Join(parts, ", "), took.Seconds(), float64(t.done)/took.Seconds(), where)
}
