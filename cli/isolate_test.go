package cli_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// slowTIFF is a grey image of so many million pixels that takes long to decode: each strip is the same deflated zeros.
func slowTIFF(t *testing.T, megapixels int) []byte {
	t.Helper()
	const width, rows = 10_000, 100
	var strip bytes.Buffer
	z := zlib.NewWriter(&strip)
	if _, err := z.Write(make([]byte, width*rows)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	file := append([]byte("II*\x00\x00\x00\x00\x00"), strip.Bytes()...)
	offsets := len(file)
	for range megapixels {
		file = le.AppendUint32(file, 8)
	}
	sizes := len(file)
	for range megapixels {
		file = le.AppendUint32(file, uint32(strip.Len()))
	}
	le.PutUint32(file[4:], uint32(len(file)))
	entries := [][4]uint32{
		{256, 4, 1, width}, {257, 4, 1, uint32(rows * megapixels)}, {258, 3, 1, 8}, {259, 3, 1, 8}, {262, 3, 1, 1},
		{273, 4, uint32(megapixels), uint32(offsets)}, {277, 3, 1, 1}, {278, 4, 1, rows}, {279, 4, uint32(megapixels), uint32(sizes)},
	}
	file = le.AppendUint16(file, uint16(len(entries)))
	for _, e := range entries {
		file = le.AppendUint16(le.AppendUint16(file, uint16(e[0])), uint16(e[1]))
		file = le.AppendUint32(le.AppendUint32(file, e[2]), e[3])
	}
	return le.AppendUint32(file, 0)
}

// decodersOf are the processes that a running gtx has started.
func decodersOf(t *testing.T, r running) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", r.Process.Pid))
	if err != nil || len(lists) == 0 {
		t.Skip("the kernel does not tell children")
	}
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for field := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// decoderAtWork waits for a decoder that has mapped a file.
func decoderAtWork(t *testing.T, r running) int {
	t.Helper()
	for range 6000 {
		for _, pid := range decodersOf(t, r) {
			maps, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
			if bytes.Contains(maps, []byte("memfd:gtx-file")) {
				return pid
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("no decoder is at work: %s", r.stderr)
	return 0
}

func TestCrashOfADecoderCostsOneImage(t *testing.T) {
	dir := t.TempDir()
	photoIn(t, dir, "a.jpg", 80, 60)
	photoIn(t, dir, "c.jpg", 80, 60)
	for _, name := range []string{"b.tif", "d.tif"} {
		if err := os.WriteFile(filepath.Join(dir, name), slowTIFF(t, 900), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, dir, "--jobs", "1", "--max-pixels", "1000", "--format", "jpg", "--size", "model", "--report", "r.jsonl")
	fmt.Fprintln(r.paths, "a.jpg\nb.tif\nc.jpg\nd.tif")
	if got := r.next(t); got != "out/a.jpg" {
		t.Errorf("%s comes first", got)
	}
	syscall.Kill(decoderAtWork(t, r), syscall.SIGSEGV)
	if got := r.next(t); got != "out/c.jpg" {
		t.Errorf("%s comes next", got)
	}
	pid := decoderAtWork(t, r)
	r.paths.Close()
	r.Process.Signal(syscall.SIGINT)
	time.Sleep(10 * time.Millisecond)
	r.Process.Signal(syscall.SIGINT)
	if code := r.exitCode(t); code != 130 {
		t.Errorf("exit code %d: %s", code, r.stderr)
	}
	if want := "gtx: \"b.tif\": the decoder crashed on it (SIGSEGV)\n"; !strings.Contains(r.stderr.String(), want) {
		t.Errorf("stderr: %s", r.stderr)
	}
	report, err := os.ReadFile(filepath.Join(dir, "r.jsonl"))
	if err != nil || strings.Count(string(report), "(SIGSEGV)") != 1 {
		t.Errorf("report: %s %v", report, err)
	}
	gone(t, pid)
}

// gone fails if a process still runs.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 200 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d lives on", pid)
}

func TestDecodersDieWithTheProgram(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "b.tif"), slowTIFF(t, 900), 0o666); err != nil {
		t.Fatal(err)
	}
	r := start(t, dir, "--max-pixels", "1000", "--format", "jpg")
	fmt.Fprintln(r.paths, "b.tif")
	pid := decoderAtWork(t, r)
	r.Process.Kill()
	r.exitCode(t)
	gone(t, pid)
}
