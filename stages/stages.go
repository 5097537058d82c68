// Package stages holds the steps that an image passes through, one per file:
//
//	Source -> File -> Image -> Labelled -> Translated -> Checked -> Encoded -> Written
//	        open   decode  classify    translate    check      encode      sync
//	      compare  resize                                      detail
//
// Label stands in for Classify, Generate for the steps up to Translate, and Inspect
// scores images on their own. Then joins two steps into one.
//
// Each takes its options and returns a function that a pipeline can run. Such a
// function takes one type and returns the next, so the compiler checks the order of
// the line. It is safe for concurrent use, keeps no image between calls and never
// changes its argument. An error says what broke. The caller adds the path and the
// stage.
//
// libvips decodes and encodes. It passes over some faults of a file in silence, so
// Open checks every file before libvips sees it.
package stages

import (
	"context"

	"gtx/stages/durable"
)

// A Source names one input and where its result goes.
type Source struct {
	In       string   // path, as the user gave it
	Relative string   // path below the folder or the base that the user named; empty if a command needs none
	Out      string   // path of the result; empty if a command writes none
	Expected string   // what Out would be, if the file cannot be read; empty if that is not known
	Below    string   // folder that results do not leave by symbolic links; empty for any place
	More     []string // paths of further results, if the network gives several
	Data     []byte   // content of the file if it is in memory already, else nil
	Old      []byte   // result of an earlier run if it is in memory, else nil
	Format   Format   // of the result; empty for the format of the input
	Sample   int      // number of the result among those of its input, from 1; 0 if a command writes none
	Seed     uint64   // of the noise that networks may draw
	Again    bool     // the stream named this input before: it waits until the earlier result is written
	Err      error    // an error from before the file was opened
}

// place is where a result of the source goes.
func (s Source) place(path string) durable.Place { return durable.Place{Path: path, Below: s.Below} }

// A Network maps a batch of images to one or more batches of as many images: one
// batch for each result that it gives.
type Network interface {
	Run(ctx context.Context, in Batch) ([]Batch, error)
}

// A Classifier gives the probability of each of its classes, in [0,1], for each
// image of a batch: N × classes numbers, one image after the other.
type Classifier interface {
	Run(ctx context.Context, in Batch) ([]float32, error)
	Classes() []string
}

// Then returns the stage that calls first and passes its result to second.
func Then[A, B, C any](first func(context.Context, A) (B, error), second func(context.Context, B) (C, error)) func(context.Context, A) (C, error) {
	return func(ctx context.Context, a A) (c C, err error) {
		b, err := first(ctx, a)
		if err != nil {
			return c, err
		}
		return second(ctx, b)
	}
}

// A Skip ends an item that needs no work. It travels as an error but is not a
// failure.
type Skip struct{ Reason string }

func (s Skip) Error() string { return "skipped: " + s.Reason }

// Reasons to skip an input.
const (
	OwnOutput     = "made by gtx"
	UpToDate      = "up to date"
	AlreadyTarget = "in the target domain already"
)
