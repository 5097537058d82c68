package cli

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"gtx/cli/exit"
	"gtx/stages"
)

// A report is a ledger of all runs that wrote to it. Runs append records. At its end, a run
// drops the records that later ones replace, so that each input has one. If a run is killed, both
// records stay until the next run ends: the later one counts. A result that is up to date keeps the record of
// how it was made.

// openLedger opens a report and locks it until it is closed. It returns the size of what earlier runs wrote.
// fresh drops that.
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

// A digest stands for text of any length in the tables of compact.
type digest [16]byte

func digestOf(parts ...string) (d digest) {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	copy(d[:], sum[:])
	return d
}

// key is equal for the records of one result of one input.
func (r record) key() digest {
	return digestOf(r.In, string(r.InBytes), strconv.Itoa(max(1, r.Sample)))
}

// A standing is the record of a result that counts so far.
type standing struct {
	line int
	made bool   // the result was written
	out  digest // of its path
}

// replacedBy tells whether a later record counts instead. first is the line with which the last run begins.
func (s standing) replacedBy(r record, first int) bool {
	switch r.Status {
	case statusFailed: // in one run, an input that is named twice
		return s.line < first
	case statusSkipped: // the earlier record says how it was made
		return !(s.made && r.Message == stages.UpToDate && s.out == digestOf(r.Out, string(r.OutBytes)))
	}
	return true
}

// eachLine calls do with each line of a ledger and its number.
func eachLine(f *os.File, do func(number int, line []byte) error) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for number, b := 0, bufio.NewReader(f); ; number++ {
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

// compact drops the records that later ones replace. The last run began at the line first.
func compact(f *os.File, path string, first int) error {
	last := map[digest]standing{}
	lines := 0
	err := eachLine(f, func(number int, line []byte) error {
		lines++
		var rec record
		if json.Unmarshal(line, &rec) != nil {
			return nil // what is no record is dropped
		}
		key := rec.key()
		if before, known := last[key]; !known || before.replacedBy(rec, first) {
			made := rec.Status == statusDone || rec.Status == statusCopied
			last[key] = standing{number, made, digestOf(rec.Out, string(rec.OutBytes))}
		}
		return nil
	})
	if err != nil || len(last) == lines {
		return err
	}
	kept := make(map[int]bool, len(last))
	for _, s := range last {
		kept[s.line] = true
	}
	out, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o666), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer out.Cleanup()
	w := bufio.NewWriter(out)
	err = eachLine(f, func(number int, line []byte) error {
		if !kept[number] {
			return nil
		}
		_, err := w.Write(line)
		return err
	})
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return err
	}
	return out.CloseAtomicallyReplace()
}

// countLines counts the lines of a ledger.
func countLines(f *os.File) (n int, err error) {
	err = eachLine(f, func(int, []byte) error { n++; return nil })
	return n, err
}

// openPipe opens a report that is a pipe or a device. Nothing is kept there.
func openPipe(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|unix.O_NONBLOCK, 0) // a FIFO without a reader is an error
}

// openReport opens the file of --report. real is its path without symbolic links, or "" for a pipe or a device.
func openReport(path string, fresh bool) (f *os.File, real string, first int, err error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0 {
		if f, err = openPipe(path); err != nil {
			return nil, "", 0, reportError(path, err)
		}
		return f, "", 0, nil
	}
	if real, err = filepath.EvalSymlinks(path); err != nil {
		real = path // there is no such file yet
	}
	f, earlier, err := openLedger(real, fresh)
	if err == nil && earlier > 0 {
		first, err = countLines(f)
	}
	if err != nil {
		if f != nil {
			f.Close()
		}
		return nil, "", 0, reportError(path, err)
	}
	return f, real, first, nil
}

func reportError(path string, err error) error {
	if errors.Is(err, errReportInUse) {
		return exit.Hint(fmt.Errorf("--report %q: %w", path, err), "wait for the other run, or name another FILE")
	}
	return fmt.Errorf("--report %q: %w", path, stages.WithoutPath(err))
}
