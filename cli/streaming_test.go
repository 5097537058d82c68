package cli_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A camera may take its time, and whoever watches sees each frame at once.
func TestFrameLeavesBeforeTheNextComes(t *testing.T) {
	dir := t.TempDir()
	photoIn(t, dir, "a.jpg", 100, 80)
	frame, err := os.ReadFile(filepath.Join(dir, "a.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, dir, "-o", "", "--frames", "--batch", "8", "--jobs", "4")
	for range 3 {
		if _, err := r.paths.Write(frame); err != nil {
			t.Fatal(err)
		}
		if _, err := jpeg.Decode(r.lines); err != nil {
			t.Fatalf("%v: %s", err, r.stderr)
		}
	}
	r.Process.Signal(syscall.SIGINT) // while the stream is open
	if code := r.exitCode(t); code != 130 || !strings.Contains(r.stderr.String(), "gtx: 3 translated, the rest of standard input not read in") {
		t.Errorf("exit code %d: %s", code, r.stderr)
	}
}

// tarOf writes n samples of an image and a text.
func tarOf(t *testing.T, w io.Writer, n, width, height int) *tar.Writer {
	t.Helper()
	dir := t.TempDir()
	photoIn(t, dir, "a.jpg", width, height)
	photo, err := os.ReadFile(filepath.Join(dir, "a.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	out := tar.NewWriter(w)
	for i := range n {
		for _, f := range []struct {
			ext  string
			data []byte
		}{{"jpg", photo}, {"txt", []byte("about it")}} {
			err := out.WriteHeader(&tar.Header{Name: fmt.Sprintf("%04d.%s", i, f.ext), Size: int64(len(f.data)), Mode: 0o644})
			if err == nil {
				_, err = out.Write(f.data)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// A sample is complete when the next begins. Then it leaves.
func TestSampleLeavesWhenTheNextBegins(t *testing.T) {
	r := start(t, t.TempDir(), "-o", "", "--tar", "--batch", "8", "--jobs", "4")
	out := tarOf(t, r.paths, 3, 100, 80)
	in := tar.NewReader(r.lines)
	for _, want := range []string{"0000.jpg", "0000.gtx.json", "0000.txt", "0001.jpg", "0001.gtx.json", "0001.txt"} {
		if h, err := in.Next(); err != nil || h.Name != want {
			t.Fatalf("%v, %v, not %s", h, err, want)
		}
	}
	out.Close()
	r.paths.Close()
	if code := r.exitCode(t); code != 0 {
		t.Errorf("exit code %d: %s", code, r.stderr)
	}
}

// Readers notice that the tar on standard output is not complete, and the rest is not read.
func TestFirstSignalCutsTheTarOnStandardOutput(t *testing.T) {
	r := start(t, t.TempDir(), "-o", "", "--tar")
	tarOf(t, r.paths, 3, 100, 80)
	in := tar.NewReader(r.lines)
	if _, err := in.Next(); err != nil {
		t.Fatal(err)
	}
	r.Process.Signal(syscall.SIGTERM)
	var err error
	for err == nil {
		if _, err = in.Next(); err == nil {
			_, err = io.Copy(io.Discard, in)
		}
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("readers see %v", err)
	}
	if code := r.exitCode(t); code != 143 {
		t.Errorf("exit code %d: %s", code, r.stderr)
	}
}

// A tar in a folder is complete or not there, whether gtx is asked to stop or killed.
func TestTarsAreCompleteOrNotThere(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	if err := tarOf(t, &b, 300, 640, 480).Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.tar", "b.tar"} {
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, 130}, {syscall.SIGKILL, -1}} {
		r := start(t, dir, "--tar", "--report", "r.jsonl", "a.tar", "b.tar")
		for entries := 0; entries == 0; time.Sleep(10 * time.Millisecond) {
			list, _ := filepath.Glob(filepath.Join(dir, "out", ".gtx-*"))
			entries = len(list)
		}
		r.Process.Signal(s.signal)
		if code := r.exitCode(t); code != s.code {
			t.Errorf("exit code %d: %s", code, r.stderr)
		}
		if list, _ := filepath.Glob(filepath.Join(dir, "out", "*.tar")); len(list) > 0 {
			t.Errorf("%v: %q is there", s.signal, list)
		}
		report, _ := os.ReadFile(filepath.Join(dir, "r.jsonl"))
		if s.code > 0 && (!bytes.Contains(report, []byte(`{"in":"a.tar","status":"unreached"`)) || !bytes.Contains(report, []byte(`{"in":"b.tar","status":"unreached"`))) {
			t.Errorf("the report lacks the tars: %s", report)
		}
	}
	r := start(t, dir, "--tar", "a.tar")
	if code := r.exitCode(t); code != 0 {
		t.Errorf("exit code %d: %s", code, r.stderr)
	}
	if list, _ := os.ReadDir(filepath.Join(dir, "out")); len(list) != 1 || list[0].Name() != "a.tar" {
		t.Errorf("left: %v", list)
	}
}
