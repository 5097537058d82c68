// Package ledger keeps the report of --report: what became of each input.
//
// Open continues the report of earlier runs. A run appends records. At its end it drops those that others replace, so
// that one is left for each result. If it is killed, all stay until the next run ends. These rules decide:
//
//   - The later record replaces the earlier one.
//   - A result that is up to date keeps the record of how it was made. If there is none, because the run that made
//     it was killed or wrote no report, its record says that an earlier run made it.
//   - An input that a run did not reach keeps the record that it had.
//
// Begin and End add a record of the run itself. It stays as long as a record of a result names it.
//
// A lock keeps two runs from writing to one report at the same time.
package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"gtx/cli/exit"
	"gtx/cli/paths"
	"gtx/stages"
	"gtx/stages/durable"
)

// A Ledger is a report: one JSON object per line for each result. Any number of runs may write to it, one
// after the other. It writes each record immediately, so that a killed run leaves the records of what it
// finished.
type Ledger struct {
	out       io.Writer      // nil: records are dropped
	file      *os.File       // out, or nil
	name      string         // as the user gave it
	path      string         // without symbolic links; "" if the file keeps nothing
	first     int            // number of lines that earlier runs wrote
	size      int64          // of the whole lines
	continued bool           // the file was there before
	err       error          // the first of Write
	run       *Run           // under way, or nil
	counts    map[string]int // of its records, by status
}

// Open opens the report at path and continues it, or begins it anew if fresh. It is an error if another run is
// writing to it. With an empty path the ledger drops all records.
func Open(path string, fresh bool) (*Ledger, error) {
	if path == "" {
		return &Ledger{}, nil
	}
	l := &Ledger{name: path}
	if err := l.open(fresh); err != nil {
		if l.file != nil {
			l.file.Close()
		}
		return nil, exit.CannotStart(reportError(path, err))
	}
	l.out = l.file
	return l, nil
}

// To makes a ledger of a writer, such as standard output. Nothing is kept there.
func To(w io.Writer) *Ledger { return &Ledger{out: w} }

// Write appends a record. After an error it writes nothing more, and the file ends with a whole line.
func (l *Ledger) Write(rec Record) error {
	if l.out == nil || l.err != nil {
		return l.err
	}
	if l.continued {
		rec.recover()
	}
	if l.run != nil {
		rec.Run = l.run.ID
	}
	err := l.append(rec)
	if err == nil && l.run != nil && !rec.Tar {
		l.counts[rec.Status]++
	}
	return err
}

// append writes a line.
func (l *Ledger) append(record any) error {
	if l.err != nil {
		return l.err
	}
	line, err := Line(record)
	if err == nil {
		_, err = l.out.Write(line)
	}
	if err != nil {
		if l.err = err; l.file != nil {
			l.err = reportError(l.name, err)
		}
		if l.path != "" {
			_ = l.file.Truncate(l.size) // else the next run does it
		}
		return l.err
	}
	l.size += int64(len(line))
	return nil
}

// Close leaves one record of each result in the file and closes it, if there is one.
func (l *Ledger) Close() error {
	if l.file == nil {
		return nil
	}
	var err error
	if l.path != "" {
		// If the disk was too full for a record, a new file may not fit either. Write has returned that error.
		if err = compact(l.file, l.path, l.first); err != nil && l.err == nil {
			err = reportError(l.name, err)
		} else {
			err = nil
		}
	}
	return errors.Join(err, l.file.Close())
}

// openLedger opens a report and locks it until it is closed. It returns the size of what earlier runs wrote,
// or drops that if fresh is set.
func openLedger(path string, fresh bool) (f *os.File, earlier int64, err error) {
	for {
		const flags = os.O_RDWR | os.O_APPEND | os.O_CREATE
		if f, err = os.OpenFile(path, flags, 0o666); err != nil {
			return nil, 0, err
		}
		// Some network file systems have no locks. Reports on them are not protected.
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
			f.Close()
			return nil, 0, errReportInUse
		}
		if sameOpenFile(f, path) {
			break
		}
		f.Close() // the other run has just replaced it
	}
	earlier, err = wholeLines(f)
	if fresh {
		earlier = 0
	}
	if err == nil {
		err = f.Truncate(earlier)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, earlier, nil
}

var errReportInUse = errors.New("another run is writing to it")

// sameOpenFile tells whether path still leads to an open file.
func sameOpenFile(f *os.File, path string) bool {
	one, errOne := f.Stat()
	two, errTwo := os.Stat(path)
	return errOne == nil && errTwo == nil && os.SameFile(one, two)
}

// wholeLines is the size of a file without an unfinished last line, as a killed run may leave it.
func wholeLines(f *os.File) (int64, error) {
	size, err := f.Seek(0, io.SeekEnd)
	b := make([]byte, 4096)
	for end := size; err == nil && end > 0; {
		at := max(0, end-int64(len(b)))
		part := b[:end-at]
		if _, err = f.ReadAt(part, at); err != nil {
			break
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
		end = at
	}
	return 0, err
}

// seed makes the hashes of one process. Two texts have the same hash with a probability of 2^-64, and nobody
// can choose texts that do.
var seed = maphash.MakeSeed()

func hash(parts ...string) uint64 { return maphash.String(seed, strings.Join(parts, "\x00")) }

// An entry is the part of a record that decides which records stay.
type entry struct {
	In       string `json:"in"`
	InBytes  []byte `json:"in_base64"`
	Sample   int    `json:"sample"`
	Out      string `json:"out"`
	OutBytes []byte `json:"out_base64"`
	Status   string `json:"status"`
	Message  string `json:"message"`
	Earlier  bool   `json:"earlier"`
	Run      string `json:"run"`
}

// key is equal for the records of one result of one input, and for those of one run.
func (e *entry) key() uint64 {
	if e.Status == StatusRun {
		return hash(StatusRun, e.Run)
	}
	return hash(e.In, string(e.InBytes), strconv.Itoa(max(1, e.Sample)))
}

// A standing is the record that counts for a result so far.
type standing struct {
	line uint32
	made bool   // the result was written
	out  uint64 // hash of its path
	run  uint64 // key of the run that wrote the record
}

func (e *entry) standing(line int) standing {
	made := e.Status == StatusDone || e.Status == StatusCopied
	return standing{uint32(line), made, hash(e.Out, string(e.OutBytes)), hash(StatusRun, e.Run)}
}

// replacedBy tells whether a later record counts instead of s. first is the line at which the last run begins.
func (s standing) replacedBy(e *entry, later standing, first int) bool {
	return Succession{
		Status: e.Status, Message: e.Message, Earlier: e.Earlier,
		Made: s.made, SameOut: s.out == later.out, SameRun: int(s.line) >= first,
	}.Replaces()
}

// A Succession is a record that comes after another one of the same result.
type Succession struct {
	Status, Message string
	Earlier         bool
	Made            bool // by the record before: the result was written
	SameOut         bool // both name the same output
	SameRun         bool // the same run wrote both
}

// Replaces tells whether the later record counts instead of the one before.
func (s Succession) Replaces() bool {
	switch {
	case s.Status == StatusUnreached:
		return false
	case s.Status == StatusFailed: // both in one run: the input was named twice
		return !s.SameRun
	case s.Earlier, s.Status == StatusSkipped && s.Message == stages.UpToDate:
		return !(s.Made && s.SameOut) // the record before says how it was made
	}
	return true
}

// eachLine calls do with each line of a ledger and its number.
func eachLine(f *os.File, do func(number int, line []byte) error) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for number, b := 0, bufio.NewReaderSize(f, 64<<10); ; number++ {
		line, err := b.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = do(number, line)
		}
		if err != nil {
			return err
		}
	}
}

// compact drops the records that others replace, and those of runs that no record names any more. The last run began at
// the line first.
func compact(f *os.File, path string, first int) error {
	kept, idle, err := standingLines(f, first)
	if err != nil || idle {
		return err
	}
	return durable.Replace(durable.Place{Path: path}, func(out io.Writer) error {
		w := bufio.NewWriter(out)
		err := eachLine(f, func(number int, line []byte) error {
			if !kept[number] {
				return nil
			}
			_, err := w.Write(line)
			return err
		})
		return errors.Join(err, w.Flush())
	})
}

// standingLines tells which lines of a ledger stay. idle: no result has two records, so there is no need to write
// the ledger again. Then the two records of a run, at its beginning and its end, both stay.
func standingLines(f *os.File, first int) (kept []bool, idle bool, err error) {
	results, runs := map[uint64]standing{}, map[uint64]uint32{}
	lines, ofRuns := 0, 0
	last := uint64(0) // run
	err = eachLine(f, func(number int, line []byte) error {
		lines++
		var e entry
		if json.Unmarshal(line, &e) != nil {
			return nil // what is no record is dropped
		}
		key, now := e.key(), e.standing(number)
		if e.Status == StatusRun {
			ofRuns++
			runs[key], last = now.line, key
		} else if before, known := results[key]; !known || before.replacedBy(&e, now, first) {
			results[key] = now
		}
		return nil
	})
	if err != nil || len(results)+ofRuns == lines {
		return nil, true, err
	}
	kept = make([]bool, lines)
	for _, s := range results {
		kept[s.line] = true
		if line, known := runs[s.run]; known {
			kept[line] = true
		}
	}
	if line, known := runs[last]; known {
		kept[line] = true
	}
	return kept, false, nil
}

// countLines counts the lines of a ledger.
func countLines(f *os.File) (n int, err error) {
	err = eachLine(f, func(int, []byte) error { n++; return nil })
	return n, err
}

// open opens the file of --report.
func (l *Ledger) open(fresh bool) (err error) {
	info, err := os.Stat(l.name)
	if err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0 {
		l.file, err = durable.OpenPipe(l.name)
		return err
	}
	l.continued = err == nil && !fresh
	if l.path, err = filepath.EvalSymlinks(l.name); err != nil {
		l.path = l.name // there is no such file yet
	}
	// A run that was killed while it wrote the report again has left a temporary file.
	durable.NewSweeper().Sweep(durable.Place{Path: l.path})
	if l.file, l.size, err = openLedger(l.path, fresh); err != nil || l.size == 0 {
		return err
	}
	l.first, err = countLines(l.file)
	return err
}

func reportError(path string, err error) error {
	if errors.Is(err, errReportInUse) {
		return exit.Hint(fmt.Errorf("the report %q: %w", path, err), "wait for the other run, or name another FILE")
	}
	return fmt.Errorf("the report %q: %w", path, stages.WithoutPath(err))
}

// Replaceable refuses a report that exists and that gtx did not write.
func Replaceable(path string) error {
	return paths.Replaceable(paths.ReportOption, path, "report", isRecord)
}

// isRecord tells whether a line is a record of a report.
func isRecord(line []byte) bool {
	var rec struct{ In, Status *string }
	return json.Unmarshal(line, &rec) == nil && rec.In != nil && rec.Status != nil
}
