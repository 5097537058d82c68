package main

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
)

// many translates 300,000 small images in runs of 10,000 and compares every result.
func many(s *soak, r *result) error {
	const atOnce = 10_000
	images := 300_000
	if s.short {
		images = 1_000
	}
	for run := range max(1, images/atOnce) {
		if !s.wanted(run) {
			continue
		}
		n := min(images, atOnce)
		h, err := s.newHeap(n, s.seed+uint64(run))
		if err != nil {
			return err
		}
		o, err := s.run(h.dir, []string{"-o", folderOut, folderIn}, &disturbance{long: true})
		if err != nil {
			return err
		}
		var f flaws
		if o.code != 0 || o.timedOut || strings.Count(o.stdout, "\n") != n {
			f.add("crash", "%d paths printed, %s", strings.Count(o.stdout, "\n"), o)
		}
		if err := h.compare(&f); err != nil {
			return err
		}
		r.Figures["images"] += float64(n)
		r.add(s, run, fmt.Sprintf("run %d", run), f)
		if err := os.RemoveAll(h.dir); err != nil {
			return err
		}
	}
	return nil
}

// A heap is a folder with very many images, of which few differ.
type heap struct {
	dir      string
	n, kinds int
}

// newHeap makes n images of 32 × 32 in 100 kinds.
func (s *soak) newHeap(n int, seed uint64) (h heap, err error) {
	h = heap{n: n, kinds: 100}
	if h.dir, err = os.MkdirTemp(s.scratch, "heap-"); err != nil {
		return h, err
	}
	for i := range n {
		path := filepath.Join(h.dir, h.name(i))
		if i < h.kinds {
			var b bytes.Buffer
			if err := png.Encode(&b, noise(32, 32, seed*1000+uint64(i))); err != nil {
				return h, err
			}
			if err := writeBelow(h.dir, h.name(i), b.Bytes()); err != nil {
				return h, err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return h, err
		}
		if err := os.Link(filepath.Join(h.dir, h.name(i%h.kinds)), path); err != nil {
			return h, err
		}
	}
	return h, nil
}

// name is the path of the i-th image.
func (h heap) name(i int) string {
	return filepath.Join(folderIn, fmt.Sprintf("folder-%02d/photograph-%06d.png", i/1000, i))
}

// compare makes sure that equal images have equal results.
func (h heap) compare(f *flaws) error {
	want := make([][]byte, h.kinds)
	for i := range h.n {
		path := strings.Replace(h.name(i), folderIn, folderOut, 1)
		data, err := os.ReadFile(filepath.Join(h.dir, path))
		if err != nil {
			f.add("file", "%v", err)
			continue
		}
		if want[i%h.kinds] == nil {
			want[i%h.kinds] = data
		}
		if !bytes.Equal(data, want[i%h.kinds]) {
			f.add("file", "%s differs from the result of an equal image", path)
		}
	}
	return nil
}

// memory compares the memory of a run of 30,000 images with that of a run of 1,000.
func memory(s *soak, r *result) error {
	const (
		few, lots = 1_000, 30_000
		most      = 1.05
	)
	if s.short {
		r.Skipped = "part of the full form only"
		return nil
	}
	for number, stream := range []bool{false, true} {
		if !s.wanted(number) {
			continue
		}
		var used [2]float64
		for i, n := range []int{few, lots} {
			mb, err := s.memoryOf(n, stream)
			if err != nil {
				return err
			}
			used[i] = mb
		}
		name := map[bool]string{false: "folder", true: "list on stdin"}[stream]
		r.Figures[name+", MB at 1,000"] = used[0]
		r.Figures[name+", MB at 30,000"] = used[1]
		r.Figures[name+", ratio"] = used[1] / used[0]
		var f flaws
		if used[1] > most*used[0] {
			f.add("memory", "%.1f MB for %d images, %.1f MB for %d", used[1], lots, used[0], few)
		}
		r.add(s, number, name, f)
	}
	return nil
}

// memoryOf is the peak of the resident memory of a run of n images, in MB: the smaller of two runs.
func (s *soak) memoryOf(n int, stream bool) (float64, error) {
	h, err := s.newHeap(n, s.seed)
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(h.dir)
	least := 0.0
	for range 2 {
		if err := os.RemoveAll(filepath.Join(h.dir, folderOut)); err != nil {
			return 0, err
		}
		d, args := &disturbance{long: true}, []string{"-o", folderOut, folderIn}
		if stream {
			var list strings.Builder
			for i := range n {
				list.WriteString(h.name(i) + "\n")
			}
			d.stdin, args = list.String(), args[:2]
		}
		o, err := s.run(h.dir, args, d)
		if err != nil {
			return 0, err
		}
		if o.code != 0 {
			return 0, fmt.Errorf("%s", o)
		}
		if mb := float64(o.usage.Maxrss) / 1000; least == 0 || mb < least {
			least = mb
		}
	}
	return least, nil
}
