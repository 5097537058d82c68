package streams

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"gtx/cli/ledger"
	"gtx/cli/paths"
	"gtx/stages"
	"gtx/stages/frames"
)

// FrameOptions say where frames come from, and what is written.
type FrameOptions struct {
	Options
	Stdin     *os.File
	MaxPixels int // of a frame; 0 for no limit
	FailFast  bool
	Recode    func(stages.Source) ([]byte, error)
}

// A video is a stream of frames.
type video struct {
	FrameOptions
	transit[frames.Frame]
	unread bool
}

// OfFrames returns the stream of pictures that come one after the other.
func OfFrames(o FrameOptions) Stream {
	return &video{FrameOptions: o, transit: newTransit[frames.Frame](o.jobs)}
}

func (v *video) Inputs(ctx context.Context) (paths.Inputs, error) {
	return paths.Streaming(ctx, func(reading context.Context) (iter.Seq[stages.Source], func() bool, error) {
		in, err := paths.Reader(reading, v.Stdin)
		return func(yield func(stages.Source) bool) { v.read(reading, in, yield) }, func() bool { return v.unread }, err
	})
}

// read yields a source for each frame.
func (v *video) read(ctx context.Context, in io.Reader, yield func(stages.Source) bool) {
	s := frames.NewSplitter(in, v.MaxPixels)
	for n := 1; ; n++ {
		f, err := s.Next()
		if err == io.EOF && n > 1 {
			return
		} else if err == io.EOF {
			err = errors.New("standard input is empty")
		}
		source := stages.Source{In: fmt.Sprint("frame ", n), Out: stages.Stdout, Sample: 1}
		source.Relative, source.Seed = source.In, v.seedOf(source.In)
		if err != nil {
			source.Err = paths.Unseen{Err: err}
		} else {
			source.Data, source.Format = f.Picture(), v.Naming.Format
			if v.written(f) == frames.PPM {
				source.Format = stages.TIFF // for ToPPM
			}
		}
		if v.unread = ctx.Err() != nil || !v.enter(ctx, f, len(f.Data)); v.unread {
			return
		}
		if !yield(source) || err != nil {
			return
		}
	}
}

// written is the format of the result of a frame.
func (v *video) written(f frames.Frame) stages.Format {
	if v.Naming.Format == "" {
		return f.Format
	}
	return v.Naming.Format
}

func (v *video) Take(it Outcome, rec *ledger.Record) (Effect, error) {
	f, done := v.leave()
	defer done()
	effect := Effect{Count: true, Record: true}
	picture := it.Value.Data
	if rec.Status == ledger.StatusDone && v.written(f) == frames.PPM {
		var err error
		if picture, err = frames.ToPPM(picture); err != nil {
			rec.Status, rec.Class, rec.Message = ledger.StatusFailed, "encode", err.Error()
		}
	}
	failed := rec.Status == ledger.StatusFailed
	if f.Data == nil || failed && v.FailFast {
		return effect, nil
	}
	if rec.Status != ledger.StatusDone {
		var how string
		if picture, how = v.untranslated(it.Source, f); failed {
			rec.Message += ": the frame passes " + how
		}
	}
	_, err := v.Stdout.Write(picture)
	return effect, err
}

// untranslated returns a frame in its result's format or, if it cannot be decoded, as it came. how says which.
func (v *video) untranslated(s stages.Source, f frames.Frame) (picture []byte, how string) {
	written := v.written(f)
	if written != f.Format {
		picture, err := v.Recode(s)
		if err == nil && written == frames.PPM {
			picture, err = frames.ToPPM(picture)
		}
		if err == nil {
			return picture, "untranslated"
		}
	}
	return f.Data, "unchanged"
}

func (v *video) Unfinished() string { return "" }

func (v *video) Close() error { return nil }
