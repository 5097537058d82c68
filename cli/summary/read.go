package summary

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/pipeline"
	"gtx/stages"
)

// A Report is one report, or several that were merged.
type Report struct {
	Paths   []string // of the files
	Results []*Result
	Runs    []*ledger.Run // that results name, and the last of each file, in the order of their beginning
	Stages  []string
	Notes   []string // what could not be read, or is not known
}

// lineMost is the longest line that is read, in bytes.
const lineMost = 4 << 20

// Read reads reports and merges them. A path "-" is in.
func Read(files []string, in io.Reader) (*Report, error) {
	r := &reader{strings: map[string]string{}, stages: map[string]int{}, runs: map[string]*ledger.Run{}, report: &Report{Paths: files}}
	for _, path := range files {
		if err := r.file(path, in); err != nil {
			return nil, err
		}
	}
	if len(files) > 1 {
		r.report.Results = merge(r.report.Results)
	}
	r.finish()
	return r.report, nil
}

// A reader reads the files of a report. What many records share is kept once.
type reader struct {
	report  *Report
	strings map[string]string
	stages  map[string]int // index in report.Stages
	runs    map[string]*ledger.Run
	last    []*ledger.Run // of each file
}

func (r *reader) note(format string, args ...any) {
	r.report.Notes = append(r.report.Notes, fmt.Sprintf(format, args...))
}

// open opens a report.
func open(path string, in io.Reader) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(in), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, exit.CannotStart(fmt.Errorf("%q: %w", path, stages.WithoutPath(err)))
	}
	return f, nil
}

// A file is what was found in one report.
type file struct {
	path     string
	number   int // in the list of files
	results  []*Result
	standing map[inFile]int // index in results
	described,
	newest int // records of runs, and the newest format that one names
	foreign int // lines that are no records
	others  int // records of other things
	unknown int // records of a status that this gtx does not know
	odd     int // records with a field of another type
	cut     bool
}

type inFile struct {
	in     string
	sample int
}

func (r *reader) file(path string, in io.Reader) error {
	source, err := open(path, in)
	if err != nil {
		return err
	}
	defer source.Close()
	f := &file{path: path, standing: map[inFile]int{}, number: len(r.last)}
	r.last = append(r.last, nil)
	if err := r.lines(f, source); err != nil {
		return exit.CannotStart(fmt.Errorf("%q: %w", path, stages.WithoutPath(err)))
	}
	if len(f.results) == 0 && f.described == 0 && f.foreign+f.others > 0 {
		return exit.Usage("%q is not a report", path)
	}
	r.report.Results = append(r.report.Results, f.results...)
	r.noteFile(f)
	return nil
}

// batchLines is how many lines are parsed at a time.
const batchLines = 256

// lines takes all lines of a file in their order. It parses several batches of them at once.
func (r *reader) lines(f *file, source io.Reader) error {
	var broken error
	batches := func(yield func([]parsed) bool) {
		b := bufio.NewReaderSize(source, 256<<10)
		for more := true; more; {
			batch := make([]parsed, 0, batchLines)
			for more && len(batch) < batchLines {
				var one parsed
				one.text, one.whole, broken = readLine(b)
				if more = one.whole && broken == nil; more || len(one.text) > 0 {
					batch = append(batch, one)
				}
			}
			if !yield(batch) {
				return
			}
		}
	}
	workers := runtime.GOMAXPROCS(0)
	flow := pipeline.Each(pipeline.From(pipeline.New(context.Background(), 2*workers), batches), "parse", workers, parse)
	err := pipeline.Drain(flow, func(it pipeline.Item[[]parsed, []parsed]) error {
		for i := range it.Value {
			r.line(f, &it.Value[i])
		}
		return nil
	})
	return cmp.Or(broken, err)
}

// A parsed line is a record, or no record if err is set.
type parsed struct {
	text  []byte
	whole bool // it ends in a line feed
	rec   record
	err   error
}

func parse(_ context.Context, lines []parsed) ([]parsed, error) {
	for i := range lines {
		lines[i].err = json.Unmarshal(lines[i].text, &lines[i].rec)
	}
	return lines, nil
}

// readLine reads a line. whole: it ends in a line feed. The rest of a line that is too long is passed over.
func readLine(b *bufio.Reader) (line []byte, whole bool, err error) {
	for {
		part, err := b.ReadSlice('\n')
		if len(line) < lineMost {
			line = append(line, part...)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return line, err == nil, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return line, false, err
		}
	}
}

// line takes one line of a report.
func (r *reader) line(f *file, p *parsed) {
	rec, err := &p.rec, p.err
	if odd := new(json.UnmarshalTypeError); errors.As(err, &odd) && rec.In != nil && rec.Status != "" {
		err, f.odd = nil, f.odd+1 // the other fields are there
	}
	switch {
	case err == nil && rec.Status == ledger.StatusRun:
		run, err := ledger.Describe(p.text)
		if err != nil {
			f.foreign++
			return
		}
		f.described++
		f.newest = max(f.newest, run.Format)
		r.last[f.number] = r.run(run)
	case err == nil && rec.In != nil && rec.Status != "" && (*rec.In != "" || rec.InBytes != nil || known(rec.Status)):
		r.add(f, rec)
	case err == nil: // about something else, such as the header of a shard's report
		f.others++
	case !p.whole && bytes.HasPrefix(p.text, []byte("{")):
		f.cut = true
	case len(bytes.TrimSpace(p.text)) > 0:
		f.foreign++
	}
}

// known tells whether results have this status. Records of other things have other statuses, and no path.
func known(status string) bool {
	switch status {
	case ledger.StatusDone, ledger.StatusCopied, ledger.StatusSkipped, ledger.StatusFailed, ledger.StatusUnreached:
		return true
	}
	return false
}

// record is ledger.Record. Its path may be missing.
type record struct {
	ledger.Record
	In *string `json:"in"`
}

// run keeps what is known of a run. Its later record replaces the earlier one.
func (r *reader) run(run ledger.Run) *ledger.Run {
	known := r.runs[run.ID]
	if known == nil {
		known = new(ledger.Run)
		r.runs[run.ID] = known
	}
	if run.Format > 0 && (known.Ending == nil || run.Ending != nil) {
		*known = visibleRun(run)
	}
	return known
}

// visibleRun is a run with its texts as a terminal or a page shows them, except for paths and option values.
func visibleRun(run ledger.Run) ledger.Run {
	for _, text := range []*string{&run.Command, &run.Name, &run.Model, &run.Provider, &run.Precision} {
		*text = Visible(*text)
	}
	run.Settings, run.Versions = visibleNames(run.Settings), visibleNames(run.Versions)
	if run.Ending != nil {
		run.Ending.Limit, run.Ending.Millis = Visible(run.Ending.Limit), visibleNames(run.Ending.Millis)
	}
	return run
}

func visibleNames[V any](values map[string]V) map[string]V {
	shown := make(map[string]V, len(values))
	for name, value := range values {
		shown[Visible(name)] = value
	}
	return shown
}

// add adds a result to those of a file, unless the file has a record of it that takes precedence.
func (r *reader) add(f *file, rec *record) {
	one := r.result(rec)
	if !known(one.Status) {
		f.unknown++
	}
	key := inFile{one.In, one.Sample}
	at, there := f.standing[key]
	if !there {
		f.standing[key] = len(f.results)
		f.results = append(f.results, one)
	} else if one.replaces(f.results[at]) {
		f.results[at] = one
	}
}

func (r *reader) result(rec *record) *Result {
	one := &Result{
		In: *rec.In, Out: rec.Out, Against: string(rec.Against), Sample: max(1, rec.Sample), Tar: rec.Tar,
		Status: r.shown(rec.Status), Class: r.shown(rec.Class), Message: r.shown(rec.Message), Earlier: rec.Earlier,
		Model: r.keep(rec.Model), To: r.keep(rec.To), Strength: rec.Strength, Provider: r.shown(rec.Provider),
		Domain: r.shown(rec.Domain), P: rec.P, Width: rec.Width, Height: rec.Height, Before: rec.Before, After: rec.After,
		Flagged: rec.Flagged, Repaired: rec.Repaired, Change: -1, Warnings: rec.Warnings,
	}
	if rec.InBytes != nil {
		one.In = string(rec.InBytes)
	}
	if rec.OutBytes != nil {
		one.Out = string(rec.OutBytes)
	}
	if rec.Change != nil {
		one.Change = *rec.Change
	}
	if rec.Run != "" {
		one.Run = r.run(ledger.Run{ID: r.keep(rec.Run)})
	}
	for stage, ms := range rec.Millis {
		stage = Visible(stage)
		at, known := r.stages[stage]
		if !known {
			at = len(r.report.Stages)
			r.stages[stage], r.report.Stages = at, append(r.report.Stages, stage)
		}
		if at >= len(one.Millis) {
			grown := make([]float32, len(r.report.Stages))
			copy(grown, one.Millis)
			one.Millis = grown
		}
		one.Millis[at] = float32(ms)
	}
	return one
}

// keep returns the one copy of a text that many records share.
func (r *reader) keep(s string) string {
	if s == "" {
		return s
	}
	kept, known := r.strings[s]
	if !known {
		if len(r.strings) > 100_000 {
			return s
		}
		r.strings[s], kept = s, s
	}
	return kept
}

// shown is the one copy of a text as a terminal or a page shows it. Paths stay as they are.
func (r *reader) shown(s string) string { return r.keep(Visible(s)) }

// noteFile says what is odd about a report.
func (r *reader) noteFile(f *file) {
	if f.cut {
		r.note("%q: its last line is cut short: it was read up to there", f.path)
	}
	if f.foreign > 0 {
		r.note("%q: %s: passed over", f.path, plural(f.foreign, "line is no record", "lines are no records"))
	}
	if f.newest > ledger.Format {
		r.note("%q: written by a newer gtx, in format %d: what format %d lacks is not shown", f.path, f.newest, ledger.Format)
	}
	if f.unknown > 0 {
		r.note("%q: %s a status that this gtx does not know", f.path, plural(f.unknown, "record has", "records have"))
	}
	if f.odd > 0 {
		r.note("%q: %s a field that this gtx cannot read: it is left out", f.path, plural(f.odd, "record has", "records have"))
	}
	if f.described == 0 && len(f.results) > 0 {
		r.note("%q: written by an older gtx, without records of its runs: settings and rate are not known", f.path)
	}
}

// finish lists the runs and brings the stages into the order of the line.
func (r *reader) finish() {
	named := map[*ledger.Run]bool{}
	for _, one := range r.report.Results {
		if one.Run != nil && one.Run.Format == 0 {
			one.Run = nil // it is not described
		}
		named[one.Run] = true
	}
	dropIncomplete(r.report.Results)
	for _, run := range r.last {
		named[run] = true
	}
	delete(named, nil)
	for run := range named {
		r.report.Runs = append(r.report.Runs, run)
	}
	slices.SortFunc(r.report.Runs, func(a, b *ledger.Run) int { return cmp.Or(order(a, b), cmp.Compare(a.ID, b.ID)) })
	open := 0
	for _, run := range r.report.Runs {
		if run.Ending == nil {
			open++
		}
	}
	if open > 0 {
		r.note("%s not end: killed, or still under way", plural(open, "run did", "runs did"))
	}
	if extra := len(r.report.Notes) - notesMost; extra > 0 {
		r.report.Notes = append(r.report.Notes[:notesMost], fmt.Sprintf("… and %d more", extra))
	}
	r.orderStages()
}

// notesMost bounds the notes of many reports.
const notesMost = 20

// line is the order of the stages. Others come after them.
var line = []string{"open", "compare", "decode", "resize", "classify", "translate", "generate", "check", "detail", "encode", "sync"}

// orderStages sorts the stages, and the milliseconds of each result with them.
func (r *reader) orderStages() {
	from := slices.Clone(r.report.Stages)
	rank := func(stage string) int {
		if at := slices.Index(line, stage); at >= 0 {
			return at
		}
		return len(line)
	}
	slices.SortFunc(r.report.Stages, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	for _, one := range r.report.Results {
		if one.Millis == nil {
			continue
		}
		sorted := make([]float32, len(from))
		for i, ms := range one.Millis {
			sorted[slices.Index(r.report.Stages, from[i])] = ms
		}
		one.Millis = sorted
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Count writes a number with commas.
func Count(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
