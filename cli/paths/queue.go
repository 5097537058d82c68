package paths

import (
	"iter"
	"maps"
	"slices"
	"sync"

	"gtx/stages"
)

// A Queue gives the sources of a run to a line and remembers those that have not come out of it.
type Queue struct {
	in Inputs

	pulling sync.Mutex // held while the next source is taken, which may have to be waited for
	next    func() (stages.Source, bool)

	mu    sync.Mutex
	given int
	under map[int]stages.Source // given and not done, by number
	done  chan struct{}         // has an element if a source was done since the last wait
}

// Queue makes the queue of a run.
func (in Inputs) Queue() *Queue {
	next, _ := iter.Pull(in.all)
	return &Queue{in: in, next: next, under: map[int]stages.Source{}, done: make(chan struct{}, 1)}
}

// Sources yields the sources as long as the context of the inputs lasts. The first has number 0.
func (q *Queue) Sources(yield func(stages.Source) bool) {
	for more := true; more && q.in.ctx.Err() == nil; {
		var s stages.Source
		if s, more = q.pull(); more {
			more = q.in.ctx.Err() == nil && yield(s)
		}
	}
}

// pull takes the next source and remembers it.
func (q *Queue) pull() (s stages.Source, more bool) {
	q.pulling.Lock()
	defer q.pulling.Unlock()
	if s, more = q.next(); more {
		for s.Again && q.writes(s.Out) && q.in.ctx.Err() == nil {
			select {
			case <-q.done:
			case <-q.in.ctx.Done():
			}
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		q.under[q.given] = s
		q.given++
	}
	return s, more
}

// writes tells whether the result of a source under way goes to a path.
func (q *Queue) writes(out string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.under {
		if s.Out == out {
			return true
		}
	}
	return false
}

// Done says that the source with a number has come out of the line.
func (q *Queue) Done(number int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.under, number)
	select {
	case q.done <- struct{}{}:
	default:
	}
}

// Left yields the sources that are not done, in order: those under way, and those that the line has not taken.
// From a stream it yields only what has come.
func (q *Queue) Left(yield func(stages.Source) bool) {
	q.Stop()
	q.pulling.Lock()
	defer q.pulling.Unlock()
	q.mu.Lock()
	under := q.under
	q.under = map[int]stages.Source{}
	q.mu.Unlock()
	for _, number := range slices.Sorted(maps.Keys(under)) {
		if !yield(under[number]) {
			return
		}
	}
	for s, more := q.next(); more; s, more = q.next() {
		if !yield(s) {
			return
		}
	}
}

// Stop ends waiting for input.
func (q *Queue) Stop() {
	if q.in.stop != nil {
		q.in.stop()
	}
}

// Unread reports, after Left, whether a stream may hold more than what has come.
func (q *Queue) Unread() bool { return q.in.unread != nil && q.in.unread() }
