package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Batching says how items are gathered.
type Batching[A any, K comparable] struct {
	Size    int       // most items in one batch
	Workers int       // batches under way at once
	Key     func(A) K // items share a batch only if their keys are equal
}

// Batch adds a stage that calls f with several items at once; f returns one
// result an item, in the same order. A batch goes out when it is full, and at
// once when a worker is free and anything waits: there are no timers, and
// nothing waits for stragglers. While all workers are busy items gather, so the
// batches grow just as the load does.
//
// When f fails, the batch is halved and tried again until the items at fault
// stand alone: the others succeed.
func Batch[S, A, B any, K comparable](in *Flow[S, A], stage string, o Batching[A, K], f func(context.Context, []A) ([]B, error)) *Flow[S, B] {
	line := in.line
	out := newFlow[S, B](line)
	// work is unbuffered: a send succeeds just when a worker is free.
	work := make(chan []Item[S, A])
	line.group.Go(func() error {
		defer close(work)
		return gather(line.ctx, in.items, work, max(o.Size, 1), o.Key)
	})
	line.pool(o.Workers, func() { close(out.items) }, func() error {
		for batch := range work {
			start := time.Now()
			values, errs := solve(line.ctx, batch, f)
			took := time.Since(start)
			for i, it := range batch {
				if err := out.send(advance(it, stage, took, values[i], errs[i])); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out
}

// gather forms batches of equal keys from items and hands them to work. An item
// that already failed is a batch of its own.
func gather[S, A any, K comparable](ctx context.Context, items <-chan Item[S, A], work chan<- []Item[S, A], size int, key func(A) K) error {
	type group struct {
		key    K
		failed bool
		items  []Item[S, A]
	}
	var waiting []*group // oldest first
	add := func(it Item[S, A]) {
		if it.Err != nil {
			waiting = append(waiting, &group{failed: true, items: []Item[S, A]{it}})
			return
		}
		k := key(it.Value)
		for _, g := range waiting {
			if !g.failed && g.key == k && len(g.items) < size {
				g.items = append(g.items, it)
				return
			}
		}
		waiting = append(waiting, &group{key: k, items: []Item[S, A]{it}})
	}
	take := func(it Item[S, A], ok bool) {
		if ok {
			add(it)
		} else {
			items = nil // all have come
		}
	}
	full := func(g *group) bool { return g.failed || len(g.items) == size }

	for items != nil || len(waiting) > 0 {
		// What is at hand joins first: it costs no waiting.
		first := slices.IndexFunc(waiting, full)
		if first < 0 && items != nil {
			select {
			case it, ok := <-items:
				take(it, ok)
				continue
			default:
			}
		}
		// Then a full batch, or else the oldest, goes to the first free worker.
		var (
			free  chan<- []Item[S, A]
			batch []Item[S, A]
		)
		if len(waiting) > 0 {
			first = max(first, 0)
			free, batch = work, waiting[first].items
		}
		select {
		case it, ok := <-items:
			take(it, ok)
		case free <- batch:
			waiting = slices.Delete(waiting, first, first+1)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// solve calls f with a batch and, where that fails, with its halves. It returns
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
	if err == nil && len(values) != len(batch) {
		err = fmt.Errorf("%d results for %d items", len(values), len(batch))
	}
	if err == nil {
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
