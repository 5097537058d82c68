package ledger

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gtx/pipeline"
	"gtx/stages"
	"gtx/stages/durable"
)

// run is one run of gtx that writes records to a report.
func run(t testing.TB, path string, records ...Record) {
	t.Helper()
	l, err := Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if err := l.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) (records []Record) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var rec Record
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatal(err)
		}
		records = append(records, rec)
	}
	return records
}

func TestOneRecordOfAnInputStays(t *testing.T) {
	var (
		made      = Record{In: "a", Out: "x/a", Status: StatusDone, Provider: "cpu"}
		elsewhere = Record{In: "a", Out: "y/a", Status: StatusDone, Provider: "cuda"}
		current   = Record{In: "a", Out: "x/a", Status: StatusSkipped, Message: stages.UpToDate, Provider: "cpu"}
		earlier   = Record{In: "a", Out: "x/a", Status: StatusDone, Earlier: true}
		failed    = Record{In: "a", Out: "x/a", Status: StatusFailed, Message: "no"}
		unreached = Record{In: "a", Out: "x/a", Status: StatusUnreached}
	)
	for name, c := range map[string]struct {
		runs [][]Record
		want Record
	}{
		"the later":                         {[][]Record{{made}, {elsewhere}}, elsewhere},
		"how it was made":                   {[][]Record{{made}, {current}}, made},
		"up to date elsewhere":              {[][]Record{{elsewhere}, {current}}, earlier},
		"up to date after a failure":        {[][]Record{{failed}, {current}}, earlier},
		"not recorded":                      {[][]Record{{unreached}, {current}}, earlier},
		"not recorded, twice":               {[][]Record{{unreached}, {current}, {current}}, earlier},
		"up to date in a new report":        {[][]Record{{current}}, current},
		"a later failure":                   {[][]Record{{made}, {failed}}, failed},
		"a failure of an input named twice": {[][]Record{{made, failed}}, made},
		"not reached":                       {[][]Record{{unreached}}, unreached},
		"not reached after it was made":     {[][]Record{{made}, {unreached}}, made},
		"not reached after it failed":       {[][]Record{{failed}, {unreached}}, failed},
		"reached at last":                   {[][]Record{{unreached}, {failed}}, failed},
	} {
		path := filepath.Join(t.TempDir(), "r.jsonl")
		for _, records := range c.runs {
			run(t, path, records...)
		}
		got := read(t, path)
		if len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A run that is killed does not drop the records that others replace.
func TestRecordsOfAKilledRunCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	run(t, path, Record{In: "a", Status: StatusFailed}, Record{In: "b", Status: StatusFailed})
	l, err := Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	l.Write(Record{In: "a", Status: StatusDone})
	l.file.WriteString(`{"in":"b","sta`)
	l.file.Close()
	run(t, path, Record{In: "c", Status: StatusDone})
	var got []string
	for _, rec := range read(t, path) {
		got = append(got, rec.In+" "+rec.Status)
	}
	if want := "[b failed a done c done]"; fmt.Sprint(got) != want {
		t.Errorf("%v, not %v", got, want)
	}
}

// A run that is killed while it writes the report again leaves a file that the next run removes.
func TestTemporaryReportOfAKilledRunIsRemoved(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "r.jsonl")
	var temporary []string
	err := durable.Replace(durable.Place{Path: path}, func(io.Writer) (err error) {
		temporary, err = filepath.Glob(filepath.Join(folder, ".*"))
		return err
	})
	if err != nil || len(temporary) != 1 {
		t.Fatalf("%q, %v", temporary, err)
	}
	if err := os.WriteFile(temporary[0], []byte("{"), 0o644); err != nil { // nobody holds its lock
		t.Fatal(err)
	}
	run(t, path, Record{In: "a", Status: StatusDone})
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 || entries[0].Name() != "r.jsonl" {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestPathsThatAreNotUTF8ComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	in, out := "n\xff.jpg", "o/n\xfe.jpg"
	var rec Record
	rec.Fill(pipeline.Item[stages.Source, stages.Written]{Source: stages.Source{In: in, Out: out}})
	run(t, path, rec)
	if got := read(t, path)[0]; string(got.InBytes) != in || string(got.OutBytes) != out {
		t.Errorf("%q and %q", got.InBytes, got.OutBytes)
	}
}

// BenchmarkReport continues a report of 100,000 records with as many that are up to date.
func BenchmarkReport(b *testing.B) {
	records := make([]Record, 100_000)
	for i := range records {
		in := fmt.Sprintf("photos/2024/summer/IMG_%06d.jpg", i)
		records[i] = Record{
			In: in, Out: "out/" + in, Status: StatusDone, Model: strings.Repeat("0123456789abcdef", 4), Provider: "cpu", To: "winter", Strength: 1,
			Before: &Amplitudes{0.012, 0.034, 0.056}, After: &Amplitudes{0.012, 0.034, 0.056},
			Millis: map[string]float64{"open": 1.234, "compare": 0.123, "decode": 12.345, "resize": 1.234, "translate": 100.123, "encode": 23.456},
		}
	}
	path := filepath.Join(b.TempDir(), "r.jsonl")
	run(b, path, records...)
	for i := range records {
		records[i] = Record{In: records[i].In, Out: records[i].Out, Status: StatusSkipped, Message: stages.UpToDate}
	}
	for b.Loop() {
		run(b, path, records...)
	}
}
