package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gtx/scripts/soak/watch"
)

// A world is a folder with images in which gtx runs, and what has to come out of it.
type world struct {
	*soak
	dir    string            // holds in, out and run.jsonl
	inputs []string          // paths of the images, relative to dir
	beside bool              // results lie beside the images, not in out
	intact map[string][]byte // the images by path
	want   map[string][]byte // the results by path
	took   time.Duration     // of a run without disturbance
}

const (
	folderIn, folderOut = "in", "out"
	reportFile          = "run.jsonl"
)

// newWorld makes a folder with n images and lets gtx, undisturbed, say what the results are.
func (s *soak) newWorld(n int, beside bool) (*world, error) {
	w := &world{soak: s, beside: beside, intact: map[string][]byte{}, want: map[string][]byte{}}
	var err error
	if w.dir, err = os.MkdirTemp(s.scratch, "world-"); err != nil {
		return nil, err
	}
	for i := range n {
		one := sample(i)
		path := filepath.Join(folderIn, one.name)
		w.inputs = append(w.inputs, path)
		w.intact[path] = one.data
		if err := writeBelow(w.dir, path, one.data); err != nil {
			return nil, err
		}
	}
	o, err := w.run(nil)
	if err != nil {
		return nil, err
	}
	if o.code != 0 {
		return nil, fmt.Errorf("gtx fails without any disturbance: %s", o)
	}
	w.took = o.took
	if w.want, err = w.results(); err != nil {
		return nil, err
	}
	if len(w.want) != n {
		return nil, fmt.Errorf("%d results of %d images", len(w.want), n)
	}
	return w, w.reset()
}

func writeBelow(dir, path string, data []byte) error {
	path = filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o666)
}

// results reads all files that are neither images of the world nor the report.
func (w *world) results() (map[string][]byte, error) {
	found := map[string][]byte{}
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(w.dir, path)
		if err != nil || relative == reportFile || w.intact[relative] != nil {
			return err
		}
		found[relative], err = os.ReadFile(path)
		return err
	})
	return found, err
}

// reset removes what runs have left.
func (w *world) reset() error {
	found, err := w.results()
	for path := range found {
		err = errors.Join(err, os.Remove(filepath.Join(w.dir, path)))
	}
	return errors.Join(err, os.RemoveAll(filepath.Join(w.dir, folderOut)), os.RemoveAll(filepath.Join(w.dir, reportFile)))
}

// An outcome is how a run of gtx ended.
type outcome struct {
	code           int // 128 + the signal if one ended it
	signalled      bool
	timedOut       bool
	orphans        bool // processes that it started outlived it
	stdout, stderr string
	took           time.Duration
	ended          time.Time
	usage          syscall.Rusage
	calls          int // watched ones
}

func (o outcome) String() string {
	return fmt.Sprintf("exit code %d after %.2f s; stderr: %s", o.code, o.took.Seconds(), clip(o.stderr))
}

// clip shortens a text for a finding.
func clip(text string) string {
	const most = 400
	if len(text) > most {
		text = text[:most] + " ..."
	}
	return strings.TrimSpace(text)
}

// Runs of a trial take a fraction of a second, and the run of all hostile files takes some seconds. A run that
// takes longer than patience hangs.
const patience = 2 * time.Minute

// A disturbance is what happens to a run.
type disturbance struct {
	args   []string // more options
	env    []string // more variables
	stdin  string
	input  *os.File                               // standard input instead
	output *os.File                               // standard output, if it is not to be read
	decide func(watch.Call) watch.Verdict         // about calls on files of the world
	long   bool                                   // it may take ten times as long
	during func(gtx *os.Process, messages string) // runs beside it; messages is the file of standard error
}

// run translates all images of the world.
func (w *world) run(d *disturbance) (outcome, error) {
	if d == nil {
		d = &disturbance{}
	}
	args := []string{"--report", reportFile}
	if !w.beside {
		args = append(args, "-o", folderOut)
	}
	return w.soak.run(w.dir, append(append(args, d.args...), folderIn), d)
}

// run runs gtx translate with the network that changes nothing.
func (s *soak) run(dir string, args []string, d *disturbance) (outcome, error) {
	args = append([]string{"translate", "--model", s.model, "--to", "winter", "--device", "cpu"}, args...)
	return s.runGtx(dir, args, d)
}

func (s *soak) runGtx(dir string, args []string, d *disturbance) (outcome, error) {
	out, err := os.CreateTemp(s.scratch, "stdout-")
	if err != nil {
		return outcome{}, err
	}
	defer func() { out.Close(); os.Remove(out.Name()) }()
	said, err := os.CreateTemp(s.scratch, "stderr-")
	if err != nil {
		return outcome{}, err
	}
	defer func() { said.Close(); os.Remove(said.Name()) }()
	cmd := exec.Command(s.gtx, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, said
	cmd.Env = append(append(s.environment(), "PWD="+dir), d.env...)
	if d.stdin != "" {
		cmd.Stdin = strings.NewReader(d.stdin)
	}
	if d.input != nil {
		cmd.Stdin = d.input
	}
	if d.output != nil {
		cmd.Stdout = d.output
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	o, err := s.await(cmd, dir, said.Name(), d)
	if err != nil {
		return o, err
	}
	text, err := os.ReadFile(out.Name())
	o.stdout = string(text)
	if err == nil {
		text, err = os.ReadFile(said.Name())
		o.stderr = string(text)
	}
	s.runs++
	s.cpu += time.Duration(o.usage.Utime.Nano() + o.usage.Stime.Nano())
	return o, err
}

// await starts a program and waits for its end.
func (s *soak) await(cmd *exec.Cmd, dir, messages string, d *disturbance) (o outcome, err error) {
	start := time.Now()
	wait := cmd.Wait
	if d.decide != nil {
		r, err := watch.Start(cmd, dir, d.decide)
		if err != nil {
			return o, err
		}
		wait = func() (err error) { o.calls, err = r.Wait(); return err }
	} else if err := cmd.Start(); err != nil {
		return o, err
	}
	// A run that takes memory without end must not take that of others.
	const gigabytes = 6 << 30
	_ = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: gigabytes, Max: gigabytes}, nil) // it may have ended
	most := patience
	if d.long {
		most *= 10
	}
	ctx, cancel := context.WithTimeout(context.Background(), most)
	stop := context.AfterFunc(ctx, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	if d.during != nil {
		go d.during(cmd.Process, messages)
	}
	err = wait()
	o.timedOut = !stop()
	cancel()
	o.ended = time.Now()
	o.took = o.ended.Sub(start)
	o.orphans = survives(-cmd.Process.Pid)
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return o, err
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	o.code = status.ExitStatus()
	if status.Signaled() {
		o.code, o.signalled = 128+int(status.Signal()), true
	}
	o.usage = *cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return o, nil
}

// survives tells whether a group of processes is still there after some seconds, and ends it.
func survives(group int) bool {
	for range 100 {
		if syscall.Kill(group, 0) != nil {
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
	syscall.Kill(group, syscall.SIGKILL)
	return true
}

// environment has no options of gtx but the path of the library.
func (s *soak) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GTX_") || strings.HasPrefix(v, "XDG_")
	})
	return append(env, "GTX_ONNXRUNTIME="+s.library, "HOME="+s.scratch)
}

// A record is the part of a line of the report that the checks need.
type record struct{ In, Out, Status, Class, Message string }

// records reads the report. whole is false if its last line is not complete.
func (w *world) records() (list []record, whole bool, err error) {
	b, err := os.ReadFile(filepath.Join(w.dir, reportFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	whole = len(b) == 0 || b[len(b)-1] == '\n'
	for line := range bytes.Lines(b) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			if bytes.HasSuffix(line, []byte("\n")) {
				return list, whole, fmt.Errorf("the report holds %q", clip(string(line)))
			}
			break
		}
		if r.Status != "run" { // it is about no image
			list = append(list, r)
		}
	}
	return list, whole, err
}

// crash matches what a crashing Go program prints.
var crash = regexp.MustCompile(`(?m)^(panic: |fatal error: |SIG[A-Z]+: |goroutine \d+ |runtime: )`)

// crashed tells whether the program broke down. No run of the harness has a wrong command line.
func (o outcome) crashed() bool { return crash.MatchString(o.stderr) || o.code == 2 }

// A flaw is a way in which a run breaks a promise.
type flaw struct {
	Kind string `json:"kind"`
	What string `json:"what"`
}

// flaws collects what is wrong.
type flaws []flaw

func (f *flaws) add(kind, format string, args ...any) {
	*f = append(*f, flaw{kind, fmt.Sprintf(format, args...)})
}

// check compares files, records, standard output, summary and exit code. A run that was stopped may leave
// temporary files and need not have recorded everything.
func (w *world) check(o outcome, stopped bool) (f flaws) {
	if o.timedOut {
		f.add("hang", "it did not end")
	}
	if o.orphans {
		f.add("orphans", "processes of gtx outlived it")
	}
	if o.crashed() || o.signalled && !stopped {
		f.add("crash", "%s", o)
	}
	found := w.checkFiles(&f, stopped)
	records, whole, err := w.records()
	if err != nil || !whole && !stopped {
		f.add("report", "it cannot be read: %v", err)
	}
	done, failed := map[string]bool{}, 0
	for _, r := range records {
		switch r.Status {
		case "done", "copied":
			if found[r.Out] == nil {
				f.add("record without file", "%s is %s, but %s is missing", r.In, r.Status, r.Out)
			}
			done[r.Out] = true
		case "skipped":
			done[r.Out] = true
		case "unreached": // the run ended first
		default:
			failed++
			if found[r.Out] != nil && r.Class != "compare" {
				f.add("failed but there", "%s failed (%s), but %s is there", r.In, r.Message, r.Out)
			}
		}
	}
	if stopped {
		return f
	}
	for path := range found {
		// If the report itself cannot be written, the next run records what this one made.
		if w.want[path] != nil && !done[path] && !strings.Contains(o.stderr, "gtx: the report") {
			f.add("file without record", "%s is there, but no record says so", path)
		}
	}
	w.checkExit(&f, o, records, failed)
	return f
}

// checkFiles makes sure that all results are whole and all images intact. It returns the whole results.
func (w *world) checkFiles(f *flaws, stopped bool) map[string][]byte {
	found, err := w.results()
	if err != nil {
		f.add("files", "%v", err)
	}
	for path, data := range found {
		want, known := w.want[path]
		switch {
		case known && bytes.Equal(data, want):
			continue
		case known:
			f.add("torn", "%s has %d bytes, not the %d that it should have", path, len(data), len(want))
		case !strings.HasPrefix(filepath.Base(path), "."):
			f.add("stranger", "%s was left", path)
		case !stopped:
			f.add("temporary", "%s was left", path)
		}
		delete(found, path)
	}
	for path, data := range w.intact {
		if now, err := os.ReadFile(filepath.Join(w.dir, path)); err != nil || !bytes.Equal(now, data) {
			f.add("input", "%s was harmed", path)
		}
	}
	return found
}

var summary = regexp.MustCompile(`(?m)^gtx: (\d+) translated`)
var summaryFailed = regexp.MustCompile(`(?m)^gtx: \d+ translated.* (\d+) failed`)

// checkExit compares exit code, summary and standard output with the records.
func (w *world) checkExit(f *flaws, o outcome, records []record, failed int) {
	made := []string{}
	for _, r := range records {
		if r.Status == "done" || r.Status == "copied" {
			made = append(made, r.Out)
		}
	}
	switch {
	case o.code == 0 && (failed > 0 || len(records) < len(w.inputs)):
		f.add("exit code", "0, with %d records of %d images, %d of them failed", len(records), len(w.inputs), failed)
	case o.code != 0 && !strings.Contains(o.stderr, "gtx: "):
		f.add("exit code", "%d without a word", o.code)
	case o.code == 1 && failed == 0 && strings.Count(o.stderr, "gtx: ") < 2:
		f.add("exit code", "1, but no image failed and no other error is named: %s", clip(o.stderr))
	}
	if strings.Contains(o.stderr, "the report ") { // the report itself cannot be written: it lacks records
		return
	}
	if m := summary.FindStringSubmatch(o.stderr); m != nil {
		n, _ := strconv.Atoi(m[1])
		bad := 0
		if m := summaryFailed.FindStringSubmatch(o.stderr); m != nil {
			bad, _ = strconv.Atoi(m[1])
		}
		if n != len(made) || bad != failed {
			f.add("summary", "it says %d and %d, the report %d and %d", n, bad, len(made), failed)
		}
	}
	if printed := strings.Fields(o.stdout); !slices.Equal(printed, made) {
		f.add("stdout", "it names %v, the report %v", printed, made)
	}
}

// converge runs gtx once more, undisturbed, and makes sure that nothing of the disturbance remains.
func (w *world) converge() (f flaws) {
	o, err := w.run(nil)
	if err != nil {
		f.add("rerun", "%v", err)
		return f
	}
	if o.code != 0 || o.timedOut {
		f.add("rerun", "%s", o)
	}
	found := w.checkFiles(&f, false)
	for _, path := range slices.Sorted(maps.Keys(w.want)) {
		if found[path] == nil {
			f.add("rerun", "%s is missing", path)
		}
	}
	records, _, err := w.records()
	if err != nil {
		f.add("rerun", "%v", err)
	}
	times := map[string]int{}
	for _, r := range records {
		times[r.In]++
		if w.intact[r.In] != nil && r.Status != "done" && r.Status != "skipped" {
			f.add("rerun", "%s is still recorded as %s (%s)", r.In, r.Status, r.Message)
		}
	}
	for _, path := range w.inputs {
		if times[path] != 1 {
			f.add("rerun", "%s has %d records", path, times[path])
		}
	}
	slices.SortFunc(f, func(a, b flaw) int { return cmp.Compare(a.Kind+a.What, b.Kind+b.What) })
	return f
}
