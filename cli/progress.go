package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"gtx/stages"
)

// A tally counts the outcomes of a run. It prints failures as they happen, and a summary at the end.
type tally struct {
	out     io.Writer
	quiet   bool
	verbose bool
	verb    string // such as translated, for the summary
	start   time.Time
	bar     *progressbar.ProgressBar // nil unless messages go to a terminal

	done, copied, failed, flagged, repaired int
	skipped                                 map[string]int // by reason
}

// newTally starts the clock. total is the number of inputs, or -1 if it is not known.
func (p *program) newTally(verb string, total int, quiet, verbose bool) *tally {
	t := &tally{out: p.err, quiet: quiet, verbose: verbose, verb: verb, start: time.Now(), skipped: map[string]int{}}
	f, ok := p.err.(*os.File)
	if !ok || quiet || !isatty.IsTerminal(f.Fd()) || os.Getenv("TERM") == "dumb" {
		return t
	}
	t.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(p.err),
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

// line prints a message above the bar.
func (t *tally) line(format string, args ...any) {
	if t.bar != nil {
		t.bar.Clear()
	}
	fmt.Fprintf(t.out, "gtx: "+format+"\n", args...)
}

// count adds an outcome and prints a failure.
func (t *tally) count(path, status, message string) {
	switch status {
	case statusDone:
		t.done++
	case statusCopied:
		t.copied++
	case statusSkipped:
		t.skipped[message]++
		if t.verbose {
			t.line("%q: %s", path, message)
		}
	case statusFailed:
		t.failed++
		t.line("%q: %s", path, message)
	}
	if t.bar != nil {
		if t.failed > 0 {
			t.bar.Describe(fmt.Sprintf("%d failed", t.failed))
		}
		t.bar.Add(1)
	}
}

// finish removes the bar and prints the summary, which ends in where, such as ", on cpu".
func (t *tally) finish(where string) {
	if t.bar != nil {
		t.bar.Finish()
	}
	if t.quiet {
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
	if t.failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", t.failed))
	}
	if t.repaired > 0 {
		parts = append(parts, fmt.Sprintf("%d repaired", t.repaired))
	}
	if t.flagged > 0 {
		parts = append(parts, fmt.Sprintf("%d with a checkerboard", t.flagged))
	}
	took := time.Since(t.start)
	fmt.Fprintf(t.out, "gtx: %s in %.1f s (%.1f images/s)%s\n",
		strings.Join(parts, ", "), took.Seconds(), float64(t.done)/took.Seconds(), where)
}
