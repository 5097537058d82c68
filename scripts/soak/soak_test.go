package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gtx/scripts/soak/watch"
)

func TestMain(m *testing.M) {
	watch.Child()
	os.Exit(m.Run())
}

// program builds gtx and returns its path and the one of the ONNX Runtime library.
func program(t *testing.T) (gtx, library string) {
	t.Helper()
	library = os.Getenv("GTX_ONNXRUNTIME")
	if library == "" {
		library = "../../build/lib/libonnxruntime.so.1"
	}
	gtx = filepath.Join(t.TempDir(), "gtx")
	if out, err := exec.Command("go", "build", "-o", gtx, "gtx").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return gtx, library
}

// A short form of each trial. make soak runs them whole.
func TestTrials(t *testing.T) {
	const seed = 1
	gtx, library := program(t)
	s, err := newSoak(gtx, library, "../../testdata/models/identity.onnx", "../../stages/container/testdata", seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(s.scratch) })
	s.short, s.log = true, t.Output()
	for _, one := range trials {
		t.Run(one.name, func(t *testing.T) {
			r := s.do(one)
			if r.Skipped != "" {
				t.Skip(r.Skipped)
			}
			if len(r.Findings) > 0 {
				t.Errorf("%d of %d attempts broke the promise that %s", len(r.Findings), r.Attempts, one.promise)
			}
		})
	}
}

func TestPageNamesEveryTrial(t *testing.T) {
	page, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range trials {
		if !strings.Contains(string(page), "`"+one.name+"`") {
			t.Errorf("docs/reliability.md lacks %s", one.name)
		}
	}
}

// The whole program rests on this: a call that the harness fails is not carried out, and calls are counted once.
func TestWatchFailsTheCallThatItNames(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("sh", "-c", "echo one >a; echo two >b; echo three >c; cat a c")
	cmd.Dir = dir
	var out strings.Builder
	cmd.Stdout = &out
	var calls []string
	r, err := watch.Start(cmd, dir, func(c watch.Call) (v watch.Verdict) {
		calls = append(calls, string(c.Kind)+" "+c.Path)
		if c.Kind == watch.Create && c.Path == "b" {
			v.Errno = syscall.ENOSPC
		}
		return v
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := r.Wait()
	if err != nil || n != len(calls) || out.String() != "one\nthree\n" {
		t.Errorf("%v, %d calls, output %q", err, n, out.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "b")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("b is there: %v", err)
	}
	for _, call := range []string{"create a", "close a", "create b", "create c", "open a", "read c"} {
		if !slices.Contains(calls, call) {
			t.Errorf("%s is missing in %q", call, calls)
		}
	}
}
