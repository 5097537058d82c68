// Package summary says what reports mean: it reads and merges them, counts, groups failures by cause with the command
// that repeats them, and compares two.
//
// Read reads reports. Lines that are cut short or that are not records are passed over, and Notes say so.
package summary

import (
	"cmp"
	"path/filepath"
	"slices"

	"gtx/cli/ledger"
)

// A Result is what became of one result of an input.
type Result struct {
	In, Out string // exact bytes, relative to the folder of the run
	Against string // path that gtx check compared it with, or ""
	Sample  int    // from 1
	Tar     bool   // it is about a tar, and no image
	Run     *ledger.Run

	Status, Class, Message string
	Earlier                bool // made by a run that left no record
	Model, To              string
	Strength               float64
	Provider               string
	Domain                 string
	P                      float64 // 0: the classifier was not asked
	Width, Height          int
	Before, After          *ledger.Amplitudes
	Flagged, Repaired      bool
	Change                 float64 // grey levels; -1: not known
	Warnings               []string
	Millis                 []float32 // by the Stages of the report; 0: the stage did not run
}

// Failed tells whether the input has no result although it should have one. A tar that --shards writes is no input.
func (r *Result) Failed() bool {
	return (r.Status == ledger.StatusFailed || r.Status == ledger.StatusUnreached) && !(r.Tar && r.In == r.Out)
}

// Made tells whether the result was written.
func (r *Result) Made() bool { return r.Status == ledger.StatusDone || r.Status == ledger.StatusCopied }

// Path is a path of the result, from where the report is read.
func (r *Result) Path(path string) string {
	if path == "" || filepath.IsAbs(path) || r.Run == nil {
		return path
	}
	return filepath.Join(string(r.Run.Folder), path)
}

// Amplitude is the strongest pattern of the result, in grey levels, or -1 if it was not measured.
func (r *Result) Amplitude() float64 {
	if r.After == nil {
		return -1
	}
	return max(r.After.A2, r.After.A4, r.After.A8)
}

// Total is the time of all stages, in milliseconds.
func (r *Result) Total() (sum float64) {
	for _, ms := range r.Millis {
		sum += float64(ms)
	}
	return sum
}

// place identifies the result of an input over all runs and reports.
func (r *Result) place() place { return place{r.Path(r.In), r.Sample} }

type place struct {
	in     string
	sample int
}

// task is what was asked for. Results of the same task replace each other, whichever reports they are in.
type task struct {
	place
	model, to string
	strength  float64
}

func (r *Result) task() task { return task{r.place(), r.Model, r.To, r.Strength} }

// replaces tells whether a result counts instead of one that was recorded before.
func (r *Result) replaces(before *Result) bool {
	return ledger.Succession{
		Status: r.Status, Message: r.Message, Earlier: r.Earlier,
		Made: before.Made(), SameOut: r.Path(r.Out) == before.Path(before.Out), SameRun: r.Run != nil && r.Run == before.Run,
	}.Replaces()
}

// order is the order of two runs in time. Runs without a record come in the order of the reports.
func order(a, b *ledger.Run) int {
	if a == nil || b == nil {
		return 0
	}
	return a.Started.Compare(b.Started)
}

// merge keeps one result of each task.
func merge(results []*Result) []*Result {
	standing := make(map[task]int, len(results))
	kept := results[:0]
	for _, r := range results {
		at, known := standing[r.task()]
		switch {
		case !known:
			standing[r.task()] = len(kept)
			kept = append(kept, r)
		case order(r.Run, kept[at].Run) < 0:
			if !kept[at].replaces(r) {
				kept[at] = r
			}
		case r.replaces(kept[at]):
			kept[at] = r
		}
	}
	clear(results[len(kept):])
	return kept
}

// dropIncomplete marks results whose tar was never completed as not reached: their records were written before.
func dropIncomplete(results []*Result) {
	tars := map[string]*Result{}
	for _, one := range results {
		if one.Tar {
			tars[one.Path(one.In)] = one
		}
	}
	if len(tars) == 0 {
		return
	}
	for _, one := range results {
		if one.Tar || !one.Made() {
			continue
		}
		// A tar that is read is in the name of the input, one that --shards writes in that of the result.
		tar := cmp.Or(tarIn(one.Path(one.In), tars), tarIn(one.Path(one.Out), tars))
		if tar != nil && (tar.Status == ledger.StatusUnreached || order(one.Run, tar.Run) > 0) {
			one.Status = ledger.StatusUnreached
		}
	}
}

// tarIn finds the tar of a name such as TAR:FILE, or nil. Both parts may have colons.
func tarIn(name string, tars map[string]*Result) *Result {
	for end, c := range name {
		if c != ':' {
			continue
		}
		if tar := tars[name[:end]]; tar != nil {
			return tar
		}
	}
	return nil
}

// Totals count results.
type Totals struct {
	Results                                          int
	Done, Copied, Skipped, Failed, Unreached, Others int // Others have a status that this gtx does not know
	Flagged, Repaired, Warned                        int
	Runs                                             int
	Seconds                                          float64 // in which runs were under way; 0: not known
	Rate                                             float64 // results made per such second
}

// Totals counts the results of a report.
func (r *Report) Totals() (t Totals) {
	for _, one := range r.Results {
		if one.Tar {
			continue
		}
		t.Results++
		switch one.Status {
		case ledger.StatusDone:
			t.Done++
		case ledger.StatusCopied:
			t.Copied++
		case ledger.StatusSkipped:
			t.Skipped++
		case ledger.StatusFailed:
			t.Failed++
		case ledger.StatusUnreached:
			t.Unreached++
		default:
			t.Others++
		}
		if one.Flagged {
			t.Flagged++
		}
		if one.Repaired {
			t.Repaired++
		}
		if len(one.Warnings) > 0 {
			t.Warned++
		}
	}
	t.Runs = len(r.Runs)
	t.Seconds, t.Rate = span(r.Runs)
	return t
}

// span returns how long runs were under way, counting time that several share only once, and their joint rate.
func span(runs []*ledger.Run) (seconds, rate float64) {
	made := 0
	var ended []*ledger.Run
	for _, run := range runs {
		if run.Ending != nil {
			ended = append(ended, run)
			made += run.Counts[ledger.StatusDone]
		}
	}
	slices.SortStableFunc(ended, func(a, b *ledger.Run) int { return order(a, b) })
	until := 0.0
	for _, run := range ended {
		start := float64(run.Started.UnixMilli()) / 1000
		end := start + run.Seconds
		seconds += max(0, end-max(start, until))
		until = max(until, end)
	}
	if seconds > 0 {
		rate = float64(made) / seconds
	}
	return seconds, rate
}

// Median returns the middle of values and their 95th percentile. It sorts them.
func Median(values []float64) (median, high float64) {
	if len(values) == 0 {
		return 0, 0
	}
	slices.SortFunc(values, cmp.Compare[float64])
	at := func(share float64) float64 { return values[min(len(values)-1, int(share*float64(len(values))))] }
	return at(0.5), at(0.95)
}
