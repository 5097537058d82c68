package main

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"gtx/scripts/soak/watch"
)

// endings are the signals that end a run in order.
var endings = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

// stops sends a signal, or two, at random moments.
func stops(s *soak, r *result) error {
	attempts, images := 120, 40
	if s.short {
		attempts, images = 9, 20
	}
	w, err := s.newWorld(images, false)
	if err != nil {
		return err
	}
	for i := range attempts {
		if !s.wanted(i) {
			continue
		}
		random := s.random(i)
		sent := endings[i%len(endings)]
		after := time.Duration(random.Int64N(int64(w.took)))
		between := time.Duration(random.Int64N(int64(20 * time.Millisecond)))
		twice := random.IntN(2) == 1
		f, err := w.stop(sent, twice, &disturbance{during: func(p *os.Process, _ string) {
			time.Sleep(after)
			p.Signal(sent)
			if twice {
				time.Sleep(between)
				p.Signal(sent)
			}
		}})
		if err != nil {
			return err
		}
		r.add(s, i, fmt.Sprintf("%v after %v, twice: %v (%v apart)", sent, after, twice, between), f)
	}
	return nil
}

// stopsAtCalls sends a signal, or two, before the first, second, ... call on a file.
func stopsAtCalls(s *soak, r *result) error {
	w, err := s.newWorld(3, false)
	if err != nil {
		return err
	}
	calls := 0
	if o, err := w.run(&disturbance{decide: func(watch.Call) (v watch.Verdict) { return v }}); err != nil {
		return err
	} else if calls = o.calls; calls == 0 {
		return fmt.Errorf("no calls were seen")
	}
	step := 1
	if s.short {
		step = 12
	}
	for n := 1 + s.random(0).IntN(step); n <= calls; n += step {
		if !s.wanted(n) {
			continue
		}
		sent, twice := endings[n%len(endings)], n/len(endings)%2 == 1
		f, err := w.stop(sent, twice, &disturbance{decide: func(c watch.Call) (v watch.Verdict) {
			if c.N == n || twice && c.N == n+1 {
				v.Signal = sent
			}
			return v
		}})
		if err != nil {
			return err
		}
		r.add(s, n, fmt.Sprintf("%v before call %d, twice: %v", sent, n, twice), f)
	}
	return nil
}

// stop runs gtx with a disturbance that sends it a signal once or twice, and once more without.
func (w *world) stop(sent syscall.Signal, twice bool, d *disturbance) (flaws, error) {
	if err := w.reset(); err != nil {
		return nil, err
	}
	o, err := w.run(d)
	if err != nil {
		return nil, err
	}
	f := w.check(o, twice || o.signalled)
	if o.code != 0 && o.code != 128+int(sent) {
		f.add("exit code", "%d after %v", o.code, sent)
	}
	return append(f, w.converge()...), nil
}
