package stages

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"

	"gtx/stages/container"
)

// Existing says what becomes of an output that is there already.
type Existing string

const (
	ExistingSkip Existing = "skip" // keep it if it is what would be made; never overwrite what gtx did not make
	ExistingRedo Existing = "redo" // overwrite it
	ExistingFail Existing = "fail" // an error
)

var (
	errExists  = errors.New("the output exists")
	errForeign = errors.New("the output exists and was not made by gtx (--existing redo overwrites it)")
)

// Compare returns the stage that looks for the output of a file before any work
// is done. Outputs are compared by identity, never by name or time alone. Copies
// of images in the target domain have none: where they are made, one that is
// there may be made again.
func Compare(o Existing, copies bool, parameters []Property) func(context.Context, File) (File, error) {
	return func(_ context.Context, f File) (File, error) {
		if o == ExistingRedo {
			return f, nil
		}
		old, err := os.ReadFile(f.Source.Out)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return f, nil
		case err != nil:
			return f, WithoutPath(err)
		case o == ExistingFail:
			return f, errExists
		}
		switch identity := container.ReadIdentity(old); {
		case identity == container.Identity(f.Digest, parameters):
			return f, Skip{UpToDate}
		case identity == "" && !(copies && bytes.Equal(old, f.Data)):
			return f, errForeign
		}
		return f, nil
	}
}
