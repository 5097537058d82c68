// Package stages holds the steps that a picture passes, one a file:
//
//	Source -> File -> Image -> Labelled -> Translated -> Checked -> Written
//	        open   decode  classify    translate    check     encode
//	      compare  resize                                     detail
//
// Then joins two of them into one.
//
// Open, Compare, Decode, Resize, Classify, Translate, Check, Detail and Encode each take their
// options and return a function that a pipeline can run. Such a function takes
// one type and returns the next, so the compiler checks the order of the line.
// It is safe for many goroutines at once, keeps nothing between calls, and
// never changes what it was given. An error says what broke and not where: the
// caller knows the path and the stage.
//
// libvips decodes and encodes; bimg starts it and says what it can do. It hides
// faults: files are checked in Go before it sees them.
package stages

import "context"

// Pixels is a picture of 8-bit samples in sRGB, row-major, Bands bytes a pixel:
// 3 for RGB and 4 for RGBA, alpha not premultiplied.
type Pixels struct {
	Width, Height, Bands int
	Data                 []byte
}

// A Source names one input and where its result goes.
type Source struct {
	In       string   // path, as the user gave it
	Relative string   // path below the folder or the base that the user named; empty where a command needs none
	Out      string   // path of the result; empty where a command writes none
	More     []string // paths of further results, where the network makes several
	Data     []byte   // the file's content where it is at hand already, else nil
	Format   Format   // of the result; empty: as the input's
	Seed     uint64   // of the noise that networks may draw
	Err      error    // what was wrong with it before it was opened
}

// A Batch is N pictures of one shape laid end to end: 8-bit RGB, Height×Width×3
// bytes each. Where there is nothing but noise to begin with it is a number only.
type Batch struct {
	N, Height, Width int
	Pixels           []byte
	From             []string // the domain of each, "" where nobody knows
	Seeds            []uint64 // of each one's noise
}

// A Network maps a batch of pictures to one or more batches of as many pictures:
// several where it makes several results of one.
type Network interface {
	Run(ctx context.Context, in Batch) ([]Batch, error)
}

// A Classifier gives the probability of each of its classes, in [0,1], for each
// picture of a batch: classes × N numbers, one picture after the other.
type Classifier interface {
	Run(ctx context.Context, in Batch) ([]float32, error)
	Classes() []string
}

// Then returns the stage that does first and, with its result, second.
func Then[A, B, C any](first func(context.Context, A) (B, error), second func(context.Context, B) (C, error)) func(context.Context, A) (C, error) {
	return func(ctx context.Context, a A) (c C, err error) {
		b, err := first(ctx, a)
		if err != nil {
			return c, err
		}
		return second(ctx, b)
	}
}

// A Skip ends an item that is rightly left alone. It travels as an error, and
// is none: nothing failed.
type Skip struct{ Reason string }

func (s Skip) Error() string { return "skipped: " + s.Reason }

// Reasons to leave an input alone.
const (
	OwnOutput     = "made by gtx"
	UpToDate      = "up to date"
	AlreadyTarget = "in the target domain already"
)
