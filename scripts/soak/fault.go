package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"gtx/scripts/soak/watch"
)

// A fault is an error with which calls of a kind may fail.
type fault struct {
	kind  watch.Kind
	errno syscall.Errno
	short bool // belongs to the short form of the trial
}

var possible = []fault{
	{watch.Open, syscall.EMFILE, true},
	{watch.Open, syscall.EACCES, false},
	{watch.Open, syscall.EINTR, false},
	{watch.Open, syscall.ESTALE, false},
	{watch.Create, syscall.ENOSPC, true},
	{watch.Create, syscall.EMFILE, false},
	{watch.Read, syscall.EIO, true},
	{watch.Read, syscall.EINTR, false},
	{watch.Write, syscall.ENOSPC, true},
	{watch.Write, syscall.EIO, false},
	{watch.Write, syscall.EINTR, false},
	{watch.Write, syscall.EDQUOT, false},
	{watch.Sync, syscall.EIO, true},
	{watch.Sync, syscall.EINTR, false},
	{watch.Close, syscall.EIO, true},
	{watch.Map, syscall.ENOMEM, true},
	{watch.Truncate, syscall.EIO, false},
	{watch.Mode, syscall.EPERM, true},
	{watch.Stat, syscall.EIO, true},
	{watch.Stat, syscall.EACCES, false},
	{watch.List, syscall.EIO, true},
	{watch.Lock, syscall.EIO, false},
	{watch.Rename, syscall.EIO, true},
	{watch.Rename, syscall.ENOSPC, false},
	{watch.Remove, syscall.EIO, true},
	{watch.Folder, syscall.ENOSPC, true},
}

// faults fails the first, second, ... call of each kind, until a run has no such call.
func faults(s *soak, r *result) error {
	number, images := 0, 3 // a JPEG, a PNG and a GIF, which is decoded in a process of its own
	if s.short {
		images = 2
	}
	for _, beside := range []bool{false, true} {
		w, err := s.newWorld(images, beside)
		if err != nil {
			return err
		}
		for _, one := range possible {
			if s.short && (!one.short || beside) {
				continue
			}
			for n, met := 1, true; met; n++ {
				number++
				if met, err = w.fault(r, one, n, number); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fault fails the n-th call of a kind. It reports whether there was one.
func (w *world) fault(r *result, one fault, n, number int) (met bool, err error) {
	if err := w.reset(); err != nil {
		return false, err
	}
	var at watch.Call
	seen := 0
	o, err := w.run(&disturbance{args: []string{"--jobs", "1"}, decide: func(c watch.Call) (v watch.Verdict) {
		if c.Kind != one.kind {
			return v
		}
		if seen++; seen == n {
			at, v.Errno = c, one.errno
		}
		return v
	}})
	if err != nil || seen < n {
		return false, err
	}
	if !w.wanted(number) {
		return true, nil
	}
	info, err := os.Stat(filepath.Join(w.dir, at.Path))
	folder := err == nil && info.IsDir()
	f := slices.DeleteFunc(w.check(o, false), func(f flaw) bool {
		switch f.Kind {
		case "temporary": // it could not be removed
			return one.kind == watch.Remove
		case "failed but there", "file without record": // it is there, but a power loss might undo that
			return folder && (one.kind == watch.Open || one.kind == watch.Sync)
		}
		return false
	})
	what := fmt.Sprintf("%s %d fails with %q, of %s", one.kind, n, one.errno, at.Path)
	r.add(w.soak, number, what, append(f, w.converge()...))
	return true, nil
}
