package pipeline

import (
	"context"
	"sync"
	"time"
)

// Each adds a stage that calls f for every item, in up to workers goroutines at
// once. Items that have already failed bypass it.
func Each[S, A, B any](in *Flow[S, A], stage string, workers int, f func(context.Context, A) (B, error)) *Flow[S, B] {
	out := newFlow[S, B](in.line)
	in.line.pool(workers, func() { close(out.items) }, func() error {
		for it := range in.items {
			var (
				value B
				err   error
				start = time.Now()
			)
			if it.Err == nil {
				value, err = f(in.line.ctx, it.Value)
			}
			if err := out.send(advance(it, Span{stage, time.Since(start), 1}, value, err)); err != nil {
				return err
			}
		}
		return nil
	})
	return out
}

// pool runs work in n goroutines of the line, and calls done when all have ended.
func (l *Line) pool(n int, done func(), work func() error) {
	var open sync.WaitGroup
	for range max(n, 1) {
		open.Add(1)
		l.group.Go(func() error {
			defer open.Done()
			return work()
		})
	}
	l.group.Go(func() error {
		open.Wait()
		done()
		return nil
	})
}
