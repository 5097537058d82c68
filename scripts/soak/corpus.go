package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gtx/scripts/soak/hostile"
)

// The bounds on a hostile file. Both are far above what a photograph of some megapixels needs.
const (
	cpuOfFile    = 5 * time.Second
	memoryOfFile = 1500.0 // MB
)

// corpus translates the hostile files: all in one run and, in the full form, each alone.
func corpus(s *soak, r *result) error {
	mutants := 400
	if s.short {
		mutants = 20
	}
	seeds := hostile.Seeds{}
	for ext, name := range map[string]string{"webp": "lossy.webp", "lossless.webp": "lossless.webp", "avif": "still.avif", "tif": "libvips.tif"} {
		var err error
		if seeds[ext], err = os.ReadFile(filepath.Join(s.images, name)); err != nil {
			return err
		}
	}
	files := hostile.Files(s.seed, mutants, seeds)
	dir, err := os.MkdirTemp(s.scratch, "hostile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, f := range files {
		if err := writeHostile(dir, f); err != nil {
			return err
		}
	}
	if s.wanted(0) {
		if err := s.together(r, dir, files); err != nil {
			return err
		}
	}
	if s.short {
		return nil
	}
	return s.alone(r, dir, files)
}

// writeHostile writes a hostile file below the folder of images.
func writeHostile(dir string, f hostile.File) error {
	if err := writeBelow(dir, hostilePath(f), f.Data); err != nil || f.Hole == 0 {
		return err
	}
	return os.Truncate(filepath.Join(dir, hostilePath(f)), int64(len(f.Data))+f.Hole)
}

// hostilePath puts files that differ in their extension only into different folders, because their results may have
// one extension.
func hostilePath(f hostile.File) string {
	return filepath.Join(folderIn, strings.TrimPrefix(filepath.Ext(f.Name), "."), f.Name)
}

// together translates all files in one run.
func (s *soak) together(r *result, dir string, files []hostile.File) error {
	var list strings.Builder
	for _, f := range files {
		list.WriteString(hostilePath(f) + "\n")
	}
	o, err := s.run(dir, []string{"-o", folderOut, "--base", folderIn, "--report", reportFile, "-q"}, &disturbance{stdin: list.String(), long: true})
	if err != nil {
		return err
	}
	var f flaws
	if o.timedOut {
		f.add("hang", "%s", o)
	}
	if crash.MatchString(o.stderr) || o.signalled || o.code != 1 {
		f.add("crash", "%s", o)
	}
	recorded, _, err := (&world{dir: dir}).records()
	if err != nil {
		return err
	}
	records := map[string]record{}
	for _, one := range recorded {
		records[one.In] = one
	}
	if len(records) != len(files) {
		f.add("records", "%d of %d files", len(records), len(files))
	}
	for _, one := range files {
		s.judge(&f, dir, one, records[hostilePath(one)])
	}
	r.Figures["files"] = float64(len(files))
	r.Figures["MB"] = float64(o.usage.Maxrss) / 1000
	r.add(s, 0, "all in one run", f)
	return nil
}

// judge compares what became of a file with what had to become of it.
func (s *soak) judge(f *flaws, dir string, one hostile.File, got record) {
	switch {
	case one.Want == hostile.Refused && got.Status != "failed":
		f.add("not refused", "%s: %s", one.Name, got.Status)
	case one.Want == hostile.Made && got.Status != "done":
		f.add("not made", "%s: %s %s", one.Name, got.Status, got.Message)
	}
	if got.Status == "done" {
		if info, err := os.Stat(filepath.Join(dir, got.Out)); err != nil || info.Size() == 0 {
			f.add("result", "%s: %v", one.Name, err)
		}
	}
	for _, word := range []string{"signal", "SIG"} {
		if strings.Contains(got.Message, word) {
			f.add("decoder", "%s: %s", one.Name, got.Message)
		}
	}
}

// alone translates each file in a run of its own, within bounds of time and memory, and compares the result
// with the one of the common run.
func (s *soak) alone(r *result, dir string, files []hostile.File) error {
	single, err := os.MkdirTemp(s.scratch, "single-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(single)
	slowest, largest := 0.0, 0.0
	for i, one := range files {
		if !s.wanted(i + 1) {
			continue
		}
		path := filepath.Join(dir, hostilePath(one))
		o, err := s.run(single, []string{"-o", folderOut, "--base", filepath.Join(dir, folderIn), path}, &disturbance{})
		if err != nil {
			return err
		}
		var f flaws
		cpu := time.Duration(o.usage.Utime.Nano() + o.usage.Stime.Nano())
		mb := float64(o.usage.Maxrss) / 1000
		slowest, largest = max(slowest, cpu.Seconds()), max(largest, mb)
		if o.timedOut || o.crashed() || o.code > 1 {
			f.add("crash", "%s", o)
		}
		if cpu > cpuOfFile || mb > memoryOfFile {
			f.add("cost", "%.1f s, %.0f MB", cpu.Seconds(), mb)
		}
		made := strings.TrimSpace(o.stdout)
		if made != "" && s.wanted(0) {
			a, errA := os.ReadFile(filepath.Join(single, made))
			b, errB := os.ReadFile(filepath.Join(dir, made))
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				f.add("bytes", "alone and among others it gives different results: %v, %v", errA, errB)
			}
		}
		r.add(s, i+1, one.Name, f)
	}
	r.Figures["slowest, s"], r.Figures["largest, MB"] = slowest, largest
	return nil
}
