package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed preload/malloc.c
var mallocSource []byte

// compiled returns the path of the library that lets allocations fail.
func (s *soak) compiled() (string, error) {
	source, library := filepath.Join(s.scratch, "malloc.c"), filepath.Join(s.scratch, "malloc.so")
	if err := os.WriteFile(source, mallocSource, 0o666); err != nil {
		return "", err
	}
	out, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cc: %w: %s", err, out)
	}
	return library, nil
}

// allocations fails the first, second, ... allocation of the C libraries after they have got the first picture. GLib
// ends a program that gets no memory, so the run may end in any way, except with the exit code of a wrong command line.
func allocations(s *soak, r *result) error {
	library, err := s.compiled()
	if err != nil {
		r.Skipped = err.Error()
		return nil
	}
	w, err := s.newWorld(1, false)
	if err != nil {
		return err
	}
	marker := filepath.Join(s.scratch, "allocation-failed")
	step := 1
	if s.short {
		step = 1000
	}
	converged := map[string]bool{} // states of the world from which a run was seen to recover
	for n := 1 + s.random(0).IntN(step); ; n += step {
		if !s.wanted(n) && (s.attempt < 0 || n < s.attempt) {
			continue
		}
		if err := w.reset(); err != nil {
			return err
		}
		o, err := w.run(&disturbance{args: []string{"--jobs", "1"}, env: []string{
			"LD_PRELOAD=" + library, fmt.Sprintf("GTX_SOAK_MALLOC=%d", n), "GTX_SOAK_MALLOC_FAILED=" + marker,
		}})
		if err != nil {
			return err
		}
		if os.Remove(marker) != nil || s.attempt >= 0 && n > s.attempt {
			return nil
		}
		r.Figures["last"] = float64(n)
		died := o.crashed() || o.signalled || o.code > 4
		f := slices.DeleteFunc(w.check(o, died), func(f flaw) bool { return f.Kind == "crash" })
		if o.code == 2 {
			f.add("crash code", "%s", o)
		}
		if died {
			r.Figures["ended the program"]++
		}
		if state := w.state(); !converged[state] {
			converged[state] = true
			f = append(f, w.converge()...)
		}
		r.add(s, n, fmt.Sprintf("allocation %d fails: exit code %d", n, o.code), f)
	}
}

// state is equal for two states of the world if the same files are there and the same is recorded.
func (w *world) state() string {
	found, _ := w.results()
	records, whole, _ := w.records()
	for i := range records {
		records[i].Message = ""
	}
	for path, data := range found {
		if strings.HasPrefix(filepath.Base(path), ".") { // a temporary name
			delete(found, path)
			found[fmt.Sprintf(".temporary %d", len(data))] = data
		}
	}
	return fmt.Sprint(found, records, whole)
}
