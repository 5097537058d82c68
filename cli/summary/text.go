package summary

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"gtx/cli/ledger"
)

// Line is the line of totals, such as "3 images: 2 done, 1 failed".
func (t Totals) Line() string {
	if t.Results == 0 {
		return "no images"
	}
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{t.Done, "done"}, {t.Copied, "copied"}, {t.Skipped, "skipped"}, {t.Failed, "failed"}, {t.Unreached, "not reached"},
		{t.Others, "of another status"}, {t.Repaired, "repaired"}, {t.Flagged, "with a checkerboard"},
	} {
		if part.n > 0 {
			parts = append(parts, Count(part.n)+" "+part.what)
		}
	}
	return plural(t.Results, "image", "images") + ": " + strings.Join(parts, ", ")
}

// Pace says how long the runs took, where, and what limited them, or "" if nothing is known.
func (r *Report) Pace(t Totals) string {
	if t.Seconds == 0 {
		return ""
	}
	text := fmt.Sprintf("in %s (%.1f images/s)", Duration(t.Seconds), t.Rate)
	if t.Runs > 1 {
		text = fmt.Sprintf("in %s runs, %s (%.1f images/s)", Count(t.Runs), Duration(t.Seconds), t.Rate)
	}
	if on := shared(r.Runs, func(run *ledger.Run) string { return run.Provider }); on != "" {
		text += ", on " + on
	}
	if limit := shared(r.Runs, Limit); limit != "" {
		text += ", limited by " + limit
	}
	return text
}

// Limit is what limited a run, or "".
func Limit(run *ledger.Run) string {
	if run.Ending == nil {
		return ""
	}
	return run.Ending.Limit
}

// shared is the value that all runs whose value is known have in common, else "".
func shared(runs []*ledger.Run, of func(*ledger.Run) string) (common string) {
	for _, run := range runs {
		value := of(run)
		if value != "" && common != "" && value != common {
			return ""
		}
		if value != "" {
			common = value
		}
	}
	return common
}

// shownMost is the most inputs of a cause, or of a change, that Print names.
const shownMost = 5

// Print writes totals, what failed by cause, and what changed against another report, for a terminal.
func (r *Report) Print(out io.Writer, against *Comparison) error {
	w := bufio.NewWriter(out)
	here, _ := os.Getwd()
	totals := r.Totals()
	fmt.Fprintln(w, totals.Line())
	if pace := r.Pace(totals); pace != "" {
		fmt.Fprintln(w, pace)
	}
	for _, c := range r.Causes() {
		fmt.Fprintf(w, "\n%s %s\n", Count(len(c.Results)), Visible(c.Title()))
		printInputs(w, c.Results)
		for _, repeat := range c.Repeats {
			if hint := repeat.Hint(here); hint != "" {
				fmt.Fprintf(w, "\t# %s\n", hint)
			}
			if command := repeat.Shell(here); command != "" {
				fmt.Fprintf(w, "\t$ %s\n", command)
			}
		}
	}
	if against != nil {
		against.print(w)
	}
	return w.Flush()
}

// printInputs names the inputs of the first results. Print checks w.
func printInputs(w io.Writer, results []*Result) {
	for _, one := range results[:min(shownMost, len(results))] {
		fmt.Fprintf(w, "\t%s\n", Visible(one.In))
	}
	if more := len(results) - shownMost; more > 0 {
		fmt.Fprintf(w, "\t… and %s more\n", Count(more))
	}
}

// Title says what failed, and in which stage.
func (c *Cause) Title() string {
	switch {
	case c.Message == unreached:
		return c.Message
	case c.Class == "":
		return "failed: " + c.Message
	}
	return "failed in " + c.Class + ": " + c.Message
}

// Duration is a time in seconds as people write it.
func Duration(seconds float64) string {
	switch minutes := int(seconds / 60); {
	case minutes < 2:
		return fmt.Sprintf("%.1f s", seconds)
	case minutes < 120:
		return fmt.Sprintf("%d min %d s", minutes, int(seconds)%60)
	default:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	}
}

// Clock is a time as people write it.
func Clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
