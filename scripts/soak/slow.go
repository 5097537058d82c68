package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// A slowWork is something that takes gtx long, or for ever.
type slowWork struct {
	name  string
	args  []string
	busy  bool                                          // it computes; else it waits
	input func(dir string) (*os.File, io.Closer, error) // standard input, and what keeps it open; nil for none
	mute  bool                                          // nobody reads standard output
	quick bool                                          // part of the short form
}

const (
	slowSmall = "small.png" // 64 × 64
	slowLarge = "large.png" // 16,000 × 16,000
	slowSide  = "16000x16000"
)

var slowWorks = []slowWork{
	{busy: true, name: "coding a PNG of 16,000²", args: []string{"-o", "out", "--format", "png", "--size", slowSide, slowSmall}, quick: true},
	{busy: true, name: "coding a WebP of 16,000²", args: []string{"-o", "out", "--format", "webp", "--size", slowSide, slowSmall}},
	{busy: true, name: "coding an AVIF of 6,000²", args: []string{"-o", "out", "--format", "avif", "--size", "6000x6000", slowSmall}},
	{busy: true, name: "decoding a PNG of 16,000²", args: []string{"-o", "out", "--max-pixels", "0", slowLarge}},
	{busy: true, name: "decoding it in another process", args: []string{"-o", "out", "--max-pixels", "0", "--isolate", "all", slowLarge}},
	{name: "an image from an idle pipe", args: []string{"-"}, input: idlePipe, quick: true},
	{name: "paths from an idle pipe", args: []string{"-o", "out"}, input: idlePipe, quick: true},
	{name: "paths from an idle FIFO", args: []string{"-o", "out"}, input: idleFIFO, quick: true},
	{name: "a result that nobody reads", args: []string{"--size", "1000x1000", "-"}, input: smallImage, mute: true, quick: true},
}

// idlePipe is a pipe that stays open and gives the path of an image without the end of its line.
func idlePipe(string) (*os.File, io.Closer, error) {
	r, w, err := os.Pipe()
	if err == nil {
		_, err = w.WriteString(slowSmall)
	}
	return r, w, err
}

// idleFIFO has a writer that writes nothing.
func idleFIFO(dir string) (*os.File, io.Closer, error) {
	path := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(path, 0o666); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	return f, f, err
}

func smallImage(dir string) (*os.File, io.Closer, error) {
	f, err := os.Open(filepath.Join(dir, slowSmall))
	return f, f, err
}

// stopWithin is how long gtx may run on after a second signal.
const stopWithin = 2 * time.Second

// slow sends two signals to gtx while it does something that takes long. It must end within two seconds after the second.
func slow(s *soak, r *result) error {
	dir, err := s.slowFolder()
	if err != nil {
		return err
	}
	longest := 0.0
	for i := range len(slowWorks) * len(endings) {
		w := slowWorks[i%len(slowWorks)]
		if !s.wanted(i) || s.short && (!w.quick || i >= len(slowWorks)) {
			continue
		}
		took, f, err := s.stopSlow(dir, w, i)
		if err != nil {
			return err
		}
		longest = max(longest, took.Seconds())
		r.add(s, i, fmt.Sprintf("%v twice while %s", endings[i/len(slowWorks)], w.name), f)
	}
	r.Figures["seconds after the second signal, at most"] = longest
	return nil
}

// slowFolder makes a folder with a small and a large image.
func (s *soak) slowFolder() (dir string, err error) {
	if dir, err = os.MkdirTemp(s.scratch, "slow-"); err != nil {
		return dir, err
	}
	for name, img := range map[string]image.Image{
		slowSmall: noise(64, 64, 1), slowLarge: image.NewGray(image.Rect(0, 0, 16_000, 16_000)),
	} {
		if name == slowLarge && s.short {
			continue
		}
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
			return dir, err
		}
		if err := writeBelow(dir, name, b.Bytes()); err != nil {
			return dir, err
		}
	}
	return dir, nil
}

// stopSlow sends two signals and returns how long gtx ran on after the second.
func (s *soak) stopSlow(dir string, w slowWork, attempt int) (took time.Duration, f flaws, err error) {
	if err := os.RemoveAll(filepath.Join(dir, folderOut)); err != nil {
		return 0, nil, err
	}
	random, sent := s.random(attempt), endings[attempt/len(slowWorks)]
	after := time.Duration(random.Int64N(int64(2 * time.Second)))
	between := time.Duration(random.Int64N(int64(300 * time.Millisecond)))
	var second atomic.Pointer[time.Time]
	d := &disturbance{during: func(p *os.Process, messages string) {
		awaitWork(p.Pid, w.busy, after)
		p.Signal(sent)
		// Two signals before gtx has noticed the first would be one.
		for range 100 {
			if text, _ := os.ReadFile(messages); strings.Contains(string(text), "finishing") {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(between)
		now := time.Now()
		second.Store(&now)
		p.Signal(sent)
	}}
	if w.input != nil {
		in, open, err := w.input(dir)
		if err != nil {
			return 0, nil, err
		}
		d.input = in
		defer func() { in.Close(); open.Close() }()
	}
	if w.mute {
		unread, out, err := os.Pipe()
		if err != nil {
			return 0, nil, err
		}
		d.output = out
		defer func() { unread.Close(); out.Close() }()
	}
	o, err := s.run(dir, w.args, d)
	if err != nil {
		return 0, nil, err
	}
	if second.Load() != nil {
		took = o.ended.Sub(*second.Load())
	}
	return took, flawsOf(dir, o, took, sent), nil
}

// flawsOf says what was wrong with a run. took is how long it ran on after its second signal.
func flawsOf(dir string, o outcome, took time.Duration, sent syscall.Signal) (f flaws) {
	if took > stopWithin {
		f.add("late", "it ran on for %.2f s after the second signal", took.Seconds())
	}
	if o.timedOut {
		f.add("hang", "it did not end")
	}
	if o.orphans {
		f.add("orphans", "processes of gtx outlived it")
	}
	if o.crashed() || o.signalled || o.code != 0 && o.code != 128+int(sent) {
		f.add("exit code", "%s", o)
	}
	// A whole result takes longer than the signals allow. If they ended the run, a result that is there is torn.
	if found, _ := filepath.Glob(filepath.Join(dir, folderOut, "*")); len(found) > 0 && o.code != 0 {
		f.add("torn", "%v", found)
	}
	return f
}

// awaitWork waits until gtx has begun. A start takes less processor time than startCPU. Busy work must have taken
// after beyond that; waiting work must have had no running thread for a while.
func awaitWork(gtx int, busy bool, after time.Duration) {
	const startCPU, step = 400 * time.Millisecond, 20 * time.Millisecond
	for still := 0; still < 10; time.Sleep(step) {
		cpu, runs, err := activity(gtx)
		switch {
		case err != nil:
			return // it has ended
		case busy && cpu > startCPU+after:
			return
		case busy || runs || cpu == 0:
			still = 0
		default:
			still++
		}
	}
	time.Sleep(after / 10)
}

// activity is the processor time of a process and its children that live, and whether any thread of the process runs or
// is ready to run.
func activity(pid int) (cpu time.Duration, runs bool, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*/stat", pid))
	if len(threads) == 0 {
		return 0, false, errors.Join(err, os.ErrProcessDone)
	}
	for _, thread := range threads {
		f, _ := statOf(thread) // a thread may have ended
		runs = runs || len(f) > 0 && f[0] != "S"
	}
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	for _, process := range processes {
		if f, group := statOf(process); group == pid {
			const ticks = time.Second / 100
			user, _ := strconv.Atoi(f[11])
			system, _ := strconv.Atoi(f[12])
			cpu += time.Duration(user+system) * ticks
		}
	}
	return cpu, runs, err
}

// statOf reads a stat file of /proc: the fields from the state on, and the group.
func statOf(path string) (fields []string, group int) {
	text, _ := os.ReadFile(path)
	fields = strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return nil, 0
	}
	group, _ = strconv.Atoi(fields[2])
	return fields, group
}
