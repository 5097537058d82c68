package cli_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A told is what a run said about itself.
type told struct {
	code    int
	stdout  []string
	stderr  string
	counted map[string]int // in the summary
}

// counts finds the numbers in the summary of a run.
var counts = regexp.MustCompile(`(\d+) (translated|failed|skipped \(up to date\)|not reached|not in the report)`)

func toldBy(t *testing.T, code int, stdout, stderr string) told {
	t.Helper()
	w := told{code: code, stdout: strings.Fields(stdout), stderr: stderr, counted: map[string]int{}}
	i := strings.LastIndex(stderr, " translated")
	if i < 0 {
		t.Fatalf("no summary: %s", stderr)
	}
	for _, m := range counts.FindAllStringSubmatch(stderr[strings.LastIndex(stderr[:i], "\n")+1:], -1) {
		w.counted[m[2]], _ = strconv.Atoi(m[1])
	}
	return w
}

// shell runs a line of shell in a folder. There $GTX translates to winter and adds 40 to all samples.
func shell(t *testing.T, dir, line string) told {
	t.Helper()
	model, _ := filepath.Abs("../testdata/models/shift.onnx")
	cmd := exec.Command("bash", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GTX_ONNXRUNTIME="+library(t), "GTX=gtx translate --model "+model+" --to winter -o out")
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return toldBy(t, cmd.ProcessState.ExitCode(), out.String(), said.String())
}

// A line is a record of a report, as a stranger reads it.
type line struct{ In, Out, Status string }

func reportIn(t *testing.T, dir string) (lines []line) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "r.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var l line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Errorf("%s: %v", s.Text(), err)
		}
		if l.Status == "run" {
			continue // it is about no input
		}
		lines = append(lines, l)
	}
	return lines
}

// agree fails unless the summary, the report, standard output and the files of a run on n inputs say the same.
// recorded is false if the report could not be written to the end.
func agree(t *testing.T, dir string, n int, w told, recorded bool) {
	t.Helper()
	results, _ := filepath.Glob(filepath.Join(dir, "out", "*"))
	noPartialFiles(t, filepath.Join(dir, "out"))
	if c := w.counted; c["translated"]+c["failed"]+c["not reached"]+c["skipped (up to date)"] != n {
		t.Errorf("of %d inputs the summary counts %v", n, c)
	}
	if w.counted["translated"] != len(results) {
		t.Errorf("%d results, and the summary counts %v", len(results), w.counted)
	}
	for _, path := range w.stdout {
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			t.Errorf("printed: %v", err)
		}
	}
	status, inputs := map[string]int{}, map[string]int{}
	lines := reportIn(t, dir)
	for _, l := range lines {
		status[l.Status]++
		inputs[l.In]++
		_, err := os.Stat(filepath.Join(dir, l.Out))
		if made := l.Out != "" && err == nil; made != (l.Status == "done") {
			t.Errorf("%v, and it is %t that the file exists", l, made)
		}
	}
	if len(lines) != len(inputs) || len(lines) != n-w.counted["not in the report"] {
		t.Errorf("%d records of %d inputs, and the summary counts %v", len(lines), len(inputs), w.counted)
	}
	want := map[string]int{}
	for status, word := range map[string]string{"done": "translated", "failed": "failed", "unreached": "not reached"} {
		if k := w.counted[word]; k > 0 {
			want[status] = k
		}
	}
	if recorded && !maps.Equal(status, want) {
		t.Errorf("records %v, and the summary counts %v", status, w.counted)
	}
	if t.Failed() {
		t.Log(w.stderr)
	}
}

// someInputs makes n images 00.jpg, 01.jpg and so on.
func someInputs(t *testing.T, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	photoIn(t, dir, "00.jpg", 80, 80)
	for i := 1; i < n; i++ {
		if err := os.Link(filepath.Join(dir, "00.jpg"), filepath.Join(dir, fmt.Sprintf("%02d.jpg", i))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Whatever ends a run, its summary, its report, its exit code and its files agree, and the next run does the rest.
func TestAccountsAgreeWhateverEndsARun(t *testing.T) {
	const n = 40
	for name, c := range map[string]struct {
		line     string
		code     int
		recorded bool
		says     string
	}{
		"all is well":       {`$GTX --report r.jsonl *.jpg`, 0, true, ""},
		"full output":       {`$GTX --report r.jsonl *.jpg >/dev/full`, 1, true, "standard output: no space left on device"},
		"full output, list": {`ls *.jpg >list; $GTX --report r.jsonl --files-from list >/dev/full`, 1, true, "standard output: no space left on device"},
		"full output, pipe": {`ls *.jpg | $GTX --report r.jsonl >/dev/full`, 1, true, "standard output: no space left on device"},
		"head":              {`$GTX --report r.jsonl *.jpg | head -1; exit ${PIPESTATUS[0]}`, 141, true, ""},
		"head, pipe":        {`ls *.jpg | $GTX --report r.jsonl | head -1; exit ${PIPESTATUS[1]}`, 141, true, ""},
		"fail fast":         {`rm 05.jpg; $GTX --report r.jsonl --fail-fast 0[0-4].jpg 05.jpg 0[6-9].jpg [1-3]*.jpg`, 4, true, "no such file"},
		"full report":       {`ulimit -f 10; $GTX --report r.jsonl *.jpg`, 1, false, `the report "r.jsonl": file too large`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := someInputs(t, n)
			w := shell(t, dir, c.line)
			if w.code != c.code || !strings.Contains(w.stderr, c.says) {
				t.Errorf("exit code %d, not %d, and %s", w.code, c.code, w.stderr)
			}
			agree(t, dir, n, w, c.recorded)
			if c.code != 4 {
				finishTheRest(t, dir, n)
			}
		})
	}
}

// finishTheRest runs gtx once more on all inputs. Then each has one record, which says that it is done.
func finishTheRest(t *testing.T, dir string, n int) {
	t.Helper()
	if w := shell(t, dir, `$GTX --report r.jsonl *.jpg`); w.code != 0 {
		t.Errorf("the next run: exit code %d: %s", w.code, w.stderr)
	}
	lines := reportIn(t, dir)
	for _, l := range lines {
		if l.Status != "done" {
			t.Errorf("after the next run: %v", l)
		}
	}
	if len(lines) != n {
		t.Errorf("after the next run: %d records of %d inputs", len(lines), n)
	}
}

// It does not wait for more paths.
func TestFailFastEndsAStreamThatStaysOpen(t *testing.T) {
	dir := someInputs(t, 20)
	os.Remove(filepath.Join(dir, "05.jpg"))
	r := start(t, dir, "--report", "r.jsonl", "--fail-fast")
	for i := range 20 {
		fmt.Fprintf(r.paths, "%02d.jpg\n", i)
	}
	out, _ := io.ReadAll(r.lines)
	w := toldBy(t, r.exitCode(t), string(out), r.stderr.String())
	if w.code != 4 || !strings.Contains(w.stderr, "the rest of standard input not read") {
		t.Errorf("exit code %d: %s", w.code, w.stderr)
	}
	agree(t, dir, 20, w, true)
}

// A report that cannot be written at all is told, and so is every result.
func TestReportOnAFullDeviceIsCounted(t *testing.T) {
	dir := someInputs(t, 10)
	w := shell(t, dir, `$GTX --report /dev/full *.jpg`)
	results, _ := filepath.Glob(filepath.Join(dir, "out", "*.jpg"))
	if w.code != 1 || w.counted["translated"] != len(results) || w.counted["not in the report"] != 10 ||
		w.counted["translated"]+w.counted["not reached"] != 10 || !slices.Equal(w.stdout, relative(dir, results)) {
		t.Errorf("exit code %d, %d results, printed %q: %s", w.code, len(results), w.stdout, w.stderr)
	}
}

func relative(dir string, paths []string) (names []string) {
	for _, path := range paths {
		name, _ := filepath.Rel(dir, path)
		names = append(names, name)
	}
	return names
}

// An image that cannot be printed is not done, whatever the report says about the work.
func TestImageThatIsNotPrintedHasFailed(t *testing.T) {
	dir := someInputs(t, 1)
	w := shell(t, dir, `${GTX/-o out/} --report r.jsonl - <00.jpg >/dev/full`)
	lines := reportIn(t, dir)
	if w.code != 1 || w.counted["failed"] != 1 || len(lines) != 1 || lines[0].Status != "failed" {
		t.Errorf("exit code %d, records %v: %s", w.code, lines, w.stderr)
	}
}

// Signals come at a random moment.
func TestAccountsAgreeAfterSignals(t *testing.T) {
	const n = 400
	for _, signals := range []int{1, 2} {
		for _, stream := range []bool{false, true} {
			dir := t.TempDir()
			photoIn(t, dir, "0.jpg", 640, 480)
			var list strings.Builder
			for i := range n {
				fmt.Fprintf(&list, "%d.jpg\n", i)
				if i > 0 {
					os.Link(filepath.Join(dir, "0.jpg"), filepath.Join(dir, fmt.Sprintf("%d.jpg", i)))
				}
			}
			args := []string{"--report", "r.jsonl"}
			if !stream {
				args = append(args, "--files-from", "list")
				os.WriteFile(filepath.Join(dir, "list"), []byte(list.String()), 0o666)
			}
			r := start(t, dir, args...)
			if stream {
				io.WriteString(r.paths, list.String()) // a pipe holds it
			}
			first := r.next(t)
			for range signals {
				r.Process.Signal(syscall.SIGINT)
				time.Sleep(20 * time.Millisecond)
			}
			rest, _ := io.ReadAll(r.lines)
			code := r.exitCode(t)
			w := toldBy(t, code, first+"\n"+string(rest), r.stderr.String())
			if code != 130 || w.counted["not reached"] == 0 || stream != strings.Contains(w.stderr, "the rest of standard input not read") {
				t.Errorf("exit code %d: %s", code, w.stderr)
			}
			agree(t, dir, n, w, true)
			if results, _ := filepath.Glob(filepath.Join(dir, "out", "*.jpg")); len(w.stdout) != len(results) {
				t.Errorf("%d results, %d printed", len(results), len(w.stdout))
			}
		}
	}
}

// A killed run may leave results without a record.
func TestResultsOfAKilledRunAreRecorded(t *testing.T) {
	dir := someInputs(t, 30)
	r := start(t, dir, "--report", "r.jsonl")
	for i := range 30 {
		fmt.Fprintf(r.paths, "%02d.jpg\n", i)
	}
	for range 10 {
		r.next(t)
	}
	r.Process.Kill()
	r.Wait()
	cutReport(t, dir)
	finishTheRest(t, dir, 30)
	finishTheRest(t, dir, 30)
}

// cutReport cuts the last record but half of it, as if the run had been killed before it was written.
func cutReport(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "r.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(text)-100)); err != nil {
		t.Fatal(err)
	}
}

// The reader of standard output has stopped, so that neither the path of a result nor the summary can be printed.
func TestSecondSignalEndsARunWhoseOutputIsBlocked(t *testing.T) {
	dir := someInputs(t, 40)
	out, blocked, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := unix.FcntlInt(blocked.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	model, _ := filepath.Abs("../testdata/models/shift.onnx")
	cmd := exec.Command("sh", "-c", `exec gtx translate --model "$1" --to winter -o out --name "$2{stem}{ext}" --report r.jsonl *.jpg`, "sh", model, strings.Repeat("a", 200))
	cmd.Dir, cmd.Stdout = dir, blocked
	cmd.Env = append(os.Environ(), "GTX_ONNXRUNTIME="+library(t))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	blocked.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	time.Sleep(2 * time.Second) // until it is blocked
	cmd.Process.Signal(syscall.SIGINT)
	time.Sleep(20 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-ended:
		if code := cmd.ProcessState.ExitCode(); code != 130 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(5 * time.Second): // it takes two on an idle machine
		cmd.Process.Kill()
		t.Error("it still runs")
	}
	if lines := reportIn(t, dir); len(lines) == 0 || len(lines) == 40 {
		t.Errorf("%d records: it was not blocked", len(lines))
	}
}

// An image cannot be given up at once while it is encoded. Those after it are done, and the forced end says so.
func TestForcedEndTellsWhatIsDone(t *testing.T) {
	dir := someInputs(t, 10)
	os.Remove(filepath.Join(dir, "01.jpg"))
	photoIn(t, dir, "01.png", 4000, 4000)
	r := start(t, dir, "--report", "r.jsonl", "--jobs", "2", "00.jpg", "01.png", "02.jpg", "03.jpg", "04.jpg", "05.jpg", "06.jpg", "07.jpg", "08.jpg", "09.jpg")
	first := r.next(t)
	last := filepath.Join(dir, "out", "09.jpg")
	for range 600 {
		if _, err := os.Stat(last); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.Process.Signal(syscall.SIGINT)
	time.Sleep(20 * time.Millisecond)
	r.Process.Signal(syscall.SIGINT)
	rest, _ := io.ReadAll(r.lines)
	w := toldBy(t, r.exitCode(t), first+"\n"+string(rest), r.stderr.String())
	for _, l := range reportIn(t, dir) {
		if done := l.In != "01.png" || w.counted["translated"] == 10; done != (l.Status == "done") {
			t.Errorf("%v: %s", l, w.stderr)
		}
	}
	if len(w.stdout) != w.counted["translated"] || w.counted["translated"] < 9 {
		t.Errorf("printed %q: %s", w.stdout, w.stderr)
	}
}
