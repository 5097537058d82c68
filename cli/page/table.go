package page

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"slices"
	"strconv"
	"strings"

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

func tableOf(r *summary.Report, causes []*summary.Cause, plots []plot) *table {
	t := &table{results: r.Results, causes: map[*summary.Result]int{}, plots: plots, ids: []string{}}
	for i, c := range causes {
		t.ids = append(t.ids, c.ID)
		for _, one := range c.Results {
			t.causes[one] = i
		}
	}
	return t
}

// pack compresses the table into no more than most bytes. If it does not fit, pack leaves out results, normal ones
// first. left is how many.
func (t *table) pack(most int) (_ template.HTML, left int, err error) {
	for {
		data, err := t.packed()
		if err != nil || len(data) <= most || len(t.results) == 0 {
			return template.HTML(data), left, err
		}
		keep := int(0.9 * float64(len(t.results)) * float64(max(0, most)) / float64(len(data)))
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

func (t *table) packed() (string, error) {
	var out strings.Builder
	to64 := base64.NewEncoder(base64.StdEncoding, &out)
	z, err := gzip.NewWriterLevel(to64, 5)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriterSize(z, 64<<10)
	if err := cmp.Or(t.encode(w), w.Flush(), z.Close(), to64.Close()); err != nil {
		return "", err
	}
	return out.String(), nil
}

// encode writes the table as JSON, value by value, because the whole would take as much memory as the report. The names
// of an input and its output follow each other, so that gzip finds what they share. w keeps its first error.
func (t *table) encode(w *bufio.Writer) error {
	j := json.NewEncoder(w)
	texts := &pool{index: map[string]int{}}
	column := func(key string, of func(*summary.Result) int) {
		t.list(w, key, func(r *summary.Result) { w.Write(strconv.AppendInt(w.AvailableBuffer(), int64(of(r)), 10)) })
		w.WriteString(",")
	}
	w.WriteString("{")
	t.list(w, "names", func(r *summary.Result) {
		j.Encode(summary.Visible(r.In))
		w.WriteString(",")
		j.Encode(summary.Visible(r.Out))
	})
	w.WriteString(",")
	column("status", func(r *summary.Result) int { return texts.add(r.Status) })
	column("class", func(r *summary.Result) int { return texts.add(r.Class) })
	column("what", func(r *summary.Result) int { return texts.add(r.Message) })
	column("domain", func(r *summary.Result) int { return texts.add(r.Domain) })
	column("flags", flags)
	column("cause", func(r *summary.Result) int {
		if at, failed := t.causes[r]; failed {
			return at
		}
		return -1
	})
	w.WriteString(`"values":{`)
	for i, p := range t.plots {
		if i > 0 {
			w.WriteString(",")
		}
		t.list(w, p.Key, func(r *summary.Result) {
			w.Write(strconv.AppendFloat(w.AvailableBuffer(), p.measure.of(r), 'g', digits, 64))
		})
	}
	w.WriteString(`},"causes":`)
	j.Encode(t.ids)
	w.WriteString(`,"texts":`)
	j.Encode(texts.list)
	_, err := w.WriteString("}")
	return err
}

// list writes a JSON list under key. each writes the element for one result.
func (t *table) list(w *bufio.Writer, key string, each func(*summary.Result)) {
	name, _ := json.Marshal(key) // a text has no error
	w.Write(name)
	w.WriteString(":[")
	for i, r := range t.results {
		if i > 0 {
			w.WriteString(",")
		}
		each(r)
	}
	w.WriteString("]")
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

// A pool keeps texts once.
type pool struct {
	index map[string]int
	list  []string
}

// add returns the index of a text. The list holds texts as the page shows them.
func (p *pool) add(s string) int {
	at, known := p.index[s]
	if !known {
		at = len(p.list)
		p.index[s], p.list = at, append(p.list, summary.Visible(s))
	}
	return at
}
