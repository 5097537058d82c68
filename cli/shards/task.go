package shards

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/stages/durable"
)

// Settings are what all tasks of a plan have in common.
type Settings struct {
	Model   string            `json:"model"` // digest
	Options map[string]string `json:"options"`
}

// A Header is the first line of a finished report. It is about no input, and its path is empty. Readers that look for
// other statuses pass over it.
type Header struct {
	In     string `json:"in"`     // empty
	Status string `json:"status"` // StatusShard
	Plan   string `json:"plan"`   // digest
	Shard  int    `json:"shard"`
	Shards int    `json:"shards"`
	Settings
	Counts map[string]int `json:"counts"` // of records, by status
}

// StatusShard is the status of a header.
const StatusShard = "shard"

// A Task works on one shard. Nobody else does until Release.
type Task struct {
	Done *Header // of the finished report, if there is one

	plan   *Plan
	shard  int
	header Header
	lock   *os.File
}

// Begin begins a task. It is an error if another task works on the shard, or if the plan is for other settings. The
// first task that starts fixes them.
func (p *Plan) Begin(shard int, settings Settings) (*Task, error) {
	t := &Task{plan: p, shard: shard, header: Header{Status: StatusShard, Plan: p.Digest, Shard: shard, Shards: p.Shards, Settings: settings}}
	err := t.begin()
	if err == nil {
		return t, nil
	}
	code := exit.CodeStart
	if errors.As(err, new(busy)) {
		code = exit.CodeBusy
	}
	return nil, &exit.Failure{Code: code, Err: errors.Join(err, t.Release())}
}

func (t *Task) begin() (err error) {
	if t.lock, err = lock(t.plan.lockFile(t.shard)); err != nil {
		return t.cannot(err)
	}
	if _, err := t.agree(); err != nil {
		return err
	}
	if t.Done, err = t.plan.finished(t.shard); err != nil || t.Done == nil {
		return err
	}
	return t.plan.same(t.plan.marker(t.shard), t.Done.Settings, t.header.Settings)
}

// cannot names the shard in an error.
func (t *Task) cannot(err error) error {
	if err == nil {
		return nil
	}
	text := fmt.Errorf("shard %d of %q: %w", t.shard, t.plan.dir, durable.WithoutPath(err))
	switch {
	case errors.As(err, new(busy)):
		return exit.Hint(text, fmt.Sprintf("gtx plan status %s shows which shards are left", t.plan.dir))
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EROFS):
		return exit.Hint(text, "tasks write their reports to the folder of the plan")
	}
	return text
}

// agree compares the settings with those of the tasks before.
func (t *Task) agree() (first bool, err error) {
	file := t.plan.settings()
	var there Settings
	err = firstLine(file, &there)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("%q: %w", file, durable.WithoutPath(err))
	}
	return false, t.plan.same(file, there, t.header.Settings)
}

// Start begins the work. Call it when nothing is wrong with the settings, because the first task fixes them for
// all. It returns the path of the report until the shard is finished.
func (t *Task) Start() (report string, err error) {
	first, err := t.agree()
	if err == nil && first {
		if err = writeFirst(t.plan.settings(), t.header.Settings); err == nil {
			_, err = t.agree() // another task may have been quicker
		}
		err = t.cannot(err)
	}
	if err == nil && t.Done != nil {
		err = t.cannot(t.resume())
	}
	if err != nil {
		return "", exit.CannotStart(err)
	}
	return t.plan.report(t.shard), nil
}

// same compares the settings that a file of the plan has with others.
func (p *Plan) same(file string, there, here Settings) error {
	const hint = "the first task of a plan sets model and options for all: make another plan for others"
	names := slices.Collect(maps.Keys(there.Options))
	names = slices.AppendSeq(names, maps.Keys(here.Options))
	slices.Sort(names)
	for _, name := range names {
		if one, two := there.Options[name], here.Options[name]; one != two {
			return exit.Hint(fmt.Errorf("%q is for other options: %s is %q there and %q here", file, name, one, two), hint)
		}
	}
	if there.Model != here.Model {
		return exit.Hint(fmt.Errorf("%q is for another model: its digest is %.12s… there and %.12s… here", file, there.Model, here.Model), hint)
	}
	return nil
}

// finished is the header of a shard's finished report, or nil. A report of another plan is an error.
func (p *Plan) finished(shard int) (*Header, error) {
	file := p.marker(shard)
	var h Header
	err := firstLine(file, &h)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil && h.Plan == p.Digest && h.Shard == shard:
		return &h, nil
	case err == nil, errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		return nil, exit.Hint(fmt.Errorf("%q is not the report of shard %d of this plan", file, shard), "remove it, and the shard is done again")
	}
	return nil, fmt.Errorf("%q: %w", file, durable.WithoutPath(err))
}

// Failed is the number of images that failed.
func (h *Header) Failed() int { return h.Counts[ledger.StatusFailed] }

func (p *Plan) marker(shard int) string {
	return filepath.Join(p.dir, doneFolder, number(shard)+".jsonl")
}
func (p *Plan) report(shard int) string {
	return filepath.Join(p.dir, runningFolder, number(shard)+".jsonl")
}
func (p *Plan) settings() string          { return filepath.Join(p.dir, "run.json") }
func (p *Plan) lockFile(shard int) string { return filepath.Join(p.dir, runningFolder, number(shard)) }

// resume copies the finished report to the one that this task continues, unless an earlier task has done so.
func (t *Task) resume() error {
	if _, err := os.Stat(t.plan.report(t.shard)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	old, err := os.Open(t.plan.marker(t.shard))
	if err != nil {
		return err
	}
	defer old.Close()
	records := bufio.NewReader(old)
	if _, err := records.ReadBytes('\n'); err != nil {
		return err
	}
	return durable.Replace(durable.Place{Path: t.plan.report(t.shard)}, func(w io.Writer) error {
		_, err := io.Copy(w, records)
		return err
	})
}

// Finish makes the report the finished report of the shard, if each of its inputs has a final record. The report
// must be closed.
func (t *Task) Finish() error {
	counts, inputs, err := tally(t.plan.report(t.shard))
	if err != nil {
		return t.cannot(err)
	}
	if counts[ledger.StatusUnreached] > 0 {
		return nil
	}
	if size := t.plan.Size(t.shard); inputs != size {
		err := fmt.Errorf("%q tells of %d inputs, and the shard has %d: it is not done", t.plan.report(t.shard), inputs, size)
		return t.cannot(exit.Hint(err, "remove that file, and do the shard again"))
	}
	t.header.Counts = counts
	err = durable.Replace(durable.Place{Path: t.plan.marker(t.shard)}, func(w io.Writer) error {
		if err := encode(w, t.header); err != nil {
			return err
		}
		f, err := os.Open(t.plan.report(t.shard))
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	})
	if err == nil {
		err = os.Remove(t.plan.report(t.shard))
	}
	return t.cannot(err)
}

// Tidy removes what was left by a task that was killed after it had finished the shard.
func (t *Task) Tidy() error {
	if err := os.Remove(t.plan.report(t.shard)); !errors.Is(err, fs.ErrNotExist) {
		return t.cannot(err)
	}
	return nil
}

// tally counts the records of a report by status, and its inputs.
func tally(report string) (counts map[string]int, inputs int, err error) {
	f, err := os.Open(report)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	counts = map[string]int{}
	seen := map[string]struct{}{}
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		var rec struct {
			In      string `json:"in"`
			InBytes string `json:"in_base64"`
			Status  string `json:"status"`
		}
		if err := d.Decode(&rec); err == io.EOF {
			return counts, len(seen), nil
		} else if err != nil {
			return nil, 0, err
		}
		if rec.In == "" && rec.InBytes == "" {
			continue // about a run
		}
		counts[rec.Status]++
		seen[rec.In+"\x00"+rec.InBytes] = struct{}{}
	}
}

// Release lets others work on the shard.
func (t *Task) Release() error {
	if t.lock == nil {
		return nil
	}
	return errors.Join(os.Remove(t.lock.Name()), t.lock.Close())
}

// busy is the error of a shard that another task works on.
type busy struct{ by string }

func (b busy) Error() string { return "another task works on it: " + b.by }

// lock creates a file and locks it, or fails because another task has done so. On network file systems without
// locks this protects nothing: two tasks on one shard then do the work twice, with the same outcome.
func lock(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		// Such a lock belongs to the open file. Servers of network file systems share it with other machines.
		err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, whole(unix.F_WRLCK))
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			by, _ := io.ReadAll(io.LimitReader(f, 1<<10))
			f.Close()
			return nil, busy{string(by)}
		}
		now, err := os.Stat(path)
		mine, errMine := f.Stat()
		if err == nil && errMine == nil && os.SameFile(now, mine) {
			host, _ := os.Hostname()
			who := fmt.Sprintf("process %d on %s, since %s", os.Getpid(), host, time.Now().Format(time.DateTime))
			return f, errors.Join(f.Truncate(0), writeAt(f, who))
		}
		f.Close() // its owner has just removed it
	}
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// locked tells whether a task holds the lock of a file. It takes no lock itself, so it cannot make a task fail.
func locked(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	l := whole(unix.F_WRLCK)
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, l) == nil && l.Type != unix.F_UNLCK
}

// whole is a lock on a whole file.
func whole(kind int16) *unix.Flock_t { return &unix.Flock_t{Type: kind, Whence: io.SeekStart} }
