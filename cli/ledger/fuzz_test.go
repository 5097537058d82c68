package ledger_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"gtx/cli/ledger"
)

// Whatever an earlier run, or a crash, has left in a report, the next run leaves whole records in it, and exactly one of
// its own input.
func FuzzReportIsContinued(f *testing.F) {
	f.Add([]byte(`{"in":"a.jpg","status":"failed"}` + "\n" + `{"in":"a.jpg","out":"b","status":"done"}` + "\n" + `{"in":"b.j`))
	f.Add([]byte("\n\n{}\nnull\n[1]\n{\"in\":3}\n"))
	f.Add([]byte(`{"in":"a.jpg","status":"skipped","message":"up to date","sample":2}` + "\n\xff\xfe\n"))
	f.Add([]byte(`{"in":"","status":"run","run":"x"}` + "\n" + `{"in":"a.jpg","status":"done","run":"x"}` + "\n" + `{"in":"","status":"run","run":"x","seconds":1}` + "\n"))
	path := filepath.Join(f.TempDir(), "run.jsonl")
	f.Fuzz(func(t *testing.T, earlier []byte) {
		if err := os.WriteFile(path, earlier, 0o666); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			l, err := ledger.Open(path, false)
			if err != nil {
				t.Fatal(err)
			}
			l.Begin(ledger.Run{Command: "translate"})
			if err := l.Write(ledger.Record{In: "a.jpg", Out: "a.winter.jpg", Status: ledger.StatusDone}); err != nil {
				t.Error(err)
			}
			if err := l.End(ledger.Ending{}); err != nil {
				t.Error(err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		mine := 0
		for line := range bytes.Lines(b) {
			var r ledger.Record
			if err := json.Unmarshal(line, &r); err != nil || !bytes.HasSuffix(line, []byte("\n")) {
				t.Errorf("%q is no record: %v", line, err)
			}
			if r.In == "a.jpg" && r.Sample <= 1 && r.InBytes == nil {
				mine++
			}
		}
		if mine != 1 {
			t.Errorf("%d records of a.jpg", mine)
		}
	})
}
