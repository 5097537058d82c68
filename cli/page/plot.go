package page

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gtx/cli/summary"
)

// A measure is a number that results have.
type measure struct {
	key, name, unit string
	of              func(*summary.Result) float64 // -1: not known
	share           bool                          // from 0 to 1, else on a logarithmic scale
}

func megapixels(r *summary.Result) float64 {
	if r.Width == 0 {
		return -1
	}
	return float64(r.Width) * float64(r.Height) / 1e6
}

func probability(r *summary.Result) float64 {
	if r.P == 0 {
		return -1
	}
	return r.P
}

func total(r *summary.Result) float64 {
	if sum := r.Total(); sum > 0 {
		return sum
	}
	return -1
}

// measuresOf lists the measures that results of a report have.
func measuresOf(r *summary.Report) []measure {
	all := []measure{
		{"ms", "all stages", "ms", total, false},
		{"mp", "size", "megapixels", megapixels, false},
		{"change", "change", "grey levels", func(r *summary.Result) float64 { return r.Change }, false},
		{"amplitude", "checkerboard", "grey levels", (*summary.Result).Amplitude, false},
		{"p", "classifier’s probability", "", probability, true},
	}
	for i, stage := range r.Stages {
		all = append(all, measure{"ms." + stage, stage, "ms", summary.Stage(i), false})
	}
	return slices.DeleteFunc(all, func(m measure) bool {
		return !slices.ContainsFunc(r.Results, func(one *summary.Result) bool { return m.of(one) >= 0 })
	})
}

// A plot is the distribution of a measure.
type plot struct {
	Key, Name, Unit   string
	Low, Middle, High string // labels: the ends of the axis, and the median
	MiddleX           float64
	Logarithmic       bool
	Label             string // for those who do not see it
	Bars              []bar  // none if all values are the same, or too small to tell apart
	measure           measure
}

// A bar counts the values from From to To, which only the last bar includes.
type bar struct {
	From, To      string
	N             int
	X, Y, Wide, H float64
}

// The bars of a plot, and its size in units of its own.
const (
	bars       = 30
	plotWidth  = 300.0
	plotHeight = 72.0
)

// smallest is where a logarithmic scale puts all smaller values.
const smallest = 0.01

func plotsOf(r *summary.Report) (plots []plot) {
	for _, m := range measuresOf(r) {
		values := r.Values(m.of)
		for i, v := range values {
			values[i] = rounded(v)
		}
		plots = append(plots, plotOf(m, values))
	}
	return plots
}

// plotOf counts values. It sorts them.
func plotOf(m measure, values []float64) plot {
	median, high := summary.Median(values)
	low, last := values[0], values[len(values)-1]
	p := plot{Key: m.key, Name: m.name, Unit: m.unit, Low: short(low), Middle: short(median), High: short(last), Logarithmic: !m.share, measure: m}
	p.Label = fmt.Sprintf("%s: %d values from %s to %s %s, median %s, 95 %% up to %s", m.name, len(values), p.Low, p.High, m.unit, p.Middle, short(high))
	if max(last, smallest) <= 1.02*max(low, smallest) {
		return p
	}
	if m.share {
		p.Low, p.High = "0", "1"
	}
	edges := edgesOf(m, low, last)
	counts, most := make([]int, len(edges)-1), 0
	for _, v := range values {
		at, found := slices.BinarySearch(edges, v)
		if !found {
			at--
		}
		at = max(0, min(at, len(counts)-1))
		counts[at]++
		most = max(most, counts[at])
	}
	p.MiddleX = math.Round(placeOf(edges, median, p.Logarithmic) * plotWidth)
	wide := plotWidth / float64(len(counts))
	for i, n := range counts {
		b := bar{From: text(edges[i]), To: text(edges[i+1]), N: n, X: float64(i) * wide, Wide: wide - 1}
		if n > 0 {
			b.H = max(1.5, math.Round(10*plotHeight*float64(n)/float64(most))/10)
		}
		b.Y = plotHeight - b.H
		b.X, b.Wide = math.Round(10*b.X)/10, math.Round(10*b.Wide)/10
		p.Bars = append(p.Bars, b)
	}
	return p
}

// edgesOf divides a range of values.
func edgesOf(m measure, low, high float64) (edges []float64) {
	if m.share {
		for i := range 21 {
			edges = append(edges, rounded(float64(i)/20))
		}
		return edges
	}
	from, to := max(low, smallest), max(high, smallest)
	for i := range bars + 1 {
		edges = append(edges, rounded(from*math.Pow(to/from, float64(i)/bars)))
	}
	edges[0], edges[bars] = min(low, edges[0]), max(high, edges[bars])
	return slices.Compact(edges)
}

// placeOf is where a value lies between the first edge and the last, from 0 to 1.
func placeOf(edges []float64, v float64, logarithmic bool) float64 {
	at := 0
	for at < len(edges)-2 && v >= edges[at+1] {
		at++
	}
	from, to := edges[at], edges[at+1]
	if logarithmic {
		from, to, v = math.Log(max(from, smallest)), math.Log(max(to, smallest)), math.Log(max(v, smallest))
	}
	within := 0.5 // all that are too small for the scale
	if to > from {
		within = max(0, min(1, (v-from)/(to-from)))
	}
	return (float64(at) + within) / float64(len(edges)-1)
}

// MiddlePercent is where the median lies, in percent of the width.
func (p plot) MiddlePercent() int { return int(100 * p.MiddleX / plotWidth) }

// digits is the number of significant digits in a page's numbers. More would only take room.
const digits = 3

// rounded is a value as the page has it.
func rounded(v float64) float64 {
	r, err := strconv.ParseFloat(text(v), 64)
	if err != nil {
		return v
	}
	return r
}

func text(v float64) string { return strconv.FormatFloat(v, 'g', digits, 64) }

// short is a value for a label.
func short(v float64) string {
	switch {
	case v >= 100 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 1:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}
