package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A sample is one run of a program.
type sample struct {
	Images int     `json:"images"`
	Wall   float64 `json:"wall_s"`
	CPU    float64 `json:"cpu_s"`           // user and system
	Peak   float64 `json:"peak_mib"`        // resident, of the largest process
	Bytes  int64   `json:"bytes,omitempty"` // written
	First  float64 `json:"first_s,omitempty"`
}

func (s sample) rate() float64      { return float64(s.Images) / s.Wall }
func (s sample) cpuMillis() float64 { return 1000 * s.CPU / float64(s.Images) }

// A job is a work with its files in place.
type job struct {
	work
	folder   string // removed at the end
	in       string // folder with images inputs
	warm     string // folder with a few of them
	few      int
	images   int
	network  string // .onnx file
	gtxModel string
}

func (j *job) remove() { os.RemoveAll(j.folder) }

// newJob makes the inputs of a work, or links those that are there.
func (b *bench) newJob(ctx context.Context, w work) (_ *job, err error) {
	j := &job{work: w, folder: filepath.Join(b.folder, "work"), images: w.images, few: w.quick}
	if b.quick {
		j.images = w.quick
	}
	if j.network, j.gtxModel, err = b.networkOf(w); err != nil {
		return nil, err
	}
	made, err := b.inputs(ctx, w.width, w.height, w.distinct)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(j.folder); err != nil {
		return nil, err
	}
	if j.in, err = link(made, filepath.Join(j.folder, "in"), j.images); err != nil {
		return nil, err
	}
	j.warm, err = link(made, filepath.Join(j.folder, "warm"), j.few)
	return j, err
}

// inputs returns the paths of n photographs of a size.
func (b *bench) inputs(ctx context.Context, width, height, n int) ([]string, error) {
	if b.quick {
		n = min(n, 24)
	}
	size := fmt.Sprintf("%dx%d", width, height)
	folder := filepath.Join(b.folder, "inputs", fmt.Sprintf("%s-%d", size, n))
	c := command(ctx, "/usr/bin/python3", "scripts/bench/inputs.py", b.photos, folder, size, strconv.Itoa(n))
	c.Env = append(os.Environ(), "PYTHONPATH="+b.peers("python"))
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("inputs.py: %w", err)
	}
	return filepath.Glob(filepath.Join(folder, "*.jpg"))
}

// link fills a folder with n links to files.
func link(files []string, folder string, n int) (string, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", err
	}
	for i := range n {
		if err := os.Link(files[i%len(files)], filepath.Join(folder, fmt.Sprintf("%05d.jpg", i))); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// programOf is the command line of a program for a job.
func (b *bench) programOf(ctx context.Context, j *job, name, in, out string, images int) (*exec.Cmd, error) {
	script := func(interpreter, file string) *exec.Cmd {
		return command(ctx, interpreter, filepath.Join("scripts/bench/peers", file), j.network, in, out, j.shape, j.size)
	}
	switch name {
	case naive, threads, pyvips:
		file := map[string]string{naive: "naive.py", threads: "pipeline.py", pyvips: "vips.py"}[name]
		c := script("/usr/bin/python3", file)
		c.Env = append(os.Environ(), "PYTHONPATH="+b.peers("python"), "ORT_DISABLE_TELEMETRY=1")
		return c, nil
	case sharp:
		modules, err := filepath.Abs(b.peers("node_modules"))
		c := script("node", "sharp.mjs")
		c.Env = append(os.Environ(), "NODE_PATH="+modules, "ORT_DISABLE_TELEMETRY=1")
		return c, err
	case libvips:
		list, err := filepath.Glob(filepath.Join(in, "*.jpg"))
		c := command(ctx, filepath.Join(b.folder, "libvips"), strconv.Itoa(runtime.GOMAXPROCS(0)), out, j.shape, j.size)
		c.Stdin = strings.NewReader(strings.Join(list, "\n") + "\n")
		return c, err
	case bare:
		self, err := os.Executable()
		c := command(ctx, self, "-bare", strconv.Itoa(images), "-model", j.gtxModel, "-shape", j.shape)
		c.Env = append(os.Environ(), "GTX_ONNXRUNTIME="+b.library)
		return c, err
	}
	args := []string{"translate", "-q", "--to", "winter", "--size", j.size, "--model", j.gtxModel, "-o", out}
	if name == gtxF32 {
		args = append(args, "--precision", "f32")
	}
	return command(ctx, b.gtx, append(args, in)...), nil
}

// measure runs a program on all files of a job, or on a few to warm up.
func (b *bench) measure(ctx context.Context, j *job, name string, warmUp bool) (s sample, err error) {
	in, images := j.in, j.images
	if warmUp {
		in, images = j.warm, j.few
	}
	out := filepath.Join(j.folder, "out")
	if err := os.Mkdir(out, 0o777); err != nil {
		return s, err
	}
	defer os.RemoveAll(out)
	c, err := b.programOf(ctx, j, name, in, out, images)
	if err != nil {
		return s, err
	}
	s, printed, err := timed(c)
	s.Images = images
	switch {
	case err != nil:
		return s, err
	case name == bare:
		s.First = 0
		return s, json.Unmarshal(printed, &s)
	}
	s.Bytes, err = checkResults(out, images, j.resultSize())
	return s, err
}

// resultSize is the size of a job's results.
func (j *job) resultSize() string {
	if j.size == "model" {
		return j.shape
	}
	return fmt.Sprintf("%dx%d", j.width, j.height)
}

// timed runs a program and returns what it printed.
func timed(c *exec.Cmd) (s sample, printed []byte, err error) {
	pipe, err := c.StdoutPipe()
	if err != nil {
		return s, nil, err
	}
	start := time.Now()
	if err := c.Start(); err != nil {
		return s, nil, err
	}
	first := make([]byte, 1)
	n, readErr := pipe.Read(first)
	s.First = time.Since(start).Seconds()
	rest, restErr := io.ReadAll(pipe)
	err = c.Wait()
	s.Wall = time.Since(start).Seconds()
	if err != nil {
		return s, nil, err
	}
	if readErr != nil && !errors.Is(readErr, io.EOF) || restErr != nil {
		return s, nil, errors.Join(readErr, restErr)
	}
	usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return s, nil, errors.New("no resource usage on this system")
	}
	s.CPU = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	s.Peak = float64(usage.Maxrss) / 1024
	return s, append(first[:n], rest...), nil
}

// checkResults makes sure that a program did its job, and returns how many bytes it wrote.
func checkResults(folder string, n int, size string) (bytes int64, err error) {
	found := 0
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		found++
		info, err := d.Info()
		if err != nil {
			return err
		}
		bytes += info.Size()
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		config, _, err := image.DecodeConfig(f)
		if got := fmt.Sprintf("%dx%d", config.Width, config.Height); err == nil && got != size {
			err = fmt.Errorf("%s is %s, not %s", path, got, size)
		}
		return err
	})
	if err == nil && found != n {
		err = fmt.Errorf("%d results, not %d", found, n)
	}
	return bytes, err
}

// measureStart measures the start of gtx, and its memory for few and for many images.
func (b *bench) measureStart(ctx context.Context, r *results) error {
	times, few, many := 21, 200, 2000
	if b.quick {
		times, few, many = 3, 10, 100
	}
	r.VersionMillis = nil
	for range times {
		s, _, err := timed(command(ctx, b.gtx, "--version"))
		if err != nil {
			return err
		}
		r.VersionMillis = append(r.VersionMillis, 1000*s.Wall)
	}
	r.Memory = nil
	for _, n := range []int{few, many} {
		w := works[0]
		w.images, w.quick = n, n
		j, err := b.newJob(ctx, w)
		if err != nil {
			return err
		}
		s, err := b.measure(ctx, j, gtxName, false)
		j.remove()
		if err != nil {
			return err
		}
		r.Memory = append(r.Memory, s)
		fmt.Printf("%-14s %-8s %6.0f MiB at %d images\n", "memory", gtxName, s.Peak, n)
	}
	return nil
}

// digest identifies the program that is measured. It does not read the file as a whole: the peak memory
// of this process is the least that Linux reports for its children.
func (b *bench) digest() string {
	program, err := os.Open(b.gtx)
	if err != nil {
		return ""
	}
	defer program.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, program); err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sum.Sum(nil))[:16]
}

// output is what a program prints, without the line feed, or "" if it fails.
func output(ctx context.Context, env []string, name string, args ...string) string {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), env...)
	text, err := c.Output()
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
