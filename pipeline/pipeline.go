// Package pipeline moves items through a line of stages.
//
// A line is built from left to right and run by its last call:
//
//	line := pipeline.New(ctx, 32)
//	words := pipeline.From(line, source)
//	sizes := pipeline.Each(words, "measure", 4, measure)
//	sums := pipeline.Batch(sizes, "sum", batching, sum)
//	err := pipeline.Drain(sums, func(it pipeline.Item[string, int]) error { … })
//
// What is guaranteed:
//
//   - Drain sees every item that the source gave, once, in the source's order.
//   - An error of a stage belongs to its item and travels with it; later stages
//     do not see that item. Only the sink's error or the context ends a run.
//   - At most the line's limit of items are between the source and the sink, so
//     memory is bounded however long the source is.
//   - Nothing waits for input that has not come: an item moves on as soon as a
//     worker is free, so a source may be endless.
//   - When Drain returns, every goroutine of the line has ended.
//
// The package knows nothing of what it moves.
package pipeline

import (
	"context"
	"fmt"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"
)

// An Item is a value on its way from the source, or the error that ended it.
type Item[S, T any] struct {
	Seq    int    // place in the source, from 0
	Source S      // what the source gave
	Value  T      // meaningless when Err is set
	Err    error  // an *Error, or nil
	Spans  []Span // the stages passed, in order
}

// A Span is the time one stage took for an item: of the whole call, for a batch.
type Span struct {
	Stage string
	Took  time.Duration
}

// An Error is what ended an item, and where.
type Error struct {
	Stage string
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Stage, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// orderWindow is how many times the limit of a line may be finished but not yet
// delivered because an earlier item is slow. Those hold results, no work.
const orderWindow = 64

// A Line is one run: its goroutines, and the bound on what is in flight.
type Line struct {
	group  *errgroup.Group
	ctx    context.Context
	flight chan struct{} // held from the source until the last stage is done
	order  chan struct{} // held from the source until the sink has it
}

// New returns a line with at most limit items in its stages at once. Cancelling
// ctx aborts the run; to end one gently, end its source instead.
func New(ctx context.Context, limit int) *Line {
	limit = max(limit, 1)
	group, ctx := errgroup.WithContext(ctx)
	return &Line{
		group:  group,
		ctx:    ctx,
		flight: make(chan struct{}, limit),
		order:  make(chan struct{}, orderWindow*limit),
	}
}

// A Flow is the end of a line under construction: items whose source was an S
// and that are a T by now. It feeds exactly one further stage.
type Flow[S, T any] struct {
	line  *Line
	items chan Item[S, T]
}

func newFlow[S, T any](line *Line) *Flow[S, T] {
	return &Flow[S, T]{line: line, items: make(chan Item[S, T])}
}

// send delivers an item downstream, or returns the reason the run has ended.
func (f *Flow[S, T]) send(it Item[S, T]) error {
	select {
	case f.items <- it:
		return nil
	case <-f.line.ctx.Done():
		return context.Cause(f.line.ctx)
	}
}

// From starts a line. The source is read in one goroutine, one item at a time,
// and only as far ahead as the line's limit allows. A source that can block for
// ever must watch for the end of the run itself.
func From[S any](line *Line, source iter.Seq[S]) *Flow[S, S] {
	out := newFlow[S, S](line)
	line.group.Go(func() error {
		defer close(out.items)
		seq := 0
		for s := range source {
			for _, room := range []chan struct{}{line.order, line.flight} {
				select {
				case room <- struct{}{}:
				case <-line.ctx.Done():
					return context.Cause(line.ctx)
				}
			}
			if err := out.send(Item[S, S]{Seq: seq, Source: s, Value: s}); err != nil {
				return err
			}
			seq++
		}
		return nil
	})
	return out
}

// Drain runs the line: it calls sink with every item, in the source's order and
// never twice at once, and returns when all goroutines of the line have ended.
// An error of sink aborts the run and is returned; so is the context's.
func Drain[S, T any](in *Flow[S, T], sink func(Item[S, T]) error) error {
	line := in.line
	line.group.Go(func() error {
		early := map[int]Item[S, T]{} // done before an earlier one
		next := 0
		for it := range in.items {
			<-line.flight
			early[it.Seq] = it
			for {
				it, ok := early[next]
				if !ok {
					break
				}
				delete(early, next)
				next++
				<-line.order
				if err := sink(it); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return line.group.Wait()
}

// advance makes the item of the next type: value and error of the stage, and
// the time it took.
func advance[S, A, B any](it Item[S, A], stage string, took time.Duration, value B, err error) Item[S, B] {
	next := Item[S, B]{Seq: it.Seq, Source: it.Source, Err: it.Err, Spans: it.Spans}
	if it.Err != nil {
		return next
	}
	next.Spans = append(it.Spans, Span{Stage: stage, Took: took})
	if err != nil {
		next.Err = &Error{Stage: stage, Err: err}
		return next
	}
	next.Value = value
	return next
}
