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

	"gtx/cli/ledger"
	"gtx/cli/paths"
	"gtx/pipeline"
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
	bar     *bar    // nil unless messages go to a terminal
	events  *events // nil unless messages go to a program

	Failed, Flagged, Repaired int
	Unreached                 int  // inputs that the run did not reach before it ended
	Unread                    bool // standard input holds more paths
	Unrecorded                int  // inputs whose outcome is not in the report

	done, copied int
	failedInputs int            // an input with several results counts once
	failure      failure        // the last one
	unseen       int            // failures that cost images whose number is not known
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
	if f := terminal(out); f != nil && !o.Quiet {
		t.bar = newBar(f, total)
	}
	return t
}

// terminal returns the terminal to which messages go, or nil.
func terminal(out io.Writer) *os.File {
	if f, ok := out.(*os.File); ok && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb" {
		return f
	}
	return nil
}

// Aside prints a message in the place of the bar, if there is one. asEvent: it is for a program.
func Aside(out io.Writer, asEvent bool, text string) {
	switch {
	case asEvent:
		newEvents(out).send(message{Event: "note", Message: text})
	case terminal(out) != nil:
		io.WriteString(out, clearLine+"gtx: "+text+"\n")
	default:
		io.WriteString(out, "gtx: "+text+"\n")
	}
}

// Steps shows on a terminal how many of total steps are done, and nothing elsewhere. step counts one, and end takes the bar away.
func Steps(out io.Writer, total int) (step, end func()) {
	f := terminal(out)
	if f == nil || total == 0 {
		return func() {}, func() {}
	}
	b := newBar(f, total)
	return func() { b.count(0) }, b.clear
}

// Line prints a message above the bar.
func (t *Tally) Line(format string, args ...any) {
	if t.events != nil {
		t.events.send(message{Event: "warning", Message: fmt.Sprintf(format, args...)})
		return
	}
	t.Clear()
	fmt.Fprintf(t.out, "gtx: "+format+"\n", args...)
}

// note prints a message that is no warning.
func (t *Tally) note(text string) {
	if t.events != nil {
		t.events.send(message{Event: "note", Message: text})
		return
	}
	t.Line("%s", text)
}

// Clear takes the bar away until the next Count, for a line on the same terminal.
func (t *Tally) Clear() {
	if t.bar != nil {
		t.bar.clear()
	}
}

// Count adds an outcome and prints a failure.
func (t *Tally) Count(s stages.Source, status, message string) {
	switch status {
	case ledger.StatusDone:
		t.done++
	case ledger.StatusCopied:
		t.copied++
	case ledger.StatusSkipped:
		t.skipped[message]++
		if t.verbose {
			t.note(fmt.Sprintf("%q: %s", s.In, message))
		}
	case ledger.StatusFailed:
		t.Failed++
		if paths.IsUnseen(s) {
			t.unseen++
		}
		last := t.failure
		t.failure = failure{s.In, message}
		if s.Sample < 2 || last.in != s.In {
			t.failedInputs++
		}
		if s.Sample < 2 || last != t.failure {
			t.fail(s.In, message)
		}
	}
	if t.events != nil && !t.quiet {
		t.events.progress(t)
	}
	if t.bar != nil {
		t.bar.count(t.Failed)
	}
}

// Spent tells how long an input took in each stage, before Count. provider is what runs the network, or "".
func (t *Tally) Spent(spans []pipeline.Span, provider string) {
	if t.bar != nil {
		t.bar.spent(spans, provider)
	}
}

// A failure is an input and what is wrong with it.
type failure struct{ in, message string }

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
		t.bar.clear()
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
