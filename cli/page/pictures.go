package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"math"
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
}

// files are the paths of the source and the result, "" for what there is none of.
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

// A made is what was made of one file of a result, or why it could not be.
type made struct {
	stages.Thumbnail
	err error
}

// bytesPerPixel is what thumbnails take, a little on the safe side.
const bytesPerPixel = 0.2

// sideOf is the longest side of thumbnails for which a page has room.
func sideOf(o Options, n int) int {
	const least, most = 160, 640
	if o.Thumbs == Folder || n == 0 {
		return most
	}
	each := picturesMost * 3 / 4 / float64(n) // in base64, three bytes take four
	return max(least, min(most, int(math.Sqrt(each/bytesPerPixel*4/3))))
}

// showPictures makes the thumbnails of a sample.
func (v *view) showPictures(ctx context.Context, r *summary.Report, t *table, o Options) error {
	sample, of := sampleOf(r, min(o.Pictures, PicturesMost))
	each := 2
	if o.Against != nil {
		each = 3
	}
	if len(sample) < of {
		v.Sample = fmt.Sprintf("%s of %s results, chosen evenly. Those with a checkerboard come first, up to half.", count(len(sample)), count(of))
	}
	thumbnail := stages.MakeThumbnail(stages.ThumbnailOptions{Open: o.Open, Side: sideOf(o, each*len(sample)), Note: o.Thumbs == Folder})
	rows := map[*summary.Result]int{}
	for i, one := range t.results {
		rows[one] = i + 1
	}
	gone := 0
	line := pipeline.New(ctx, 3*max(1, o.Jobs))
	flow := pipeline.Each(pipeline.From(line, slices.Values(sample)), "picture", o.Jobs, func(ctx context.Context, one *summary.Result) (triple [3]made, err error) {
		for i, path := range v.pathsOf(one, o) {
			if path != "" {
				triple[i].Thumbnail, triple[i].err = thumbnail(ctx, path)
			}
		}
		return triple, context.Cause(ctx)
	})
	err := pipeline.Drain(flow, func(it pipeline.Item[*summary.Result, [3]made]) error {
		if it.Err != nil {
			return it.Err
		}
		c, err := v.cardOf(it.Source, it.Value, o)
		if err != nil {
			return err
		}
		if c.Missing() {
			gone++
		}
		c.Row = rows[it.Source] - 1
		v.Pictures = append(v.Pictures, c)
		return nil
	})
	if gone > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("no picture of %s of %s results: the file is gone or cannot be shown", count(gone), count(len(sample))))
	}
	return err
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

func (v *view) cardOf(r *summary.Result, triple [3]made, o Options) (c card, err error) {
	c = card{Name: summary.Visible(r.In), row: rowOf(r)}
	list := v.pathsOf(r, o)
	for i, to := range []struct {
		at  **picture
		alt string
	}{{&c.Before, "Source: "}, {&c.After, "Result: "}, {&c.Other, "Result in the other report: "}} {
		if list[i] == "" {
			continue
		}
		p := &picture{Alt: to.alt + summary.Visible(list[i]), Link: link(list[i], o.Path), Width: triple[i].Width, Height: triple[i].Height}
		*to.at = p
		if triple[i].err != nil {
			p.Missing = missing(triple[i].err)
			continue
		}
		p.Source, err = v.pictures.add("jpeg", triple[i].File)
		if errors.Is(err, errFull) {
			p.Missing, err = err.Error(), nil
		}
		if err != nil {
			return c, err
		}
		c.Width, c.Height = p.Width, p.Height
	}
	if c.Width == 0 {
		c.Width, c.Height = 4, 3
	}
	c.Facts = factsOf(c.row, r)
	return c, nil
}

// missing says why there is no picture.
func missing(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "the file is gone"
	}
	return summary.Visible(err.Error())
}

// Missing tells whether a picture is missing.
func (c card) Missing() bool {
	return slices.ContainsFunc([]*picture{c.Before, c.After, c.Other}, func(p *picture) bool { return p != nil && p.Missing != "" })
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
}

// A period is the amplitude of a pattern, in grey levels.
type period struct {
	Pixels        int
	Before, After string
}

// The most results whose patterns a page shows, those that it shows at first, and the largest of them in pixels.
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
	f = flagged{Name: summary.Visible(r.In), Link: link(result, o.Path), Periods: periodsOf(r)}
	if failed != nil {
		_, _, message := ledger.Outcome(failed)
		f.Missing = summary.Visible(message)
		if errors.Is(failed, fs.ErrNotExist) {
			f.Missing = missing(failed)
		}
		return f, nil
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
