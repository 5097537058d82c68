package worker

import (
	"context"
	"errors"
	"sync"
	"syscall"
)

// A Pool is a set of workers. Its methods may be called from many goroutines at once.
type Pool struct {
	free chan struct{} // a place for each worker that may run

	mu     sync.Mutex
	idle   []*process
	closed bool
}

// New makes a pool of at most the given number of workers, 1 or more. It starts none.
func New(most int) *Pool { return &Pool{free: make(chan struct{}, max(1, most))} }

const (
	// lostMost is how often Decode tries again because a worker died before it saw the image.
	lostMost = 3
	// served is the number of images after which a worker is replaced, because libraries leak.
	served = 1000
)

// Decode has a worker decode an image. It waits if all are busy. When ctx ends, so does the worker. The error is one
// of this package's, a *Death or the cause of ctx, or says why no worker could be started. Close the picture when it is
// no longer used.
func (p *Pool) Decode(ctx context.Context, r Request) (*Picture, error) {
	select {
	case p.free <- struct{}{}:
		defer func() { <-p.free }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	for lost := 0; ; lost++ {
		w, err := p.take()
		if err != nil {
			if d := (*Death)(nil); lost < lostMost && errors.As(err, &d) && d.Signal == syscall.SIGKILL {
				continue // no image was there yet, so another program killed it
			}
			return nil, err
		}
		picture, err := w.decode(ctx, r)
		if w.alive {
			p.putBack(w)
		}
		if err == nil || w.began || lost == lostMost || ctx.Err() != nil {
			return picture, err
		}
	}
}

// take returns an idle worker, or starts one.
func (p *Pool) take() (*process, error) {
	p.mu.Lock()
	if last := len(p.idle) - 1; last >= 0 {
		defer p.mu.Unlock()
		w := p.idle[last]
		p.idle = p.idle[:last]
		return w, nil
	}
	p.mu.Unlock()
	return start()
}

// putBack keeps a worker for the next image.
func (p *Pool) putBack(w *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.served++; p.closed || w.served >= served {
		w.end()
		return
	}
	p.idle = append(p.idle, w)
}

// Close ends all workers. Busy ones end when they are done. All end with the program in any case.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.idle {
		w.end()
	}
	p.idle, p.closed = nil, true
}
