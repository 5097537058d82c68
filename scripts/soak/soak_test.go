package main

import (
	"os"
	"os/exec"
	"path/filepath"
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
