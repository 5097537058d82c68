package cli_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A running is gtx as its own process, reading paths from a pipe.
type running struct {
	*exec.Cmd
	paths  io.WriteCloser
	lines  *bufio.Reader
	stderr *strings.Builder
}

// start runs gtx translate to winter with a fixture that adds 40 to all samples.
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

// exitCode waits for the end.
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

// noPartialFiles fails if anything but finished pictures is in the folder.
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

func TestStreamedImageLeavesBeforeTheNextComes(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, "--batch", "8", "--jobs", "4")
	for i := range 3 {
		name := fmt.Sprintf("%d.jpg", i)
		photoIn(t, dir, name, 100, 80)
		fmt.Fprintln(r.paths, name)
		if got := r.next(t); got != "out/"+name {
			t.Errorf("got %q", got)
		}
		if _, err := os.Stat(filepath.Join(dir, "out", name)); err != nil {
			t.Error(err)
		}
	}
	r.paths.Close()
	if code := r.exitCode(t); code != 0 {
		t.Errorf("exit code %d: %s", code, r.stderr)
	}
}

func TestStreamedCollisionIsTheLaterItemsFault(t *testing.T) {
	dir := t.TempDir()
	photoIn(t, dir, "a.jpg", 80, 80)
	r := start(t, dir)
	fmt.Fprintln(r.paths, "a.jpg")
	fmt.Fprintln(r.paths, "./a.jpg")
	r.paths.Close()
	if got := r.next(t); got != "out/a.jpg" {
		t.Errorf("got %q", got)
	}
	if code := r.exitCode(t); code != 1 || !strings.Contains(r.stderr.String(), `"a.jpg" and "./a.jpg" would both be written to "out/a.jpg"`) {
		t.Errorf("exit code %d: %s", code, r.stderr)
	}
}

// The first signal ends the reading, although the pipe stays open.
func TestFirstSignalDrains(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		dir := t.TempDir()
		const sent = 300 // far more than are worked on at once
		r := start(t, dir)
		for i := range sent {
			name := fmt.Sprintf("%d.jpg", i)
			photoIn(t, dir, name, 80, 80)
			fmt.Fprintln(r.paths, name)
		}
		r.next(t)
		r.Process.Signal(sig)
		code := r.exitCode(t)
		if done, _ := os.ReadDir(filepath.Join(dir, "out")); len(done) == sent {
			t.Error("all was read after the signal")
		}
		if code != 128+int(sig) {
			t.Errorf("exit code %d: %s", code, r.stderr)
		}
		if !strings.Contains(r.stderr.String(), "finishing what is under way") {
			t.Errorf("stderr: %s", r.stderr)
		}
		noPartialFiles(t, filepath.Join(dir, "out"))
	}
}

func TestSecondSignalAborts(t *testing.T) {
	dir := t.TempDir()
	photoIn(t, dir, "a.jpg", 80, 80)
	photoIn(t, dir, "large.jpg", 1600, 1200)
	r := start(t, dir, "--name", "{stem}-{to}{ext}")
	fmt.Fprintln(r.paths, "a.jpg")
	r.next(t)
	go func() { // far more than can be done before the signals come
		for i := range 500 {
			name := fmt.Sprintf("%d.jpg", i)
			if os.Link(filepath.Join(dir, "large.jpg"), filepath.Join(dir, name)) != nil {
				return
			}
			if _, err := fmt.Fprintln(r.paths, name); err != nil {
				return
			}
		}
	}()
	r.next(t)
	start := time.Now()
	r.Process.Signal(syscall.SIGINT)
	time.Sleep(10 * time.Millisecond)
	r.Process.Signal(syscall.SIGINT)
	if code := r.exitCode(t); code != 130 {
		t.Errorf("exit code %d: %s", code, r.stderr)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("stopping took %v", took)
	}
	noPartialFiles(t, filepath.Join(dir, "out"))
}

func TestClosedOutputEndsTheRunCleanly(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		photoIn(t, dir, fmt.Sprintf("%02d.jpg", i), 80, 80)
	}
	cmd := exec.Command("sh", "-c", `model=$1; ls *.jpg | { gtx translate --model "$model" --to winter -o out; echo $? >code; } | head -1`, "sh")
	model, _ := filepath.Abs("../testdata/models/shift.onnx")
	cmd.Args = append(cmd.Args, model)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GTX_ONNXRUNTIME="+library(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	code, err := os.ReadFile(filepath.Join(dir, "code"))
	if err != nil || strings.TrimSpace(string(code)) != "141" {
		t.Errorf("exit code %q, error %v", code, err)
	}
	noPartialFiles(t, filepath.Join(dir, "out"))
}
