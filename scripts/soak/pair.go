package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// pairs runs two processes over one tree at once, with a report each or with one for both. Every third
// time, one of them is killed.
func pairs(s *soak, r *result) error {
	attempts, images := 60, 60
	if s.short {
		attempts, images = 6, 20
	}
	for i := range attempts {
		if !s.wanted(i) {
			continue
		}
		w, err := s.newWorld(images, i%2 == 1)
		if err != nil {
			return err
		}
		random := s.random(i)
		shared, killed := i/2%3 == 1, i%3 == 2
		behind := time.Duration(random.Int64N(int64(60 * time.Millisecond)))
		after := time.Duration(random.Int64N(int64(200 * time.Millisecond)))
		first, second := &disturbance{}, &disturbance{}
		if !shared {
			second.args = []string{"--report", filepath.Join(s.scratch, fmt.Sprintf("second-%d.jsonl", i))}
		}
		if killed {
			first.during = func(p *os.Process, _ string) {
				time.Sleep(after)
				p.Signal(syscall.SIGKILL)
			}
		}
		f, err := w.pair(first, second, behind, shared)
		if err != nil {
			return err
		}
		r.add(s, i, fmt.Sprintf("one report: %v, first killed: %v (after %v), second starts after %v", shared, killed, after, behind), f)
		if err := os.RemoveAll(w.dir); err != nil {
			return err
		}
	}
	return nil
}

// pair runs gtx twice at once.
func (w *world) pair(first, second *disturbance, behind time.Duration, shared bool) (f flaws, err error) {
	var (
		together sync.WaitGroup
		outcomes [2]outcome
		errs     [2]error
	)
	others := *w.soak // each counts for itself
	other := *w
	other.soak = &others
	together.Go(func() { outcomes[0], errs[0] = w.run(first) })
	together.Go(func() {
		time.Sleep(behind)
		outcomes[1], errs[1] = other.run(second)
	})
	together.Wait()
	for i, o := range outcomes {
		if errs[i] != nil {
			return nil, errs[i]
		}
		f = append(f, w.check(o, true)...)
		busy := o.code == 3 && shared && strings.Contains(o.stderr, "another run is writing to it")
		if o.code != 0 && !busy && !(o.signalled && first.during != nil && i == 0) {
			f.add("exit code", "process %d: %s", i+1, o)
		}
	}
	w.cpu += others.cpu - w.cpu
	return append(f, w.converge()...), nil
}
