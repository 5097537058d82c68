package stages

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"

	"gtx/stages/container"
	"gtx/stages/durable"
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

// Required is a property that the note of an output must have beside its identity. A note without the
// property was written before gtx recorded it, and counts as the default.
type Required struct{ Name, Value, Default string }

// metBy tells whether the note of a file has the properties that the options require.
func (o EncodeOptions) metBy(file []byte) bool {
	for _, r := range o.Required {
		if cmp.Or(container.ReadProperty(file, r.Name), r.Default) != r.Value {
			return false
		}
	}
	return true
}

// Compare returns the stage that looks for the outputs of a file before any work is
// done. It compares the identity and the seal recorded in each, and what EncodeOptions
// require of its note, never name or time alone. A copy of an image in the target domain records none: if Encode makes
// copies, an output equal to its input may be written again. It also removes the temporary files that killed
// runs left in the folders of outputs.
func Compare(o Existing, e EncodeOptions) func(context.Context, File) (File, error) {
	copies, abandoned := e.InTarget == InTargetCopy, durable.NewSweeper()
	return func(_ context.Context, f File) (File, error) {
		if f.Source.Out == Stdout && f.Source.Old == nil {
			return f, nil
		}
		identity := container.Identity(f.Digest, e.parametersFor(f.Source.output(f.Format)))
		isCurrent := func(old []byte) bool {
			return container.ReadIdentity(old) == identity && isWhole(old) && e.metBy(old)
		}
		if f.Source.Out == Stdout {
			if isCurrent(f.Source.Old) {
				return f, Skip{UpToDate}
			}
			return f, nil
		}
		current := true
		for _, path := range append([]string{f.Source.Out}, f.Source.More...) {
			place := f.Source.place(path)
			abandoned.Sweep(place)
			old, exists, err := readOutput(place, o == ExistingSkip)
			switch {
			case err != nil:
				return f, place.Unreadable(err)
			case exists && o == ExistingFail:
				return f, errExists
			case !exists || o != ExistingSkip:
				current = false
				continue
			}
			if container.ReadIdentity(old) == "" && len(old) > 0 && !(copies && bytes.Equal(old, f.Data)) {
				return f, errForeign
			}
			current = current && isCurrent(old)
		}
		if !current {
			return f, nil
		}
		if e.Touch {
			if err := f.Source.touch(); err != nil {
				return f, err
			}
		}
		return f, Skip{UpToDate}
	}
}

// touch sets the times of all outputs to now.
func (s Source) touch() error {
	for _, path := range append([]string{s.Out}, s.More...) {
		if err := s.place(path).Touch(); err != nil {
			return err
		}
	}
	return nil
}

// readOutput reads an output. If its content does not matter, it only makes sure that it can be replaced.
func readOutput(p durable.Place, content bool) (data []byte, exists bool, err error) {
	f, err := p.Open()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case errors.Is(err, fs.ErrPermission) && !content:
		return nil, true, nil
	case err != nil:
		return nil, false, err
	}
	defer f.Close()
	if content {
		data, err = io.ReadAll(f)
	}
	return data, true, err
}

// isWhole reports whether a file of gtx is as gtx wrote it. Files of earlier versions have no seal: they
// count if they have not been cut.
func isWhole(file []byte) bool {
	seal := container.ReadSeal(file)
	if seal == container.NoSeal {
		_, err := container.Parse(file)
		return err == nil
	}
	return seal == container.SealWhole
}
