package cli_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A running is a process of gtx that reads paths from a pipe.
type running struct {
	*exec.Cmd
	paths  io.WriteCloser
	lines  *bufio.Reader
	stderr *strings.Builder
}

// start runs gtx translate with a network that adds 40 to all samples.
func start(t *testing.T, dir string, args ...string) running {
	t.Helper()
	model, err := filepath.Abs("../testdata/models/shift.onnx")
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"translate", "--model", model, "--to", "winter", "-o", "out"}, args...)
	r := running{Cmd: exec.Command("gtx", args...), stderr: new(strings.Builder)}
	r.Dir, r.Stderr = dir, r.stderr
	r.Env = append(os.Environ(), "GTX_ONNXRUNTIME="+library(t))
	if r.paths, err = r.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.lines = bufio.NewReader(out)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Process.Kill() })
	return r
}

// next reads a line of standard output.
func (r running) next(t *testing.T) string {
	t.Helper()
	line, err := r.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("no line: %v; stderr: %s", err, r.stderr)
	}
	return strings.TrimSuffix(line, "\n")
}

// exitCode waits for the process to end.
func (r running) exitCode(t *testing.T) int {
	t.Helper()
	watchdog := time.AfterFunc(time.Minute, func() { r.Process.Kill() })
	defer watchdog.Stop()
	io.Copy(io.Discard, r.lines)
	err := r.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return r.ProcessState.ExitCode()
}

// noPartialFiles fails if a folder contains anything but complete images.
func noPartialFiles(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".jpg" || strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s was left behind", e.Name())
		}
		if info, err := e.Info(); err != nil || info.Size() < 1000 {
			t.Errorf("%s is not whole", e.Name())
		}
	}
}

func photoIn(t *testing.T, dir, name string, w, h int) {
	t.Helper()
	if err := writePhoto(filepath.Join(dir, name), w, h, 1); err != nil {
		t.Fatal(err)
	}
}
