package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"gtx/scripts/soak/watch"
)

// random is the source of an attempt's randomness.
func (s *soak) random(attempt int) *rand.Rand { return rand.New(rand.NewPCG(s.seed, uint64(attempt))) }

// kills kills runs at random moments, up to five times before one may end.
func kills(s *soak, r *result) error {
	attempts, images := 150, 60
	if s.short {
		attempts, images = 6, 30
	}
	w, err := s.newWorld(images, false)
	if err != nil {
		return err
	}
	killed := 0
	for i := range attempts {
		if !s.wanted(i) {
			continue
		}
		random := s.random(i)
		var f flaws
		if err := w.reset(); err != nil {
			return err
		}
		for range 1 + random.IntN(5) {
			after := time.Duration(random.Int64N(int64(w.took)))
			o, err := w.run(&disturbance{during: func(p *os.Process, _ string) {
				time.Sleep(after)
				p.Signal(syscall.SIGKILL)
			}})
			if err != nil {
				return err
			}
			if o.signalled {
				killed++
			}
			f = append(f, w.check(o, true)...) // the report continues earlier runs
		}
		r.add(s, i, fmt.Sprintf("attempt %d", i), append(f, w.converge()...))
	}
	r.Figures["kills"] = float64(killed)
	return nil
}

// killsAtCalls kills runs before their first, second, ... call on a file.
func killsAtCalls(s *soak, r *result) error {
	for _, beside := range []bool{false, true} {
		w, err := s.newWorld(3, beside)
		if err != nil {
			return err
		}
		step := 1
		if s.short {
			step = 7
		}
		for n := 1 + s.random(0).IntN(step); ; n += step {
			if err := w.reset(); err != nil {
				return err
			}
			var last watch.Call
			o, err := w.run(&disturbance{args: []string{"--jobs", "1"}, decide: func(c watch.Call) (v watch.Verdict) {
				if c.N == n {
					last, v.Signal = c, syscall.SIGKILL
				}
				return v
			}})
			if err != nil {
				return err
			}
			f := append(w.check(o, o.signalled), w.converge()...)
			r.add(s, n, fmt.Sprintf("killed before call %d, %s of %s", n, last.Kind, last.Path), f)
			if !o.signalled {
				break
			}
		}
	}
	return nil
}
