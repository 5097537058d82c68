package paths

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"gtx/cli/exit"
	"gtx/stages"
	"gtx/stages/durable"
)

// FailedOption is the option that names the list of inputs that failed.
const FailedOption = "--failed"

// Failures are the inputs of a run that failed. Write lists them in a file, which a later run can take as its list.
// A nil Failures lists nothing.
type Failures struct {
	path    string
	end     string // of each entry
	inputs  Packed
	dropped int // whose paths cannot be written
	unseen  int // that no list can give again
}

// NewFailures prepares the list at path. With null its entries end with NUL. out is the folder of -o, or "". It refuses to
// replace a file that is no list of paths.
func NewFailures(path, out string, null bool) (*Failures, error) {
	if path == "" {
		return nil, nil
	}
	f := &Failures{path: path, end: "\n"}
	if null {
		f.end = "\x00"
	}
	return f, f.replaceable(out)
}

// Add adds an input.
func (f *Failures) Add(s stages.Source) {
	switch {
	case f == nil || s.In == f.inputs.last.In: // another result of the same input
	case IsUnseen(s), s.Out == stages.Stdout:
		f.unseen++
	case strings.Contains(s.In, f.end):
		f.dropped++
	default:
		f.inputs.Add(stages.Source{In: s.In, Relative: s.Relative})
	}
}

// Lacking says which failures the list leaves out, because no list can name them. It is "" if there are none.
func (f *Failures) Lacking() string {
	if f == nil || f.unseen == 0 {
		return ""
	}
	return fmt.Sprintf("%s %q leaves out what is no image, such as a folder or a list that cannot be read (%d)", FailedOption, f.path, f.unseen)
}

// Write writes the list, in one step. It is empty if nothing failed.
func (f *Failures) Write() error {
	if f == nil {
		return nil
	}
	fill := func(w io.Writer) error {
		b := bufio.NewWriter(w)
		for s := range f.inputs.All {
			b.WriteString(f.entry(s) + f.end)
		}
		return b.Flush()
	}
	err := f.write(fill)
	switch {
	case err != nil:
		return fmt.Errorf("%s %q: %w", FailedOption, f.path, stages.WithoutPath(err))
	case f.dropped > 0:
		return exit.Hint(fmt.Errorf("%s %q lacks %d paths with line feeds", FailedOption, f.path, f.dropped), "with --null each path ends with NUL")
	}
	return nil
}

// entry returns an entry by which a later run recognises the file as a list. ././NAME is the same input as NAME.
func (f *Failures) entry(s stages.Source) string {
	entry := Entry(s.In, s.Relative)
	if filepath.Clean(entry) == s.Relative && !f.looksListed(entry) {
		return "." + Mark + s.Relative
	}
	return entry
}

// write replaces a file, or writes to a pipe or a device.
func (f *Failures) write(fill func(io.Writer) error) error {
	if info, err := os.Stat(f.path); err == nil && !info.Mode().IsRegular() {
		out, err := durable.OpenPipe(f.path)
		if err != nil {
			return err
		}
		return errors.Join(fill(out), out.Close())
	}
	path, err := filepath.EvalSymlinks(f.path)
	if err != nil {
		path = f.path // there is no such file yet
	}
	return durable.Replace(durable.Place{Path: path}, fill)
}

// replaceable refuses a file that exists and is no list of images. The user may have forgotten FILE after
// --failed, so that an input took its place.
func (f *Failures) replaceable(out string) error {
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Reachable(FailedOption, f.path, out)
	case err != nil:
		return f.cannotOpen(err)
	case info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0:
		return nil
	case !info.Mode().IsRegular():
		return exit.Usage("%s %q is not a file", FailedOption, f.path)
	}
	file, err := os.Open(f.path)
	if err != nil {
		return f.cannotOpen(err)
	}
	defer file.Close()
	if info.Size() > 0 && !f.isList(file, info.Size()) {
		return Refuse(FailedOption, fmt.Errorf("%s %q exists and is not a list of images: it will not be replaced", FailedOption, f.path))
	}
	return nil
}

// isList tells whether a file ends with the mark that ends an entry, and each entry looks like an input or exists.
func (f *Failures) isList(file *os.File, size int64) bool {
	last := make([]byte, len(f.end))
	if _, err := file.ReadAt(last, size-1); err != nil || string(last) != f.end {
		return false
	}
	for entry, err := range Entries(file, f.end == "\x00") {
		if err != nil {
			return false
		}
		if !f.looksListed(entry) {
			if _, err := os.Lstat(entry); err != nil {
				return false
			}
		}
	}
	return true
}

func (f *Failures) cannotOpen(err error) error {
	return exit.CannotStart(fmt.Errorf("%s %q: %w", FailedOption, f.path, stages.WithoutPath(err)))
}

// looksListed tells whether an entry looks like an input of gtx, by its mark or by the extension of an image. A text or
// the bytes of another file seldom do.
func (f *Failures) looksListed(entry string) bool {
	if _, folder := split(entry); folder != "" {
		return true
	}
	if f.end == "\n" && strings.ContainsFunc(entry, unicode.IsControl) {
		return false
	}
	ext := strings.ToLower(filepath.Ext(entry))
	for _, format := range append([]stages.Format{stages.HEIF, stages.GIF}, stages.Formats...) {
		if slices.Contains(format.Extensions(), ext) {
			return true
		}
	}
	return false
}
