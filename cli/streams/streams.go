// Package streams joins a run to pictures that are not files of their own: the samples of tars, and frames.
//
// A Stream gives the sources of a run, with the bytes of each picture, and takes the outcomes in the same order. Bytes
// wait in memory until their turn to be written comes. They are bounded, so a stream may be endless.
//
// OfTars reads tars and writes tars, IntoShards writes the results of files into tars, OfFrames reads and writes
// pictures one after the other.
package streams

import (
	"context"
	"errors"
	"io"
	"sync"

	"golang.org/x/sync/semaphore"

	"gtx/cli/ledger"
	"gtx/cli/paths"
	"gtx/pipeline"
	"gtx/stages"
)

// An Outcome is an image that has come out of the line.
type Outcome = pipeline.Item[stages.Source, stages.Written]

// A Stream replaces the files that a run reads, writes or both.
type Stream interface {
	// Inputs returns the sources.
	Inputs(context.Context) (paths.Inputs, error)
	// Take gets the outcome of each source, in order, and completes its record. An error means that the output
	// cannot be written, and ends the run.
	Take(Outcome, *ledger.Record) (Effect, error)
	// Unfinished says which tar is not complete and how many results are lost with it, or "".
	Unfinished() string
	// Close drops what is not complete. Call it when the run has ended.
	Close() error
}

// An Effect says what a run does about an outcome.
type Effect struct {
	Count  bool            // the outcome is that of an image, or a failure
	Record bool            // it belongs in the report
	Tars   []ledger.Record // of tars that are begun or complete; they come first
	Print  []string        // paths of results that are complete
	Warn   string          // what a person should know, or ""
}

// Files is the Stream for files whose results are files. A single image may go to standard output instead, and passes
// unchanged if it is skipped. It has no inputs of its own.
type Files struct{ Stdout io.Writer }

func (Files) Inputs(context.Context) (paths.Inputs, error) { return paths.Inputs{}, nil }

func (f Files) Take(it Outcome, rec *ledger.Record) (Effect, error) {
	effect := Effect{Count: true, Record: true}
	var err error
	switch piped := it.Source.Out == stages.Stdout; {
	case rec.Made() && !piped:
		effect.Print = append([]string{rec.Out}, it.Source.More...)
	case rec.Made():
		_, err = f.Stdout.Write(it.Value.Data)
	case rec.Status == ledger.StatusSkipped && piped:
		_, err = f.Stdout.Write(it.Source.Data)
	}
	return effect, err
}

func (Files) Unfinished() string { return "" }

func (Files) Close() error { return nil }

// errNoImage is the error of sources that only mark a place between images.
var errNoImage = errors.New("no image")

// IsMark tells whether a source only marks a place between images. It does not matter if the run ends
// before it gets there.
func IsMark(s stages.Source) bool { return s.Err == errNoImage }

// A transit remembers sources on their way through the run. E is what a stream remembers of a source.
type transit[E any] struct {
	room *semaphore.Weighted // bytes
	most int64

	mu    sync.Mutex
	under []passage[E]
}

// A passage is a source on its way.
type passage[E any] struct {
	it     E
	weight int64
}

// bytesMost bounds the bytes of sources on their way, for each picture in flight. There are about five pictures in
// flight for each job.
const bytesMost = 8 << 20

func newTransit[E any](jobs int) transit[E] {
	most := int64(8+5*jobs) * bytesMost
	return transit[E]{room: semaphore.NewWeighted(most), most: most}
}

// enter waits until there is room for a source. It tells whether the run goes on.
func (l *transit[E]) enter(ctx context.Context, it E, weight int) bool {
	w := passage[E]{it, min(int64(weight), l.most)}
	if l.room.Acquire(ctx, w.weight) != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.under = append(l.under, w)
	return true
}

// leave returns the first source on its way. The caller calls done when it no longer holds the source's bytes.
func (l *transit[E]) leave() (it E, done func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.under[0]
	l.under[0] = passage[E]{} // for the garbage collector
	l.under = l.under[1:]
	return first.it, func() { l.room.Release(first.weight) }
}
