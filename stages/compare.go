package stages

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"

	"gtx/stages/container"
)

// Existing says what to do with an output that exists already.
type Existing string

const (
	ExistingSkip Existing = "skip" // keep it if it is up to date; never overwrite a file that gtx did not make
	ExistingRedo Existing = "redo" // overwrite it
	ExistingFail Existing = "fail" // an error
)

var (
	errExists  = errors.New("the output exists")
	errForeign = errors.New("the output exists and was not made by gtx (--existing redo overwrites it)")
)

// Compare returns the stage that looks for the output of a file before any work is
// done. It compares the identity recorded in the output, never name or time alone.
// A copy of an image in the target domain records none: if Encode makes copies, an
// output equal to its input may be written again.
func Compare(o Existing, e EncodeOptions) func(context.Context, File) (File, error) {
	copies := e.InTarget == InTargetCopy
	return func(_ context.Context, f File) (File, error) {
		if f.Source.Out == Stdout {
			return f, nil
		}
		existing, err := f.Source.openOutput()
		if err == nil {
			defer existing.Close()
		}
		switch {
		case o == ExistingRedo && errors.Is(err, fs.ErrPermission):
			return f, nil // it can be replaced, if not read
		case errors.Is(err, fs.ErrNotExist):
			return f, nil
		case err != nil:
			return f, WithoutPath(err)
		case o == ExistingFail:
			return f, errExists
		case o == ExistingRedo:
			return f, nil
		}
		old, err := io.ReadAll(existing)
		if err != nil {
			return f, WithoutPath(err)
		}
		switch identity := container.ReadIdentity(old); {
		case identity == container.Identity(f.Digest, e.parametersFor(f.Source.output(f.Format))):
			return f, Skip{UpToDate}
		case identity == "" && !(copies && bytes.Equal(old, f.Data)):
			return f, errForeign
		}
		return f, nil
	}
}
