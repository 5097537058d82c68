package summary_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gtx/cli/ledger"
	"gtx/cli/summary"
	"gtx/stages"
)

// run writes a report of one run, and returns its path. The run was in /photos.
func run(t testing.TB, name string, about ledger.Run, records ...ledger.Record) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	l, err := ledger.Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	about.Folder = "/photos"
	l.Begin(about)
	for _, rec := range records {
		if err := l.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.End(ledger.Ending{Seconds: 2}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, files ...string) *summary.Report {
	t.Helper()
	r, err := summary.Read(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func failure(in, message string) ledger.Record {
	var r ledger.Record
	r.Place(stages.Source{In: in})
	r.Status, r.Class, r.Message = ledger.StatusFailed, "open", message
	return r
}

func below(r ledger.Record, out string) ledger.Record {
	r.Out = out
	return r
}

func done(in string) ledger.Record {
	return ledger.Record{In: in, Out: "out/" + in, Status: ledger.StatusDone}
}

func TestFailuresAreGroupedByCause(t *testing.T) {
	path := run(t, "r.jsonl", ledger.Run{Command: "translate"},
		failure("a", `source "a": 10×20 is too small`), failure("b", `source "b \" c": 300×2 is too small`), failure("c", "the file is empty"),
		ledger.Record{In: "d", Status: ledger.StatusFailed, Class: "decode", Message: "the file is empty"},
		ledger.Record{In: "e", Status: ledger.StatusUnreached}, ledger.Record{In: "f", Status: ledger.StatusUnreached},
		ledger.Record{In: "g", Status: ledger.StatusUnreached}, done("h"),
	)
	var got []string
	for _, c := range read(t, path).Causes() {
		got = append(got, fmt.Sprintf("%d %s", len(c.Results), c.Title()))
	}
	want := []string{
		`2 failed in open: source …: … is too small`, "1 failed in open: the file is empty", "1 failed in decode: the file is empty",
		"3 not reached: the run ended first",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestCommandsRepeatWhatFailed(t *testing.T) {
	settings := func(more map[string]any) map[string]any {
		all := map[string]any{"to": "winter", "out": "w", "report": "r.jsonl", "strength": 0.5, "report-new": true, "null": true, "quiet": true}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	many := make([]ledger.Record, 9)
	for i := range many {
		many[i] = failure(fmt.Sprintf("in/%d.jpg", i), "bad")
	}
	for name, c := range map[string]struct {
		about   ledger.Run
		records []ledger.Record
		want    []string // $R is the path of the report
	}{
		"files": {
			ledger.Run{Command: "translate", Settings: settings(nil)}, []ledger.Record{failure("a.jpg", "bad"), failure("it's.jpg", "bad")},
			[]string{`cd /photos && gtx translate --to winter -o w --quiet --report r.jsonl --strength 0.5 a.jpg 'it'\''s.jpg'`},
		},
		"two folders": {
			ledger.Run{Command: "translate", Settings: settings(nil), Folders: []ledger.Text{"in", "in2/"}},
			[]ledger.Record{failure("in/a.jpg", "bad"), failure("in2/b.jpg", "bad"), failure("c.jpg", "bad")},
			[]string{
				`cd /photos && gtx translate --to winter --base in -o w --quiet --report r.jsonl --strength 0.5 in/a.jpg`,
				`cd /photos && gtx translate --to winter --base in2/ -o w --quiet --report r.jsonl --strength 0.5 in2/b.jpg`,
				`cd /photos && gtx translate --to winter -o w --quiet --report r.jsonl --strength 0.5 c.jpg`,
			},
		},
		"paths below folders": {
			ledger.Run{Command: "translate", Settings: settings(nil), Folders: []ledger.Text{"trees/./old"}},
			[]ledger.Record{
				below(failure("in/x/a.jpg", "bad"), "w/x/a.jpg"), below(failure("in/b.jpg", "bad"), "w/in/b.jpg"),
				below(failure("/n/c.jpg", "bad"), "w/n/c.jpg"), below(failure("trees/old/d.jpg", "bad"), "w/old/d.jpg"),
			},
			[]string{`cd /photos && gtx translate --to winter -o w --quiet --report r.jsonl --strength 0.5 in/./x/a.jpg in/b.jpg /n/c.jpg trees/./old/d.jpg`},
		},
		"many": {
			ledger.Run{Command: "translate", Settings: settings(nil), Folders: []ledger.Text{"in"}}, many,
			[]string{`cd /photos && gtx report -0 --list $ID $R | gtx translate -0 --to winter --base in -o w --quiet --report r.jsonl --strength 0.5`},
		},
		"odd values": {
			ledger.Run{Command: "translate", Settings: map[string]any{
				"exemplar": []ledger.Text{"a b", "c\xff"}, "seed": ledger.Text("18446744073709551615"), "max-memory": 3000000, "tile": false, "name": "-x",
			}},
			[]ledger.Record{failure("-a.jpg", "bad")},
			[]string{`cd /photos && gtx translate --exemplar 'a b' --exemplar $'c\377' --max-memory 3000000 --name=-x --seed 18446744073709551615 --tile=false -- -a.jpg`},
		},
		"a shard": {
			ledger.Run{Command: "translate", Settings: map[string]any{"plan": "p", "shard": "7", "to": "winter"}}, []ledger.Record{failure("a", "bad")},
			[]string{`cd /photos && gtx translate --to winter --plan p --shard 7`},
		},
		"generated": {
			ledger.Run{Command: "generate", Settings: map[string]any{"model": "m", "count": 3}}, []ledger.Record{failure("m-0-00001", "bad")},
			[]string{`cd /photos && gtx generate --model m --count 3`},
		},
		"a tar": {
			ledger.Run{Command: "translate", Settings: map[string]any{"tar": true, "out": "o"}, Paths: []ledger.Text{"t-{0..9}.tar"}},
			[]ledger.Record{failure("t-1.tar:1.jpg", "bad"), failure("t-2.tar", "bad")},
			[]string{`cd /photos && gtx translate -o o --tar 't-{0..9}.tar'`},
		},
		"a tar to standard output": {
			ledger.Run{Command: "translate", Settings: map[string]any{"tar": true}, Paths: []ledger.Text{"t.tar"}}, []ledger.Record{failure("t.tar:1.jpg", "bad")},
			[]string{`cd /photos && gtx translate --tar t.tar >RESULT`},
		},
		"listed tars": {
			ledger.Run{Command: "translate", Settings: map[string]any{"tar": true, "out": "o", "files-from": "l", "null": true}}, []ledger.Record{failure("t.tar:1.jpg", "bad")},
			[]string{`cd /photos && gtx translate -o o --tar --files-from l --null`},
		},
		"a tar from a pipe": {
			ledger.Run{Command: "translate", Settings: map[string]any{"tar": true}}, []ledger.Record{failure("1.jpg", "bad"), failure("standard input", "bad")},
			[]string{""},
		},
		"frames": {ledger.Run{Command: "translate", Settings: map[string]any{"frames": true}, Paths: []ledger.Text{"-"}}, []ledger.Record{failure("frame 3", "bad")}, []string{""}},
		"shards": {
			ledger.Run{Command: "translate", Settings: map[string]any{"shards": "s-%d.tar", "out": "o"}, Folders: []ledger.Text{"d"}, Paths: []ledger.Text{"d", "e.jpg"}},
			[]ledger.Record{failure("d/a.jpg", "bad"), failure("e.jpg", "bad")},
			[]string{`cd /photos && gtx translate -o o --shards s-%d.tar d e.jpg`},
		},
		"standard input": {
			ledger.Run{Command: "translate", Settings: map[string]any{"to": "winter"}}, []ledger.Record{failure("-", "bad")},
			[]string{`cd /photos && gtx translate --to winter - <IMAGE >RESULT`},
		},
	} {
		path := run(t, "r.jsonl", c.about, c.records...)
		causes := read(t, path).Causes()
		var got []string
		for _, repeat := range causes[0].Repeats {
			got = append(got, repeat.Shell(""))
		}
		for i := range c.want {
			c.want[i] = strings.NewReplacer("$R", path, "$ID", causes[0].ID).Replace(c.want[i])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nnot\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// A tar holds images and is none.
func TestTarsDoNotCountAsImages(t *testing.T) {
	tar := done("t.tar")
	tar.Tar = true
	r := read(t, run(t, "r.jsonl", ledger.Run{Command: "translate"}, done("t.tar:a.jpg"), tar))
	if got := r.Totals().Line(); got != "1 image: 1 done" || r.Runs[0].Counts[ledger.StatusDone] != 1 {
		t.Errorf("%s, %v", got, r.Runs[0].Counts)
	}
}

func TestImagesOfATarThatIsNotCompleteAreNotReached(t *testing.T) {
	begun := func(in, out string) ledger.Record {
		return ledger.Record{In: in, Out: out, Status: ledger.StatusUnreached, Tar: true}
	}
	complete := ledger.Record{In: "out/0.tar", Out: "out/0.tar", Status: ledger.StatusDone, Tar: true}
	about := ledger.Run{Command: "translate", Settings: map[string]any{"shards": "%d.tar", "out": "out"}, Paths: []ledger.Text{"in"}}
	first := []ledger.Record{
		begun("out/0.tar", "out/0.tar"), below(done("a.jpg"), "out/0.tar:a.jpg"), complete,
		begun("out/1.tar", "out/1.tar"), below(done("b.jpg"), "out/1.tar:b.jpg"),
	}
	r := read(t, run(t, "r.jsonl", about, first...))
	if got := r.Totals().Line(); got != "2 images: 1 done, 1 not reached" {
		t.Error(got)
	}
	if list, err := r.List("failed"); err != nil || len(list) != 1 || list[0].In != "b.jpg" {
		t.Errorf("%v, %v", list, err)
	}
	// A later run did not complete the first tar either. The tar of the run before stays, without the new image.
	path := run(t, "r.jsonl", about, first[:3]...)
	time.Sleep(time.Millisecond)
	later := run(t, "later.jsonl", about, begun("out/0.tar", "out/0.tar"), below(done("c.jpg"), "out/0.tar:c.jpg"))
	r = read(t, path, later)
	if got := r.Totals().Line(); got != "2 images: 1 done, 1 not reached" {
		t.Error(got)
	}
}

// A report may come from anybody: its command and the names of its options are not quoted.
func TestUnknownCommandsAndOptionsAreNotRepeated(t *testing.T) {
	for _, about := range []ledger.Run{
		{Command: "translate; touch pwned; :"},
		{Command: "models"},
		{Command: "translate", Settings: map[string]any{"to": "winter", "x; touch pwned; :": "y"}},
		{Command: "translate", Settings: map[string]any{"": true}},
	} {
		repeat := read(t, run(t, "r.jsonl", about, failure("a.jpg", "bad"))).Causes()[0].Repeats[0]
		if repeat.Shell("") != "" || repeat.Hint("") == "" {
			t.Errorf("%q %q: %q, %q", about.Command, about.Settings, repeat.Shell(""), repeat.Hint(""))
		}
	}
}

func TestCommandsThatNotEveryShellKnowsSaySo(t *testing.T) {
	for in, want := range map[string]string{"it's a.jpg": "", "two\nlines.jpg": "in bash or zsh"} {
		repeat := read(t, run(t, "r.jsonl", ledger.Run{Command: "translate"}, failure(in, "bad"))).Causes()[0].Repeats[0]
		if hint := repeat.Hint(""); hint != want {
			t.Errorf("%q: %q", in, hint)
		}
	}
}

// hostile is a text that clears a terminal, breaks a line and turns the direction of what follows.
const hostile = "cpu\x1b[2J\n\u202e"

func TestTextsOfReportsAreShownAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	l, err := ledger.Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	l.Begin(ledger.Run{
		Command: hostile, Settings: map[string]any{hostile: hostile}, Name: hostile, Model: hostile, Provider: hostile, Precision: hostile,
		Versions: map[string]string{hostile: hostile},
	})
	rec := ledger.Record{In: hostile, Status: ledger.StatusFailed, Class: hostile, Message: hostile, Provider: hostile, Domain: hostile, Millis: map[string]float64{hostile: 1}}
	if err := l.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := l.End(ledger.Ending{Seconds: 2, Limit: hostile, Millis: map[string]float64{hostile: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := read(t, path)
	var printed strings.Builder
	if err := r.Print(&printed, r.Compare(read(t, run(t, "other.jsonl", ledger.Run{Command: "check"}, done("a"))))); err != nil {
		t.Fatal(err)
	}
	printed.WriteString(fmt.Sprint(r.Stages))
	for _, run := range r.Runs {
		printed.WriteString(fmt.Sprint(run.Provider, run.Ending.Limit, run.Ending.Millis))
	}
	if text := printed.String(); strings.ContainsAny(text, "\x1b\u202e") || !strings.Contains(text, `limited by cpu\x1b[2J\n\u202e`) {
		t.Errorf("%q", text)
	}
}

func TestLargeNumbersHaveCommas(t *testing.T) {
	if line := (summary.Totals{Results: 100_000, Done: 98_765, Failed: 999}).Line(); line != "100,000 images: 98,765 done, 999 failed" {
		t.Error(line)
	}
}

func TestListsNameTheInputsOfEachCommand(t *testing.T) {
	var records []ledger.Record
	for i := range 20 {
		records = append(records, failure(fmt.Sprintf("in%d/%d.jpg", i%2, i), "bad"))
	}
	r := read(t, run(t, "r.jsonl", ledger.Run{Command: "translate", Folders: []ledger.Text{"in0", "in1"}}, records...))
	cause := r.Causes()[0]
	for i, repeat := range cause.Repeats {
		group := fmt.Sprintf("%s.%d", cause.ID, i+1)
		if !strings.Contains(repeat.Command, "--list "+group+" ") {
			t.Errorf("%s does not name %s", repeat.Command, group)
		}
		list, err := r.List(group)
		if err != nil || len(list) != 10 || !strings.HasPrefix(list[0].In, fmt.Sprintf("in%d/", i)) {
			t.Errorf("%d results, %v", len(list), err)
		}
	}
	if list, err := r.List(cause.ID); len(list) != 20 || err != nil {
		t.Errorf("%d results, %v", len(list), err)
	}
}

func TestReportOfAnOlderGtxIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.jsonl")
	text := `{"in":"a","out":"b","status":"failed","class":"open","message":"bad","to":"winter","strength":1,"flagged":false}` + "\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	r := read(t, path)
	repeat := r.Causes()[0].Repeats[0]
	if repeat.Shell("") != "gtx report -0 --list "+r.Causes()[0].ID+" "+path+" | gtx translate -0 --to winter" || !strings.Contains(repeat.Note, "not in the report") {
		t.Errorf("%q, %q", repeat.Shell(""), repeat.Note)
	}
}

// What a failure of one machine says does not count once another machine has made the result.
func TestMergedReportsHaveOneRecordOfEachTask(t *testing.T) {
	about := func(model string) ledger.Run { return ledger.Run{Command: "translate", Model: model} }
	first := run(t, "1.jsonl", about("m"), done("a"), failure("b", "bad"), failure("c", "bad"))
	second := run(t, "2.jsonl", about("m"), done("b"), ledger.Record{In: "a", Status: ledger.StatusUnreached}, failure("/photos/c", "worse"))
	other := run(t, "3.jsonl", about("n"), ledger.Record{In: "a", Out: "n/a", Status: ledger.StatusDone, Model: "n"})
	for _, files := range [][]string{{first, second}, {second, first}} {
		r := read(t, files...)
		if got := r.Totals().Line(); got != "3 images: 2 done, 1 failed" {
			t.Errorf("%v: %s", files, got)
		}
		if message := r.Causes()[0].Message; message != "worse" {
			t.Errorf("%v: %s", files, message)
		}
	}
	if got := read(t, first, second, other).Totals().Line(); got != "4 images: 3 done, 1 failed" {
		t.Error(got)
	}
}

func TestKilledRunIsReadAsTheNextRunWouldLeaveIt(t *testing.T) {
	current := ledger.Record{In: "a", Out: "out/a", Status: ledger.StatusSkipped, Message: stages.UpToDate}
	path := run(t, "r.jsonl", ledger.Run{Command: "translate"}, done("a"), failure("b", "bad"))
	l, err := ledger.Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	l.Begin(ledger.Run{Command: "translate", Folder: "/photos"})
	for _, rec := range []ledger.Record{current, done("b"), failure("b", "named twice")} {
		if err := l.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	before := read(t, path) // the run is under way
	if got := before.Totals().Line(); got != "2 images: 2 done" || len(before.Notes) != 1 || !strings.Contains(before.Notes[0], "1 run did not end") {
		t.Errorf("%s, %q", got, before.Notes)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path).Totals().Line(); got != before.Totals().Line() {
		t.Errorf("%s, and then %s", before.Totals().Line(), got)
	}
}

func TestComparisonSaysWhatChanged(t *testing.T) {
	change := func(r ledger.Record, by float64) ledger.Record { r.Change = &by; return r }
	flagged := done("c")
	flagged.Flagged = true
	before := read(t, run(t, "1.jsonl", ledger.Run{Command: "translate", Settings: map[string]any{"strength": 0.5, "report": "1"}},
		change(done("a"), 4), failure("b", "bad"), done("c"), done("gone")))
	now := read(t, run(t, "2.jsonl", ledger.Run{Command: "translate", Settings: map[string]any{"to": "winter", "report": "2"}},
		change(done("a"), 8), done("b"), flagged, done("new"), done("newer")))
	c := now.Compare(before)
	if c.Same != 1 || len(c.New) != 2 || len(c.Gone) != 1 {
		t.Errorf("%d the same, %d new, %d gone", c.Same, len(c.New), len(c.Gone))
	}
	var printed strings.Builder
	if err := now.Print(&printed, c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 of the same status, 1 failed → done, 1 done → done, with a checkerboard, 2 new, 1 only in the other report\n", "\nnew:\n\tnew\n\tnewer\n", "\nonly in the other report:\n\tgone\n"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("%q lacks %q", printed.String(), want)
		}
	}
	var moves []string
	for _, m := range c.Moves {
		moves = append(moves, m.From+" > "+m.To+" "+m.Results[0].In)
	}
	if want := []string{"failed > done b", "done > done, with a checkerboard c"}; !slices.Equal(moves, want) {
		t.Errorf("%q", moves)
	}
	if want := "[{--strength 0.5 } {--to  winter}]"; fmt.Sprint(c.Settings) != want {
		t.Error(c.Settings)
	}
	if !slices.Contains(c.Measures, summary.Difference{Name: "change, median grey levels", Before: "4.00", Now: "8.00"}) {
		t.Error(c.Measures)
	}
}

func TestRunsAtTheSameTimeCountOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	text := ""
	for i, at := range []string{"10:00:00Z", "10:00:05Z", "11:00:00Z"} {
		text += fmt.Sprintf(`{"in":"","status":"run","run":"%016d","format":2,"command":"translate","folder":"/","versions":{},"processors":2,"started":"2026-11-29T%s","seconds":10,"rate":3,"counts":{"done":30}}`+"\n", i, at)
		text += fmt.Sprintf(`{"in":"%d","status":"done","run":"%016d"}`+"\n", i, i)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if totals := read(t, path).Totals(); totals.Seconds != 25 || totals.Rate != 90.0/25 || totals.Runs != 3 {
		t.Errorf("%+v", totals)
	}
}

// A shell reads quoted words as they were.
func FuzzQuote(f *testing.F) {
	for _, word := range []string{"", "a", "it's", "a b", "$x`y`\"z\"", "\xff\xfe'\\", "zwei\nZeilen", "\x1b[31m", "é", "-", "~", "a=b", "*", "\u202e"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if strings.Contains(word, "\x00") {
			return // no path holds it
		}
		quoted := summary.Quote(word)
		out, err := exec.Command("bash", "-c", "printf %s "+quoted).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q is quoted as %s: %q, %v", word, quoted, out, err)
		}
		if strings.ContainsFunc(quoted, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q holds control characters", quoted)
		}
	})
}

// Whatever a report holds, it is read or refused, and its records are counted once.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"in":"a","status":"done","run":"x"}` + "\n" + `{"in":"","status":"run","run":"x","started":"2026-01-01T00:00:00Z"}` + "\n{\"in\":\"b\",\"sta"))
	f.Add([]byte(`{"in":"a","status":"failed","class":7,"ms":{"open":-1}}` + "\nnull\n[]\n7\n\"\"\n{}\n\n"))
	f.Add([]byte(`{"in":"","status":"run","run":"x","settings":{"a":{"base64":"/w=="},"b":[1,{"c":2}],"d":null},"folders":[{"base64":"!"}]}`))
	path := filepath.Join(f.TempDir(), "r.jsonl")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := summary.Read([]string{path}, nil)
		if err != nil {
			return
		}
		failed := 0
		for _, c := range r.Causes() {
			failed += len(c.Results)
		}
		n := r.Totals()
		if failed != n.Failed+n.Unreached || n.Done+n.Copied+n.Skipped+n.Failed+n.Unreached+n.Others != n.Results {
			t.Errorf("%d failures, and %+v", failed, n)
		}
		for _, run := range r.Runs {
			if _, err := json.Marshal(summary.Facts(run)); err != nil {
				t.Error(err)
			}
		}
	})
}
