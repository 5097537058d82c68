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
// The package guarantees:
//
//   - Drain gets every item of the source once, in the source's order.
//   - An error of a stage belongs to its item and travels with it. Later stages
//     do not get that item. Only the sink's error or the context ends a run.
//   - The number of items between source and sink is bounded, and so is memory,
//     however long the source is.
//   - Nothing waits for input that has not arrived: an item moves on as soon as
//     a worker is free, so a source may be endless.
//   - If a run is aborted, Collect still delivers what had passed every stage.
//   - When Drain or Collect returns, every goroutine of the line has ended.
//
// The package does not depend on what it moves.
package pipeline

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// An Item is a value on its way from the source, or the error that ended it.
type Item[S, T any] struct {
	Seq    int    // place in the source, from 0
	Source S      // what the source gave
	Value  T      // meaningless when Err is set
	Err    error  // an *Error, or nil
	Spans  []Span // of the stages passed, in order

	light bool // it has given back its token of the line's flight
}

// A Span is the time that one stage took for an item. For a batch it is the time
// of the whole call.
type Span struct {
	Stage string
	Took  time.Duration
	Items int // that shared it
}

// An Error says why an item failed, and in which stage.
type Error struct {
	Stage string
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Stage, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// orderWindow bounds the items between source and sink, including finished items
// that wait for a slower earlier one, as a multiple of the line's limit.
const orderWindow = 64

// A Line is one run: its goroutines, and its bounds on the items in flight.
type Line struct {
	group  *errgroup.Group
	ctx    context.Context
	flight chan struct{} // one token per item in a stage
	order  chan struct{} // one token per item between source and sink
}

// New returns a line with at most limit items in its stages at once. Cancelling
// ctx aborts the run. To finish the items already read, end the source instead.
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

// land gives back an item's token of the flight, unless that was done before. light is the item's field.
func (l *Line) land(light *bool) {
	if !*light {
		<-l.flight
		*light = true
	}
}

// A Flow is the end of a line under construction. Its items began as an S and
// are now a T. It feeds exactly one further stage.
type Flow[S, T any] struct {
	line    *Line
	items   chan Item[S, T]
	collect atomic.Bool // even after an abort, items without an error are received
}

func newFlow[S, T any](line *Line) *Flow[S, T] {
	return &Flow[S, T]{line: line, items: make(chan Item[S, T])}
}

// send passes an item to the next stage, or returns the reason why the run ended.
func (f *Flow[S, T]) send(it Item[S, T]) error {
	select {
	case f.items <- it:
		return nil
	case <-f.line.ctx.Done():
	}
	if f.collect.Load() && it.Err == nil {
		f.items <- it
		return nil
	}
	return context.Cause(f.line.ctx)
}

// From starts a line. The source is read in one goroutine, one item at a time,
// and only as far ahead as the line's limit allows. A source that can block
// forever must itself watch for the end of the run.
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

// Drain runs the line. It calls sink with one item at a time, in the source's
// order, and returns when all goroutines of the line have ended. It returns the
// first error of sink, which aborts the run, or the cause if ctx was cancelled.
func Drain[S, T any](in *Flow[S, T], sink func(Item[S, T]) error) error {
	in.line.group.Go(func() error { return in.order(func(Item[S, T]) {}, sink) })
	return in.line.group.Wait()
}

// Collect is like Drain, but loses nothing that is done: arrive gets every item without an error as soon as it has
// passed all stages, before sink gets it in its turn, and also after an abort. arrive never runs at the same time as
// sink.
func Collect[S, T any](in *Flow[S, T], arrive func(Item[S, T]), sink func(Item[S, T]) error) error {
	in.collect.Store(true)
	in.line.group.Go(func() error {
		if err := in.order(arrive, sink); err != nil {
			in.line.group.Go(func() error { return err }) // abort the run, and go on receiving
		}
		for it := range in.items {
			if it.Err == nil {
				arrive(it)
			}
		}
		return nil
	})
	return in.line.group.Wait()
}

// order calls arrive with the items without an error as they come, and sink with all in the source's order. It ends
// with sink's error, or with the cause if the run was aborted.
func (f *Flow[S, T]) order(arrive func(Item[S, T]), sink func(Item[S, T]) error) (err error) {
	early := map[int]Item[S, T]{} // finished before an earlier item
	next := 0
	for it := range f.items {
		f.line.land(&it.light)
		if it.Err == nil {
			arrive(it)
		} else if f.line.ctx.Err() != nil {
			err = context.Cause(f.line.ctx) // perhaps the item failed because the run was aborted
			continue
		}
		early[it.Seq] = it
		for {
			it, ok := early[next]
			if !ok {
				break
			}
			delete(early, next)
			next++
			<-f.line.order
			if err := sink(it); err != nil {
				return err
			}
		}
	}
	return err
}

// advance returns the item for the next stage, with the value or the error of
// this one and the time it took.
func advance[S, A, B any](it Item[S, A], span Span, value B, err error) Item[S, B] {
	next := Item[S, B]{Seq: it.Seq, Source: it.Source, Err: it.Err, Spans: it.Spans, light: it.light}
	if it.Err != nil {
		return next
	}
	next.Spans = append(it.Spans, span)
	if err != nil {
		next.Err = &Error{Stage: span.Stage, Err: err}
		return next
	}
	next.Value = value
	return next
}
