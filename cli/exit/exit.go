// Package exit says how a run of gtx ends: with a code, a message and perhaps a hint.
//
// An error that is not a Failure, such as a full disk, ends gtx with CodeSome.
package exit

import (
	"errors"
	"fmt"
)

// Exit codes. A signal gives 128 plus its number.
const (
	CodeDone     = 0
	CodeSome     = 1 // some images failed
	CodeUsage    = 2 // the command line is wrong
	CodeStart    = 3 // cannot start: library, model, device, folder or standard output
	CodeFailFast = 4 // stopped at the first failure
	CodeBusy     = 5 // another task works on the shard: it can be tried again later
)

// A Failure ends the program with an exit code and a message.
type Failure struct {
	Code int
	Err  error // nil: every message was printed before
}

func (f *Failure) Error() string { return fmt.Sprint(f.Err) }
func (f *Failure) Unwrap() error { return f.Err }

// Silent is the failure of a run that has printed its messages.
func Silent(code int) error { return &Failure{Code: code} }

// Usage is the failure of a wrong command line.
func Usage(format string, args ...any) error {
	return &Failure{CodeUsage, fmt.Errorf(format, args...)}
}

// CannotStart is the failure of a run that lacks what it needs.
func CannotStart(err error) error { return &Failure{CodeStart, err} }

// Also adds an error that came later, such as that of closing a file, to how a run ends.
func Also(err, later error) error {
	var f *Failure
	if errors.As(err, &f) {
		return &Failure{f.Code, errors.Join(f.Err, later)}
	}
	return errors.Join(err, later)
}

// A Hinted error knows what the user can do about it.
type Hinted interface{ Hint() string }

// Hint adds a hint to an error.
func Hint(err error, hint string) error { return advice{err, hint} }

type advice struct {
	error
	hint string
}

func (a advice) Hint() string  { return a.hint }
func (a advice) Unwrap() error { return a.error }
