package ledger_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gtx/cli/ledger"
)

// lines are those of a report, in words.
func lines(t *testing.T, path string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{} // of runs
	for line := range bytes.Lines(text) {
		if r, err := ledger.Describe(line); err == nil {
			names[r.ID] = r.Command
		}
	}
	for line := range bytes.Lines(text) {
		var rec ledger.Record
		if err := json.Unmarshal(line, &rec); err != nil {
			t.Fatal(err)
		}
		if rec.Status != ledger.StatusRun {
			list = append(list, rec.In+" by "+names[rec.Run])
			continue
		}
		r, err := ledger.Describe(line)
		if err != nil || r.Format != ledger.Format || len(r.ID) != 16 {
			t.Errorf("%s: %v", line, err)
		}
		if r.Ending != nil {
			list = append(list, fmt.Sprintf("%s ends with %v", r.Command, r.Counts))
		} else {
			list = append(list, r.Command+" begins")
		}
	}
	return list
}

// Each run writes records to one report.
func runs(t *testing.T, path string, name string, killed bool, records ...ledger.Record) {
	t.Helper()
	l, err := ledger.Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	l.Begin(ledger.Run{Command: name})
	for _, rec := range records {
		if err := l.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if !killed {
		if err := l.End(ledger.Ending{Seconds: 2}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRunStaysWhileARecordNamesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	rec := func(in, status string) ledger.Record { return ledger.Record{In: in, Status: status} }
	for _, step := range []struct {
		run  func()
		want []string
	}{
		{func() { runs(t, path, "one", false, rec("a", "done"), rec("b", "failed")) },
			[]string{"one begins", "a by one", "b by one", "one ends with map[done:1 failed:1]"}},
		{func() { runs(t, path, "two", false, rec("b", "done")) },
			[]string{"a by one", "one ends with map[done:1 failed:1]", "b by two", "two ends with map[done:1]"}},
		{func() { runs(t, path, "three", false, rec("a", "done")) },
			[]string{"b by two", "two ends with map[done:1]", "a by three", "three ends with map[done:1]"}},
		{func() { runs(t, path, "four", false) },
			[]string{"b by two", "two ends with map[done:1]", "a by three", "three ends with map[done:1]", "four begins", "four ends with map[]"}},
		{func() { runs(t, path, "five", false, rec("a", "done"), rec("b", "done")) },
			[]string{"a by five", "b by five", "five ends with map[done:2]"}},
	} {
		step.run()
		if got := lines(t, path); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", step.want) {
			t.Errorf("%q, not %q", got, step.want)
		}
	}
}

func TestKilledRunHasARecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	runs(t, path, "one", true, ledger.Record{In: "a", Status: "done"})
	if got := fmt.Sprintf("%q", lines(t, path)); got != `["one begins" "a by one"]` {
		t.Error(got)
	}
	if err := ledger.Replaceable(path); err != nil { // its first line is a record of a run
		t.Error(err)
	}
}

func TestTextOfAnyBytesComesBack(t *testing.T) {
	for _, text := range []ledger.Text{"", "plain", "<b>\"é\n", "caf\xe9", "\xff\x00"} {
		b, err := json.Marshal([]ledger.Text{text})
		if err != nil {
			t.Fatal(err)
		}
		var back []ledger.Text
		if err := json.Unmarshal(b, &back); err != nil || back[0] != text {
			t.Errorf("%q becomes %s and %q, %v", text, b, back, err)
		}
		var loose []any
		if err := json.Unmarshal(b, &loose); err != nil {
			t.Fatal(err)
		}
		if object, is := loose[0].(map[string]any); is && ledger.TextOf(object) != string(text) {
			t.Errorf("%q becomes %q", text, ledger.TextOf(object))
		}
	}
}
