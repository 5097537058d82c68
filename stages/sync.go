package stages

import (
	"context"

	"gtx/stages/durable"
)

// A Written is the outcome for an input, without pixels.
type Written struct {
	Source        Source
	Width, Height int // of the result
	Domain        string
	P             float64
	Kept          bool // a copy of the input
	Before, After Score
	Flagged       bool
	Repaired      bool
	Moved         *float64 // as in Checked
	Data          []byte   // the file, if it goes to standard output
	Warnings      []string
}

// Sync returns the stage that makes a group of results durable under their names. It also returns an error or nil
// for each of them.
func Sync(out *durable.Writer) func(context.Context, []Encoded) ([]Written, []error) {
	return func(ctx context.Context, group []Encoded) ([]Written, []error) {
		written, files := make([]Written, len(group)), make([]*durable.Files, len(group))
		for i, e := range group {
			written[i], files[i] = e.Written, e.files
		}
		return written, out.Publish(ctx, files)
	}
}
