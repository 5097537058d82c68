package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Batching says how items are gathered.
type Batching[A any, K comparable] struct {
	Size    int       // maximum number of items in one batch
	Workers int       // number of batches in progress at once
	Key     func(A) K // items share a batch only if their keys are equal
	Light   bool      // items need little memory from here on: the line's limit no longer counts them
}

// Errors is an error of a batch that says which items failed: it has an error or nil for each. The results of
// the other items count, and the batch is not tried again.
type Errors []error

func (e Errors) Error() string { return fmt.Sprint(errors.Join(e...)) }

// Or returns nil if no item failed, else e.
func (e Errors) Or() error {
	for _, err := range e {
		if err != nil {
			return e
		}
	}
	return nil
}

// Batch adds a stage that calls f with several items at once. f returns one
// result per item, in the same order. A batch goes out as soon as a worker is
// free, full or not: there are no timers, and nothing waits for stragglers.
// Items gather only while all workers are busy, so batches grow with the load.
//
// If f fails, but not with Errors, the batch is halved and tried again, until only the items at fault
// fail and all others have succeeded.
func Batch[S, A, B any, K comparable](in *Flow[S, A], stage string, o Batching[A, K], f func(context.Context, []A) ([]B, error)) *Flow[S, B] {
	line := in.line
	out := newFlow[S, B](line)
	// work is unbuffered, so a send succeeds only when a worker is free.
	work := make(chan []Item[S, A])
	line.group.Go(func() error {
		defer close(work)
		arrive := func(*Item[S, A]) {}
		if o.Light {
			arrive = func(it *Item[S, A]) { line.land(&it.light) }
		}
		return gather(line.ctx, in.items, work, waiting[S, A, K]{size: max(o.Size, 1), key: o.Key}, arrive)
	})
	line.pool(o.Workers, func() { close(out.items) }, func() error {
		for batch := range work {
			start := time.Now()
			values, errs := solve(line.ctx, batch, f)
			span := Span{Stage: stage, Took: time.Since(start), Items: len(batch)}
			var ended error
			for i, it := range batch { // after an abort Collect still wants those without an error
				if err := out.send(advance(it, span, values[i], errs[i])); err != nil {
					ended = err
				}
			}
			if ended != nil {
				return ended
			}
		}
		return nil
	})
	return out
}

// gather forms batches in w from items and hands them to work. It calls arrive with each item.
func gather[S, A any, K comparable](ctx context.Context, items <-chan Item[S, A], work chan<- []Item[S, A], w waiting[S, A, K], arrive func(*Item[S, A])) error {
	add := func(it Item[S, A], more bool) {
		if more {
			arrive(&it)
			w.add(it)
		} else {
			items = nil // the source has ended
		}
	}
	for items != nil || len(w.groups) > 0 {
		// An item that has already arrived may complete a batch, and taking it costs no time.
		next, full := w.next()
		if !full && items != nil {
			select {
			case it, more := <-items:
				add(it, more)
				continue
			default:
			}
		}
		var (
			free  chan<- []Item[S, A] // nil while there is nothing to send
			batch []Item[S, A]
		)
		if len(w.groups) > 0 {
			free, batch = work, w.groups[next].items
		}
		select {
		case it, more := <-items:
			add(it, more)
		case free <- batch:
			w.groups = slices.Delete(w.groups, next, next+1)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// waiting holds the batches that wait for a worker, the oldest first.
type waiting[S, A any, K comparable] struct {
	size   int
	key    func(A) K
	groups []*group[S, A, K]
}

type group[S, A any, K comparable] struct {
	key    K
	failed bool
	items  []Item[S, A]
}

// add puts an item into a batch with room. An item that already failed is a batch of its own.
func (w *waiting[S, A, K]) add(it Item[S, A]) {
	if it.Err != nil {
		w.groups = append(w.groups, &group[S, A, K]{failed: true, items: []Item[S, A]{it}})
		return
	}
	k := w.key(it.Value)
	for _, g := range w.groups {
		if !g.failed && g.key == k && len(g.items) < w.size {
			g.items = append(g.items, it)
			return
		}
	}
	w.groups = append(w.groups, &group[S, A, K]{key: k, items: []Item[S, A]{it}})
}

// next is the index of the batch that goes out next: the first full one, else the oldest.
func (w *waiting[S, A, K]) next() (index int, full bool) {
	full = true
	index = slices.IndexFunc(w.groups, func(g *group[S, A, K]) bool { return g.failed || len(g.items) == w.size })
	if index < 0 {
		index, full = 0, false
	}
	return index, full
}

// solve calls f with a batch and, if that fails, with its halves. It returns
// a value or an error for each item.
func solve[S, A, B any](ctx context.Context, batch []Item[S, A], f func(context.Context, []A) ([]B, error)) ([]B, []error) {
	errs := make([]error, len(batch))
	if batch[0].Err != nil {
		return make([]B, len(batch)), errs
	}
	in := make([]A, len(batch))
	for i, it := range batch {
		in[i] = it.Value
	}
	values, err := f(ctx, in)
	each, isEach := err.(Errors)
	if (err == nil || isEach) && len(values) != len(batch) || isEach && len(each) != len(batch) {
		err = fmt.Errorf("%d results for %d items", len(values), len(batch))
	}
	if isEach {
		errs = each
	}
	if err == nil || isEach {
		return values, errs
	}
	if len(batch) == 1 || ctx.Err() != nil {
		for i := range errs {
			errs[i] = err
		}
		return make([]B, len(batch)), errs
	}
	half := len(batch) / 2
	lowValues, lowErrs := solve(ctx, batch[:half], f)
	highValues, highErrs := solve(ctx, batch[half:], f)
	return slices.Concat(lowValues, highValues), slices.Concat(lowErrs, highErrs)
}
