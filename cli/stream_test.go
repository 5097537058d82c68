package cli_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

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

// The first signal ends reading, although the pipe stays open.
func TestFirstSignalDrains(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(sig) { // by nohup, and then by gtx as well
			continue
		}
		dir := t.TempDir()
		const sent = 2000 // far more than can be done before the signal comes
		var names strings.Builder
		photoIn(t, dir, "0.jpg", 80, 80)
		for i := range sent {
			fmt.Fprintf(&names, "%d.jpg\n", i)
			if i > 0 {
				if err := os.Link(filepath.Join(dir, "0.jpg"), filepath.Join(dir, fmt.Sprintf("%d.jpg", i))); err != nil {
					t.Fatal(err)
				}
			}
		}
		r := start(t, dir)
		io.WriteString(r.paths, names.String()) // a pipe holds them all
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
