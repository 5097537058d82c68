// Command bench compares gtx with what a user would write in its place, and with the limits
// of the machine:
//
//	make bench [BENCH_IMAGES=FOLDER]
//	go run ./scripts/bench -only 12mp-source,threads
//	go run ./scripts/bench -quick
//
// It makes its inputs from a few photographs, runs all programs on the same files in
// alternating order, and takes medians. It writes build/bench/results.json and the tables in
// docs/benchmarks.md. Nothing else should run on the machine meanwhile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
)

func main() {
	b := bench{folder: "build/bench"}
	flag.StringVar(&b.gtx, "gtx", "build/bin/gtx", "the program to measure")
	flag.StringVar(&b.photos, "images", "", "`FOLDER` of photographs to make the inputs from; default: those of scripts/fetch-photos")
	flag.StringVar(&b.page, "page", "docs/benchmarks.md", "write the tables into `FILE`")
	flag.IntVar(&b.rounds, "rounds", 3, "number of rounds")
	flag.BoolVar(&b.quick, "quick", false, "one round of a few images, to see that everything runs: the page stays as it is")
	flag.BoolVar(&b.resume, "resume", false, "keep the workloads that were measured with this very program")
	only := flag.String("only", "", "run these `NAMES` only, with commas between them: workloads or programs")
	alone := flag.Int("bare", 0, "only run the network of the model -model `N` times, and print the seconds") // for a process of its own
	model := flag.String("model", "seasons", "the model for -bare")
	shape := flag.String("shape", "256x256", "the size for -bare")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *alone > 0 {
		err = runBare(ctx, *model, *shape, *alone)
	} else if b.selection, err = selectionOf(*only); err == nil {
		err = b.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// A bench is one run of this command.
type bench struct {
	gtx, photos, page string
	folder            string // for everything that it makes
	rounds            int
	quick, resume     bool
	selection         selection
	library           string // ONNX Runtime as gtx finds it
	hasPrecision      bool   // gtx knows --precision
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.quick {
		b.rounds = 1
	}
	if b.gtx, err = filepath.Abs(b.gtx); err != nil {
		return err
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	r, err := b.newResults(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, w := range works {
		names := b.selection.programsOf(w)
		if old := r.Works[w.name]; len(names) == 0 || b.resume && old != nil && old.Program == r.Program && old.Rounds >= b.rounds {
			continue
		}
		if r.Works[w.name], err = b.measureWork(ctx, w, names, &failures); err != nil {
			return err
		}
		if err := errors.Join(r.save(b.resultsFile()), b.writePage(r)); err != nil { // in case the next work is interrupted
			return err
		}
	}
	if len(b.selection.programs) == 0 && len(b.selection.works) == 0 {
		if err := b.measureStart(ctx, r); err != nil {
			return err
		}
	}
	if err := errors.Join(r.save(b.resultsFile()), b.writePage(r)); err != nil {
		return err
	}
	fmt.Printf("written: %s, %s\n", b.resultsFile(), b.pageFile())
	return errors.Join(failures...)
}

// partial tells whether the results are not fit for the page.
func (b *bench) partial() bool { return b.quick || len(b.selection.programs) > 0 }

func (b *bench) resultsFile() string {
	if b.partial() {
		return filepath.Join(b.folder, "partial.json")
	}
	return filepath.Join(b.folder, "results.json")
}

func (b *bench) pageFile() string {
	if b.partial() {
		return filepath.Join(b.folder, "partial.md")
	}
	return b.page
}

// prepare installs the peers, compiles libvips' and makes the photographs that inputs come from. It
// keeps what is there already.
func (b *bench) prepare(ctx context.Context) error {
	if err := os.MkdirAll(b.folder, 0o777); err != nil {
		return err
	}
	if b.photos == "" {
		b.photos = "build/photos"
		if err := command(ctx, "scripts/fetch-photos", b.photos).Run(); err != nil {
			return fmt.Errorf("fetch-photos: %w", err)
		}
	}
	if err := command(ctx, "scripts/bench/fetch-peers", b.peers("")).Run(); err != nil {
		return fmt.Errorf("fetch-peers: %w", err)
	}
	const compile = `cc -O2 -o "$1" scripts/bench/peers/libvips.c $(pkg-config --cflags --libs vips) -lpthread`
	if err := command(ctx, "sh", "-c", compile, "sh", filepath.Join(b.folder, "libvips")).Run(); err != nil {
		return fmt.Errorf("compile libvips.c: %w", err)
	}
	return nil
}

// peers is the path of a file among the libraries of the peers.
func (b *bench) peers(name string) string { return filepath.Join(b.folder, "peers", name) }

// command runs a program whose messages the user sees.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Stderr = os.Stderr
	return c
}

// measureWork runs the programs of a work in turns: A B C, then C B A, and so on.
func (b *bench) measureWork(ctx context.Context, w work, names []string, failures *[]error) (*workResults, error) {
	j, err := b.newJob(ctx, w)
	if err != nil {
		return nil, err
	}
	defer j.remove()
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == gtxF32 && !b.hasPrecision })
	result := &workResults{Program: b.digest(), Rounds: b.rounds, Images: j.images, Samples: map[string][]sample{}}
	failed := map[string]bool{}
	for round := -1; round < b.rounds; round++ {
		if round < 0 && b.quick {
			continue
		}
		for _, name := range names {
			if failed[name] {
				continue
			}
			s, err := b.measure(ctx, j, name, round < 0)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				failed[name] = true
				delete(result.Samples, name)
				err = fmt.Errorf("%s: %s: %w", w.name, name, err)
				fmt.Fprintln(os.Stderr, "bench:", err)
				*failures = append(*failures, err)
				continue
			}
			if round >= 0 {
				fmt.Printf("%-14s %-8s %8.2f images/s %8.2f ms CPU %6.0f MiB\n", w.name, name, s.rate(), s.cpuMillis(), s.Peak)
				result.Samples[name] = append(result.Samples[name], s)
			}
		}
		slices.Reverse(names)
	}
	return result, nil
}
