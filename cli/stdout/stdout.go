// Package stdout writes to standard output. It remembers the first error, so that no command whose output
// was lost ends with success, and it knows whether gtx was started with standard output closed.
package stdout

/*
extern int gtx_stdout_closed;
*/
import "C"

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"gtx/stages"
)

// An Error is a failure to write to standard output.
type Error struct{ err error }

func (e *Error) Error() string { return "standard output: " + stages.WithoutPath(e.err).Error() }
func (e *Error) Unwrap() error { return e.err }

// Gone reports whether an error says that the reader of standard output has closed it.
func Gone(err error) bool {
	var e *Error
	return errors.As(err, &e) && errors.Is(e.err, syscall.EPIPE)
}

// A Writer writes to standard output. After an error it writes nothing more: what follows a gap would mislead.
type Writer struct {
	file   io.Writer
	mu     sync.Mutex
	err    error
	before func()
}

// New returns a writer to a file.
func New(file io.Writer) *Writer { return &Writer{file: file} }

// Before sets what is done before each write: it makes room on a terminal.
func (w *Writer) Before(clear func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = clear
}

// Write writes all of b or returns an *Error.
func (w *Writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	if w.before != nil {
		w.before()
	}
	n, err := w.file.Write(b)
	if err != nil {
		w.err = &Error{err}
	}
	return n, w.err
}

// Err is the first error, or nil.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// ErrClosed says that gtx was started with standard output closed, as by >&-. The Go runtime opens /dev/null in
// its place, so writes to it are lost without an error.
var ErrClosed = errors.New("standard output is closed")

// Usable returns ErrClosed if gtx was started with f, its standard output, closed.
func Usable(f *os.File) error {
	if f.Fd() == uintptr(syscall.Stdout) && C.gtx_stdout_closed != 0 {
		return ErrClosed
	}
	return nil
}
