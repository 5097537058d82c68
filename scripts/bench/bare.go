package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"gtx/models"
)

// runBare runs a network n times on an image in memory, with one call per processor at a time, as
// gtx does by default. It prints the seconds as JSON. Opening the model is not counted.
func runBare(ctx context.Context, name, shape string, n int) error {
	var in models.Batch
	if _, err := fmt.Sscanf(shape, "%dx%d", &in.Width, &in.Height); err != nil {
		return fmt.Errorf("-shape %q: %w", shape, err)
	}
	in.N, in.Pixels = 1, models.Ramps(in.Height, in.Width)
	library, err := models.FindLibrary("")
	if err != nil {
		return err
	}
	r, err := models.Open(library)
	if err != nil {
		return err
	}
	defer r.Close()
	m, err := models.Find(name)
	if err != nil {
		return err
	}
	t, err := r.NewTranslator(m, models.Request{To: "winter", Strength: 1}, models.Options{Device: "auto"})
	if err != nil {
		return err
	}
	defer t.Close()
	run := func(n int) error {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(runtime.GOMAXPROCS(0))
		for range n {
			group.Go(func() error {
				_, err := t.Run(ctx, in)
				return err
			})
		}
		return group.Wait()
	}
	if err := run(runtime.GOMAXPROCS(0)); err != nil { // warm up
		return err
	}
	start, before := time.Now(), cpuSeconds()
	if err := run(n); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"wall_s": time.Since(start).Seconds(), "cpu_s": cpuSeconds() - before,
	})
}

// cpuSeconds is the processor time of this process so far.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
