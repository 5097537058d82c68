package page

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"gtx/cli/ledger"
	"gtx/cli/summary"
)

// A view is what the template shows.
type view struct {
	Title       string
	Names       []string // of the reports
	Totals      summary.Totals
	Counts      []part
	Pace        string
	Notes       []string
	Causes      []cause
	CausesLeft  int // that are not shown
	Changes     *changes
	Flagged     []flagged
	FlaggedMore []flagged
	Left        int // flagged results that are not shown
	Pictures    []card
	Sample      string // says of what the pictures are a sample
	Plots       []plot
	Limits      []limit
	More        int // runs that are not shown
	Setups      []setup
	Rows        []row
	Data        template.HTML // the results, for the script
	Unlisted    int           // results that Data lacks

	Style          template.CSS
	Slider, Script script

	pictures   *album
	sourceless int    // crops of patterns that have no source beside them
	step       func() // after the pictures of a result
}

// A part of the totals.
type part struct {
	N       int
	What    string
	Filter  template.URL // of the address
	Kind    string       // class of its colour
	Percent float64
}

// namesMost is the most reports that a page names.
const namesMost = 6

// rowsPlain is the most results in the list of a page without JavaScript.
const rowsPlain = 200

// viewOf makes the view of a report. Even with an error it returns a view, with the pictures made so far, for undo.
func viewOf(ctx context.Context, r *summary.Report, o Options) (v *view, err error) {
	v = &view{Title: "gtx report", Notes: r.Notes, Totals: r.Totals()}
	for _, path := range r.Paths[:min(namesMost, len(r.Paths))] {
		v.Names = append(v.Names, filepath.Base(path))
	}
	if more := len(r.Paths) - namesMost; more > 0 {
		v.Names = append(v.Names, fmt.Sprintf("and %d more", more))
	}
	if len(v.Names) > 0 {
		v.Title = v.Names[0] + " – gtx report"
	}
	v.Counts, v.Pace = countsOf(v.Totals), r.Pace(v.Totals)
	causes := r.Causes()
	for _, c := range causes[:min(causesMost, len(causes))] {
		v.Causes = append(v.Causes, causeOf(c))
	}
	v.CausesLeft = len(causes) - len(v.Causes)
	v.Changes = changesOf(o.Against)
	v.Plots = plotsOf(r)
	v.Limits, v.More = limitsOf(r.Runs)
	v.Setups = setupsOf(r.Runs)
	for i := range r.Results[:min(rowsPlain, len(r.Results))] {
		v.Rows = append(v.Rows, rowOf(r.Results[i]))
	}
	if v.pictures, err = newAlbum(o); err != nil {
		return v, err
	}
	v.addCards(r, o)
	if err := v.divide(tableOf(r, causes, v.Plots), o); err != nil {
		return v, err
	}
	v.step = func() {}
	if o.Progress != nil {
		step, end := o.Progress(min(v.Totals.Flagged, flaggedMost) + len(v.Pictures))
		defer end()
		v.step = step
	}
	if err := v.showFlagged(ctx, r, o); err != nil {
		return v, err
	}
	return v, v.showPictures(ctx, o)
}

// The most bytes of a page, of a picture of 640 pixels, and of the HTML element around a picture.
const (
	pageMost    = 20_000_000
	pictureMost = 90_000
	elementMost = 300
)

// divide divides the bytes that a page may take. The list of results may take what the pictures do not need, and always
// up to a half. The pictures get what it leaves.
func (v *view) divide(t *table, o Options) (err error) {
	var rest counter
	if err := v.render(&rest); err != nil {
		return err
	}
	pictures := 3 * min(v.Totals.Flagged, flaggedMost)
	for _, c := range v.Pictures {
		pictures += c.pictures()
	}
	v.pictures.room = pageMost - int(rest) - pictures*elementMost
	need := pictures * pictureMost
	if o.Thumbs == Folder {
		need = 0
	}
	v.Data, v.Unlisted, err = t.pack(v.pictures.room - min(v.pictures.room/2, need))
	v.pictures.room -= len(v.Data)
	rows := map[*summary.Result]int{}
	for i, one := range t.results {
		rows[one] = i + 1
	}
	for i := range v.Pictures {
		v.Pictures[i].Row = rows[v.Pictures[i].result] - 1
	}
	return err
}

// A counter counts bytes.
type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

func countsOf(t summary.Totals) []part {
	list := []part{
		{t.Done, "done", "status=done", "done", 0}, {t.Copied, "copied", "status=copied", "copied", 0},
		{t.Skipped, "skipped", "status=skipped", "skipped", 0}, {t.Failed, "failed", "status=failed", "failed", 0},
		{t.Unreached, "not reached", "status=unreached", "unreached", 0}, {t.Others, "of another status", "", "skipped", 0},
		{t.Flagged, "with a checkerboard", "flag=flagged", "flagged", 0}, {t.Repaired, "repaired", "flag=repaired", "repaired", 0},
		{t.Warned, "with a warning", "flag=warned", "warned", 0},
	}
	for i := range list {
		list[i].Percent = 100 * float64(list[i].N) / float64(max(1, t.Results))
	}
	return slices.DeleteFunc(list, func(c part) bool { return c.N == 0 })
}

// Share tells whether the part is one of those that divide the results: each result is in just one of them.
func (c part) Share() bool { return !strings.HasPrefix(string(c.Filter), "flag=") }

// A cause is what several failures have in common.
type cause struct {
	ID, Title string
	N         int
	Repeats   []summary.Repeat
	Inputs    []string
	More      int
}

// The most causes that a page shows, and the most inputs that it lists of each.
const (
	causesMost = 2000
	inputsMost = 50
)

func causeOf(c *summary.Cause) cause {
	out := cause{ID: c.ID, Title: c.Title(), N: len(c.Results), Repeats: c.Repeats}
	for _, r := range c.Results[:min(inputsMost, len(c.Results))] {
		out.Inputs = append(out.Inputs, r.In)
	}
	out.More = out.N - len(out.Inputs)
	return out
}

// changes are those against another report.
type changes struct {
	*summary.Comparison
	Name   string // of the other report
	Listed []group
}

// A group is a change that several inputs have in common.
type group struct {
	What   string
	N      int
	Inputs []string
	More   int
}

func changesOf(c *summary.Comparison) *changes {
	if c == nil {
		return nil
	}
	out := &changes{Comparison: c}
	for _, path := range c.Other.Paths {
		out.Name = filepath.Base(path)
	}
	for _, g := range c.Groups() {
		one := group{What: g.What, N: len(g.Results)}
		for _, r := range g.Results[:min(inputsMost, len(g.Results))] {
			one.Inputs = append(one.Inputs, r.In)
		}
		one.More = one.N - len(one.Inputs)
		out.Listed = append(out.Listed, one)
	}
	return out
}

// A limit says what limited one run.
type limit struct {
	*ledger.Run
	When    string
	Why     string
	Stages  []stage
	BusyPer string
}

// A stage is the mean time of a stage in a run.
type stage struct {
	Name    string
	Millis  float64
	Percent float64 // of the longest
}

// runsMost is the most runs whose stages a page shows.
const runsMost = 20

// limitsOf describes the longest runs that ended, in the order of their beginning.
func limitsOf(runs []*ledger.Run) (limits []limit, more int) {
	ended := slices.DeleteFunc(slices.Clone(runs), func(r *ledger.Run) bool { return r.Ending == nil })
	slices.SortStableFunc(ended, func(a, b *ledger.Run) int { return cmp.Compare(b.Seconds, a.Seconds) })
	more = max(0, len(ended)-runsMost)
	ended = ended[:len(ended)-more]
	slices.SortStableFunc(ended, func(a, b *ledger.Run) int { return a.Started.Compare(b.Started) })
	for _, run := range ended {
		one := limit{Run: run, When: summary.Clock(run.Started), Why: why(run)}
		if run.Busy > 0 {
			one.BusyPer = fmt.Sprintf("%.0f %%", 100*run.Busy)
		}
		longest := 0.0
		for _, ms := range run.Millis {
			longest = max(longest, ms)
		}
		for _, name := range slices.SortedFunc(maps.Keys(run.Millis), func(a, b string) int { return cmp.Compare(run.Millis[b], run.Millis[a]) }) {
			one.Stages = append(one.Stages, stage{name, run.Millis[name], 100 * run.Millis[name] / max(longest, 1e-9)})
		}
		limits = append(limits, one)
	}
	return limits, more
}

// why says in a sentence what limited a run.
func why(run *ledger.Run) string {
	switch limit := summary.Limit(run); limit {
	case "":
		return "It made no results, so nothing limited its rate."
	case "waiting":
		return "The processors were idle for long: the run waited, mostly for a disk."
	case "other programs":
		return "Other programs used the processors."
	default:
		return fmt.Sprintf("The stage %s took longest, and nothing kept it waiting.", limit)
	}
}

// A setup is what runs have in common: options, model, provider and versions.
type setup struct {
	Runs  []string // when they began
	N     int
	Facts [][2]string
}

// setupsMost is the most setups that a page shows, and the most runs that it names of each.
const setupsMost = 12

func setupsOf(runs []*ledger.Run) (setups []setup) {
	index := map[string]int{}
	for _, run := range runs {
		facts := summary.Facts(run)
		key := fmt.Sprintf("%q", slices.DeleteFunc(slices.Clone(facts), func(f [2]string) bool { return f[0] == "--shard" }))
		at, known := index[key]
		if !known {
			if len(setups) == setupsMost {
				continue
			}
			at = len(setups)
			index[key] = at
			setups = append(setups, setup{Facts: facts})
		}
		if setups[at].N++; setups[at].N <= setupsMost {
			setups[at].Runs = append(setups[at].Runs, summary.Clock(run.Started)+" in "+string(run.Folder))
		}
	}
	return setups
}

// link is the address of a file on this disk, from the page's folder if it lies there.
func link(path, page string) template.URL {
	if path == "" {
		return ""
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	if dir, err := filepath.Abs(filepath.Dir(page)); err == nil {
		if relative, err := filepath.Rel(dir, abs); err == nil && filepath.IsLocal(relative) {
			return template.URL("./" + (&url.URL{Path: relative}).EscapedPath())
		}
	}
	return template.URL("file://" + (&url.URL{Path: abs}).EscapedPath())
}
