package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"slices"

	"gtx/cli/ledger"
	"gtx/cli/summary"
	"gtx/pipeline"
	"gtx/stages"
)

// A picture is one of a card, or the reason why it is missing.
type picture struct {
	Source        template.HTMLAttr // "": it is missing
	Alt           string
	Missing       string
	Width, Height int
	Link          template.URL

	path string
	err  error // why it is missing
}

// A card shows a result.
type card struct {
	Row    int // in the table; -1 if it is not there
	Name   string
	Before *picture // nil: the result has no source
	After  *picture
	Other  *picture // the result in the other report, or nil
	Width  int
	Height int
	Facts  []string
	row

	result *summary.Result
}

// parts are the pictures of a card. Those that it does not have are nil.
func (c *card) parts() [3]*picture { return [3]*picture{c.Before, c.After, c.Other} }

// pictures is how many pictures a card has.
func (c *card) pictures() (n int) {
	for _, p := range c.parts() {
		if p != nil {
			n++
		}
	}
	return n
}

// filesOf returns the paths of the source and the result, or "" for one that does not exist.
func filesOf(r *summary.Result) (source, result string) {
	command := "translate"
	if r.Run != nil {
		command = r.Run.Command
	}
	switch command {
	case "check":
		source, result = r.Path(r.Against), r.Path(r.In)
	case "generate":
		result = r.Path(r.Out)
	default:
		source, result = r.Path(r.In), r.Path(r.Out)
	}
	if r.In == "-" || r.Out == stages.Stdout {
		return "", ""
	}
	return source, result
}

// shown tells whether there may be pictures of a result.
func shown(r *summary.Result) bool {
	_, result := filesOf(r)
	return result != "" && (r.Made() || r.Status == ledger.StatusSkipped && r.Message == stages.UpToDate)
}

// sampleOf chooses results to show: those with a checkerboard first, at most half, and others evenly. They stay in order.
func sampleOf(r *summary.Report, n int) (list []*summary.Result, of int) {
	var flagged, others []int
	for i, one := range r.Results {
		switch {
		case !shown(one):
		case one.Flagged:
			flagged = append(flagged, i)
		default:
			others = append(others, i)
		}
	}
	of = len(flagged) + len(others)
	chosen := evenly(flagged, max(n/2, n-len(others)))
	chosen = append(chosen, evenly(others, n-len(chosen))...)
	slices.Sort(chosen)
	for _, at := range chosen {
		list = append(list, r.Results[at])
	}
	return list, of
}

// pathsOf are the files of a result: source, result, and the result in the other report if that is another file.
func (v *view) pathsOf(r *summary.Result, o Options) (list [3]string) {
	list[0], list[1] = filesOf(r)
	if other := o.Against.Before(r); other != nil && shown(other) {
		if _, list[2] = filesOf(other); list[2] == list[1] {
			list[2] = ""
		}
	}
	return list
}

// addCards adds the cards of a sample. Their pictures come later.
func (v *view) addCards(r *summary.Report, o Options) {
	sample, of := sampleOf(r, min(o.Pictures, PicturesMost))
	if len(sample) < of {
		v.Sample = fmt.Sprintf("%s of %s results, chosen evenly. Those with a checkerboard come first, up to half.", summary.Count(len(sample)), summary.Count(of))
	}
	for _, one := range sample {
		v.Pictures = append(v.Pictures, v.cardOf(one, o))
	}
}

func (v *view) cardOf(r *summary.Result, o Options) card {
	c := card{Name: summary.Visible(r.In), Width: 4, Height: 3, row: rowOf(r), result: r}
	list := v.pathsOf(r, o)
	for i, to := range []struct {
		at  **picture
		alt string
	}{{&c.Before, "Source: "}, {&c.After, "Result: "}, {&c.Other, "Result in the other report: "}} {
		if list[i] != "" {
			*to.at = &picture{Alt: to.alt + summary.Visible(list[i]), Link: link(list[i], o.Path), path: list[i]}
		}
	}
	c.Facts = factsOf(c.row, r)
	return c
}

// missing says why there is no picture.
func missing(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "the file is gone"
	}
	return summary.Visible(err.Error())
}

// errs are the errors of its pictures.
func (c *card) errs() (list []error) {
	for _, p := range c.parts() {
		if p != nil {
			list = append(list, p.err)
		}
	}
	return list
}

func factsOf(one row, r *summary.Result) (facts []string) {
	add := func(value, unit string) {
		if value != "" {
			facts = append(facts, value+" "+unit)
		}
	}
	if r.Width > 0 {
		facts = append(facts, fmt.Sprintf("%d×%d", r.Width, r.Height))
	}
	add(one.Millis, "ms")
	if one.Change != "" {
		facts = append(facts, "change "+one.Change)
	}
	if r.Domain != "" {
		facts = append(facts, fmt.Sprintf("%s %.2f", summary.Visible(r.Domain), r.P))
	}
	if r.Repaired {
		facts = append(facts, "repaired")
	}
	return facts
}

// A flagged result with its pattern.
type flagged struct {
	Name                     string
	Link                     template.URL
	Result, Source, Residual template.HTMLAttr
	Missing                  string
	Gain, X, Y               int
	Periods                  []period
	Local                    string // amplitude in the part that is shown
	NoSource                 string // why there is no source beside it
	Checked                  string // what Periods were measured in
}

// A period is the amplitude of a pattern, in grey levels.
type period struct {
	Pixels        int
	Before, After string
}

// Limits on the results whose patterns a page shows: how many, how many of them at first, and the pixels of each.
const (
	flaggedMost   = 40
	flaggedFirst  = 6
	patternPixels = 60_000_000
)

// showFlagged makes the crops of the results with the strongest patterns.
func (v *view) showFlagged(ctx context.Context, r *summary.Report, o Options) error {
	var list []*summary.Result
	for _, one := range r.Results {
		if one.Flagged {
			list = append(list, one)
		}
	}
	slices.SortStableFunc(list, func(a, b *summary.Result) int { return cmp.Compare(b.Amplitude(), a.Amplitude()) })
	v.Left = max(0, len(list)-flaggedMost)
	list = list[:len(list)-v.Left]
	open := o.Open
	open.MaxPixels = patternPixels
	show := stages.ShowPattern(open)
	line := pipeline.New(ctx, max(2, o.Jobs))
	flow := pipeline.Each(pipeline.From(line, slices.Values(list)), "pattern", o.Jobs, func(ctx context.Context, one *summary.Result) (stages.Pattern, error) {
		source, result := filesOf(one)
		if result == "" {
			return stages.Pattern{}, errors.New("the result went to standard output")
		}
		return show(ctx, result, source)
	})
	return pipeline.Drain(flow, func(it pipeline.Item[*summary.Result, stages.Pattern]) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		v.step()
		f, err := v.flaggedOf(it.Source, it.Value, it.Err, o)
		if len(v.Flagged) < flaggedFirst {
			v.Flagged = append(v.Flagged, f)
		} else {
			v.FlaggedMore = append(v.FlaggedMore, f)
		}
		return err
	})
}

func (v *view) flaggedOf(r *summary.Result, p stages.Pattern, failed error, o Options) (f flagged, err error) {
	_, result := filesOf(r)
	f = flagged{Name: summary.Visible(r.In), Link: link(result, o.Path), Periods: periodsOf(r), Checked: "Measured before it was encoded"}
	if r.Run != nil && r.Run.Command == "check" {
		f.Checked = "When it was checked"
	}
	if failed != nil {
		_, _, message := ledger.Outcome(failed)
		f.Missing = summary.Visible(message)
		if errors.Is(failed, fs.ErrNotExist) {
			f.Missing = missing(failed)
		}
		return f, nil
	}
	if p.NoSource != nil {
		f.NoSource = missing(p.NoSource)
		v.sourceless++
	}
	f.Gain, f.X, f.Y = int(p.Gain), p.X, p.Y
	f.Local = short(rounded(max(p.Score.A2, p.Score.A4, p.Score.A8)))
	for _, one := range []struct {
		to   *template.HTMLAttr
		file []byte
	}{{&f.Source, p.Source}, {&f.Result, p.Result}, {&f.Residual, p.Residual}} {
		if one.file == nil {
			continue
		}
		if *one.to, err = v.pictures.add("png", one.file); errors.Is(err, errFull) {
			f.Missing, err = err.Error(), nil
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func periodsOf(r *summary.Result) (list []period) {
	if r.After == nil {
		return nil
	}
	before := func(a float64) string { return "–" }
	source := r.Before
	if source == nil {
		source = &ledger.Amplitudes{}
	} else {
		before = func(a float64) string { return fmt.Sprintf("%.2f", a) }
	}
	for _, p := range []struct {
		pixels        int
		before, after float64
	}{{2, source.A2, r.After.A2}, {4, source.A4, r.After.A4}, {8, source.A8, r.After.A8}} {
		list = append(list, period{p.pixels, before(p.before), fmt.Sprintf("%.2f", p.after)})
	}
	return list
}
