package paths

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"gtx/cli/exit"
	"gtx/stages"
)

// A Named is a file that an option of the run names, such as its model or its report. No result
// replaces it.
type Named struct {
	Option, path string
	Info         os.FileInfo // nil if there is no such file yet
}

// NewNamed makes the path absolute and looks for the file.
func NewNamed(option, path string) Named {
	f := Named{Option: option, path: path}
	if abs, err := filepath.Abs(path); err == nil {
		f.path = abs
	}
	f.Info, _ = os.Stat(f.path)
	return f
}

// Is tells whether path leads to the file. info describes what is at path, or is nil.
func (f Named) Is(path string, info os.FileInfo) bool {
	if abs, err := filepath.Abs(path); err == nil && abs == f.path {
		return true
	}
	return info != nil && f.Info != nil && os.SameFile(info, f.Info)
}

// The options that name files which a run writes beside its results. FailedOption is one, too.
const (
	ReportOption = "--report"
	HTMLOption   = "--html"
)

// WrittenOptions are all such options. Their files are no inputs.
var WrittenOptions = []string{ReportOption, HTMLOption, FailedOption}

// Refuse is the failure of an option that would replace a file of another kind.
func Refuse(option string, err error) error {
	return &exit.Failure{Code: exit.CodeUsage, Err: exit.Hint(err, option+" takes the FILE to write, before the paths")}
}

// Reachable refuses the file of an option if it cannot be made: its folder may not be written to, or does not exist and
// the run will not make it. out is the folder of -o, which a run makes before it writes anything, or "".
func Reachable(option, path, out string) error {
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case err == nil && info.IsDir():
		if file, err := os.Stat(path); err == nil && !file.Mode().IsRegular() {
			return nil // such as /dev/stdout, which is not made
		}
		if err := unix.Access(folder, unix.W_OK|unix.X_OK); err != nil {
			return exit.CannotStart(fmt.Errorf("%s %q: %w", option, path, err))
		}
		return nil
	case errors.Is(err, fs.ErrNotExist) && leadsTo(folder, out):
		return nil
	}
	return exit.CannotStart(fmt.Errorf("%s %q: there is no folder %q", option, path, folder))
}

// leadsTo tells whether out is the folder or lies below it.
func leadsTo(folder, out string) bool {
	above, errAbove := filepath.Abs(folder)
	below, errBelow := filepath.Abs(out)
	if out == "" || errAbove != nil || errBelow != nil {
		return false
	}
	relative, err := filepath.Rel(above, below)
	return err == nil && filepath.IsLocal(relative)
}

// Replaceable refuses the file of an option if it exists and gtx did not write it. known tells whether its first line
// is that of a kind of files that gtx writes. A pipe or a terminal, such as /dev/stdout, loses nothing and is allowed.
func Replaceable(option, path, kind string, known func(line []byte) bool) error {
	failed := func(err error) error {
		return exit.CannotStart(fmt.Errorf("%s %q: %w", option, path, stages.WithoutPath(err)))
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return failed(err)
	case info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0:
		return nil
	case !info.Mode().IsRegular():
		return exit.Usage("%s %q is not a file", option, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return failed(err)
	}
	defer f.Close()
	const most = 1 << 20 // bytes of a line
	line, err := bufio.NewReader(io.LimitReader(f, most)).ReadBytes('\n')
	if err != nil && err != io.EOF {
		return failed(err)
	}
	if len(line) > 0 && !known(line) {
		return Refuse(option, fmt.Errorf("%s %q exists and is not a %s: it will not be replaced", option, path, kind))
	}
	return nil
}
