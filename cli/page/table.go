package page

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"slices"
	"strconv"

	"gtx/cli/summary"
)

// A row is a result in the list of a page without JavaScript. The script makes rows of the same form.
type row struct {
	Status, Name, Message, Millis, Change, Amplitude, Size string
	Flagged                                                bool
}

func rowOf(r *summary.Result) row {
	figure := func(v float64) string {
		if v < 0 {
			return ""
		}
		return short(v)
	}
	return row{
		Status: r.Status, Name: summary.Visible(r.In), Message: summary.Visible(r.Message), Flagged: r.Flagged,
		Millis: figure(total(r)), Change: figure(r.Change), Amplitude: figure(r.Amplitude()), Size: figure(megapixels(r)),
	}
}

// A table has the results by columns, for the script of the page. Texts that many results share are indices of Texts.
type table struct {
	results []*summary.Result
	causes  map[*summary.Result]int
	plots   []plot
	ids     []string // of the causes
}

// dataMost is the most that the results take in a page, in bytes.
const dataMost = 4_500_000

func tableOf(r *summary.Report, causes []*summary.Cause, plots []plot) *table {
	t := &table{results: r.Results, causes: map[*summary.Result]int{}, plots: plots}
	for i, c := range causes {
		t.ids = append(t.ids, c.ID)
		for _, one := range c.Results {
			t.causes[one] = i
		}
	}
	return t
}

// pack compresses the table. If it is too large, it leaves out results: first those that are as they should be.
func (t *table) pack() (_ template.HTML, left int, err error) {
	for {
		data, err := t.packed()
		if err != nil || len(data) <= dataMost {
			return template.HTML(data), left, err
		}
		keep := len(t.results) * dataMost / len(data) * 9 / 10
		left += len(t.results) - keep
		t.results = spread(t.results, keep)
	}
}

// spread chooses n results: those that failed, are flagged or have warnings first, and the others evenly. They stay in
// order.
func spread(results []*summary.Result, n int) []*summary.Result {
	odd := func(r *summary.Result) bool { return r.Failed() || r.Flagged || len(r.Warnings) > 0 }
	var first, others []int
	for i, r := range results {
		if odd(r) {
			first = append(first, i)
		} else {
			others = append(others, i)
		}
	}
	chosen := evenly(first, n)
	chosen = append(chosen, evenly(others, n-len(chosen))...)
	slices.Sort(chosen)
	out := make([]*summary.Result, len(chosen))
	for i, at := range chosen {
		out[i] = results[at]
	}
	return out
}

// evenly takes at most n of a list, at equal distances.
func evenly[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	out := make([]T, 0, max(n, 0))
	for i := range max(n, 0) {
		out = append(out, list[i*len(list)/n])
	}
	return out
}

func (t *table) packed() ([]byte, error) {
	var out bytes.Buffer
	to64 := base64.NewEncoder(base64.StdEncoding, &out)
	z, err := gzip.NewWriterLevel(to64, 5)
	if err != nil {
		return nil, err
	}
	if err := t.encode(z); err != nil {
		return nil, err
	}
	if err := cmp.Or(z.Close(), to64.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// encode writes the table as JSON.
func (t *table) encode(z *gzip.Writer) error {
	texts := &pool{index: map[string]int{}}
	column := func(of func(*summary.Result) int) []int {
		list := make([]int, len(t.results))
		for i, r := range t.results {
			list[i] = of(r)
		}
		return list
	}
	names := func(of func(*summary.Result) string) []string {
		list := make([]string, len(t.results))
		for i, r := range t.results {
			list[i] = summary.Visible(of(r))
		}
		return list
	}
	values := map[string]json.RawMessage{}
	for _, p := range t.plots {
		values[p.Key] = numbers(t.results, p.measure.of)
	}
	return json.NewEncoder(z).Encode(map[string]any{
		"in":     names(func(r *summary.Result) string { return r.In }),
		"out":    names(func(r *summary.Result) string { return r.Out }),
		"status": column(func(r *summary.Result) int { return texts.add(r.Status) }),
		"class":  column(func(r *summary.Result) int { return texts.add(r.Class) }),
		"what":   column(func(r *summary.Result) int { return texts.add(summary.Visible(r.Message)) }),
		"domain": column(func(r *summary.Result) int { return texts.add(r.Domain) }),
		"cause": column(func(r *summary.Result) int {
			if at, failed := t.causes[r]; failed {
				return at
			}
			return -1
		}),
		"flags":  column(flags),
		"causes": t.ids, "values": values, "texts": texts.list,
	})
}

// flags are 1 for flagged, 2 for repaired, 4 for a warning and 8 for a result of an earlier run.
func flags(r *summary.Result) (bits int) {
	for i, is := range []bool{r.Flagged, r.Repaired, len(r.Warnings) > 0, r.Earlier} {
		if is {
			bits |= 1 << i
		}
	}
	return bits
}

// numbers is a column of a measure, in JSON.
func numbers(results []*summary.Result, of func(*summary.Result) float64) json.RawMessage {
	b := append(make([]byte, 0, 6*len(results)), '[')
	for i, r := range results {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, of(r), 'g', digits, 64)
	}
	return append(b, ']')
}

// A pool keeps texts once.
type pool struct {
	index map[string]int
	list  []string
}

func (p *pool) add(s string) int {
	at, known := p.index[s]
	if !known {
		at = len(p.list)
		p.index[s], p.list = at, append(p.list, s)
	}
	return at
}
