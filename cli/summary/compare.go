package summary

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"gtx/cli/ledger"
)

// A Comparison says how a report differs from another one, which came before.
type Comparison struct {
	Other     *Report
	New, Gone []*Result // those of inputs that only this report, or only the other, has
	Same      int       // inputs whose status and flag are the same
	Moves     []Move    // inputs whose status or flag changed, the most frequent change first
	Settings  []Difference
	Measures  []Difference

	pairs map[*Result]*Result // of this report -> of the other
}

// A Move is a change of status that several inputs share, such as from failed to done.
type Move struct {
	From, To string
	Results  []*Result // of this report
}

// A Difference is a value in the other report and in this one. What one of them lacks is "".
type Difference struct{ Name, Before, Now string }

// Before is the result of the same input in the other report, or nil.
func (c *Comparison) Before(r *Result) *Result {
	if c == nil {
		return nil
	}
	return c.pairs[r]
}

// Compare compares a report with one that came before. Inputs are the same if their absolute paths are.
func (r *Report) Compare(before *Report) *Comparison {
	c := &Comparison{Other: before, pairs: map[*Result]*Result{}}
	known := map[place]*Result{}
	for _, one := range before.Results {
		known[one.place()] = one
	}
	moves := map[[2]string]int{}
	for _, now := range r.Results {
		then := known[now.place()]
		if then == nil {
			c.New = append(c.New, now)
			continue
		}
		delete(known, now.place())
		c.pairs[now] = then
		move := [2]string{then.state(), now.state()}
		if move[0] == move[1] {
			c.Same++
			continue
		}
		at, seen := moves[move]
		if !seen {
			at = len(c.Moves)
			moves[move], c.Moves = at, append(c.Moves, Move{From: move[0], To: move[1]})
		}
		c.Moves[at].Results = append(c.Moves[at].Results, now)
	}
	for _, one := range before.Results {
		if known[one.place()] == one {
			c.Gone = append(c.Gone, one)
		}
	}
	slices.SortStableFunc(c.Moves, func(a, b Move) int { return cmp.Compare(len(b.Results), len(a.Results)) })
	c.Settings = differences(before.settings(), r.settings())
	c.Measures = measures(before, r)
	return c
}

// state is the status of a result, and whether it is flagged.
func (r *Result) state() string {
	state := r.Status
	if state == ledger.StatusUnreached {
		state = "not reached"
	}
	if r.Flagged {
		state += ", with a checkerboard"
	}
	return state
}

// settings are those of the last run of a report.
func (r *Report) settings() map[string]string {
	values := map[string]string{}
	if len(r.Runs) == 0 {
		return values
	}
	for _, fact := range Facts(r.Runs[len(r.Runs)-1]) {
		if !slices.Contains(aside, fact[0]) {
			values[fact[0]] = fact[1]
		}
	}
	return values
}

// aside are options that change no result.
var aside = []string{"--html", "--quiet", "--report", "--report-new", "--verbose"}

// Facts are the settings of a run and what it ran on: names and values.
func Facts(run *ledger.Run) (facts [][2]string) {
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, [2]string{name, value})
		}
	}
	add("command", run.Command)
	for _, name := range slices.Sorted(maps.Keys(run.Settings)) {
		add("--"+name, Value(run.Settings[name]))
	}
	add("model", run.Name)
	add("digest", run.Model)
	add("provider", run.Provider)
	add("precision", run.Precision)
	for _, name := range slices.Sorted(maps.Keys(run.Versions)) {
		add(name, run.Versions[name])
	}
	add("processors", fmt.Sprint(run.Processors))
	return facts
}

// differences lists what two sets of values differ in, by name.
func differences(before, now map[string]string) (list []Difference) {
	names := maps.Clone(before)
	maps.Copy(names, now)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != now[name] {
			list = append(list, Difference{name, before[name], now[name]})
		}
	}
	return list
}

// measures compares figures of two reports.
func measures(before, now *Report) (list []Difference) {
	add := func(name, format string, a, b float64) {
		show := func(v float64) string {
			if v < 0 {
				return ""
			}
			return fmt.Sprintf(format, v)
		}
		if a > 0 || b > 0 {
			list = append(list, Difference{name, show(a), show(b)})
		}
	}
	was, is := before.Totals(), now.Totals()
	add("images per second", "%.2f", was.Rate, is.Rate)
	add("with a checkerboard", "%.0f", float64(was.Flagged), float64(is.Flagged))
	add("failed or not reached", "%.0f", float64(was.Failed+was.Unreached), float64(is.Failed+is.Unreached))
	median := func(r *Report, of func(*Result) float64) float64 {
		values := r.Values(of)
		if len(values) == 0 {
			return -1
		}
		m, _ := Median(values)
		return m
	}
	change := func(r *Result) float64 { return r.Change }
	add("change, median grey levels", "%.2f", median(before, change), median(now, change))
	add("checkerboard, median grey levels", "%.3f", median(before, (*Result).Amplitude), median(now, (*Result).Amplitude))
	for i, stage := range now.Stages {
		at := slices.Index(before.Stages, stage)
		add(stage+", median ms", "%.2f", median(before, Stage(at)), median(now, Stage(i)))
	}
	return list
}

// Stage returns a function that gives the milliseconds of the i-th stage, or -1 if it did not run.
func Stage(i int) func(*Result) float64 {
	return func(r *Result) float64 {
		if i < 0 || i >= len(r.Millis) || r.Millis[i] == 0 {
			return -1
		}
		return float64(r.Millis[i])
	}
}

// Values are the known values of a measure: those that are at least 0.
func (r *Report) Values(of func(*Result) float64) (values []float64) {
	for _, one := range r.Results {
		if v := of(one); v >= 0 {
			values = append(values, v)
		}
	}
	return values
}

// A Group is a change that several inputs have in common.
type Group struct {
	What    string
	Results []*Result
}

// Groups lists inputs with another status than before, then those that are new, and those of the other report only.
func (c *Comparison) Groups() (groups []Group) {
	for _, m := range c.Moves {
		groups = append(groups, Group{m.From + " → " + m.To, m.Results})
	}
	for _, g := range []Group{{"new", c.New}, {"only in the other report", c.Gone}} {
		if len(g.Results) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// print writes what changed, for a terminal. Print checks w.
func (c *Comparison) print(w io.Writer) {
	fmt.Fprintf(w, "\nagainst the other report: %s of the same status", Count(c.Same))
	groups := c.Groups()
	for _, g := range groups {
		fmt.Fprintf(w, ", %s %s", Count(len(g.Results)), g.What)
	}
	fmt.Fprintln(w)
	for _, g := range groups {
		fmt.Fprintf(w, "%s:\n", g.What)
		printInputs(w, g.Results)
	}
	for _, d := range slices.Concat(c.Settings, c.Measures) {
		fmt.Fprintf(w, "\t%s\t%s\t%s\n", d.Name, Visible(orNone(d.Before)), Visible(orNone(d.Now)))
	}
}

func orNone(s string) string { return cmp.Or(s, "–") }
