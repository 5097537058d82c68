// Command soak tries to break gtx: it kills gtx, makes its system calls fail, fills its disk, stops it, feeds it
// hostile files, and checks after each attempt that nothing was lost or torn and that gtx does not hang.
//
//	go run ./scripts/soak -gtx build/bin/gtx
//
// Everything random follows from -seed. A finding names the command that repeats it. make soak runs all
// trials, and make test a short form of each.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gtx/scripts/soak/watch"
)

// A soak holds what all trials share.
type soak struct {
	gtx, library, model string        // absolute paths
	images              string        // folder of whole images of the formats that Go does not write
	scratch             string        // folder for everything that the trials write
	seed                uint64        // of all that is random
	short               bool          // a minute for all trials, instead of an hour
	attempt             int           // the only one to make, or -1 for all
	part, parts         int           // make only the attempts whose number modulo parts is part
	log                 io.Writer     // findings, as they come
	runs                int           // of gtx so far
	cpu                 time.Duration // that these took
}

// A trial is one way to break gtx.
type trial struct {
	name    string
	promise string // what it proves if nothing is found
	run     func(*soak, *result) error
}

var trials = []trial{
	{"kill", "SIGKILL at a random moment leaves whole results only, and the next run completes them", kills},
	{"kill-calls", "SIGKILL before any call on a file leaves whole results only, and the next run completes them", killsAtCalls},
	{"faults", "a failing system call costs its image at most, and files, records and exit code agree", faults},
	{"malloc", "a failing allocation in C leaves whole results only, and the next run completes them", allocations},
	{"full", "a full disk fails the images that do not fit, and says so", full},
	{"stop", "a signal, or two, at a random moment leaves whole results and true records", stops},
	{"stop-calls", "a signal, or two, before any call on a file leaves whole results and true records", stopsAtCalls},
	{"stop-slow", "a second signal ends gtx within two seconds, whatever it does", slow},
	{"pair", "two processes over one tree do not harm one another", pairs},
	{"odd", "pipes, devices, sockets, loops and folders in place of files do no harm and do not hang", oddities},
	{"hostile", "hostile files cost themselves only, and little time and memory", corpus},
	{"fuzz", "no bytes make a parser panic, and what it writes it reads again", fuzzers},
	{"many", "300,000 images pass without a crash", many},
	{"memory", "memory does not grow with the number of inputs", memory},
}

// A result is what came of a trial.
type result struct {
	Trial    string             `json:"trial"`
	Promise  string             `json:"promise"`
	Attempts int                `json:"attempts"`
	Findings []finding          `json:"findings"`
	Pending  int                `json:"pending,omitempty"` // flaws that are known
	Figures  map[string]float64 `json:"figures,omitempty"`
	Skipped  string             `json:"skipped,omitempty"`
	CPU      float64            `json:"cpu_seconds"` // of gtx
	Seed     uint64             `json:"seed"`
}

// A finding is an attempt that broke a promise.
type finding struct {
	Attempt string `json:"attempt"`
	Flaws   flaws  `json:"flaws"`
	Repeat  string `json:"repeat"` // the command
}

// pending are the kinds of flaws that are known and not repaired yet. They are counted and are no findings.
var pending = map[string]string{}

// add counts an attempt. If it has flaws, it becomes a finding.
func (r *result) add(s *soak, number int, what string, f flaws) {
	r.Attempts++
	all := len(f)
	f = slices.DeleteFunc(f, func(one flaw) bool { return pending[one.Kind] != "" })
	r.Pending += all - len(f)
	if len(f) == 0 {
		return
	}
	repeat := fmt.Sprintf("go run ./scripts/soak -only %s -seed %d -attempt %d", r.Trial, s.seed, number)
	if s.short {
		repeat += " -short"
	}
	r.Findings = append(r.Findings, finding{what, f, repeat})
	fmt.Fprintf(s.log, "%s: %s\n", r.Trial, what)
	for _, one := range f {
		fmt.Fprintf(s.log, "    %s: %s\n", one.Kind, one.What)
	}
	fmt.Fprintf(s.log, "    repeat: %s\n", repeat)
}

// wanted tells whether an attempt is to be made.
func (s *soak) wanted(number int) bool {
	return number%s.parts == s.part && (s.attempt < 0 || s.attempt == number)
}

// do runs one trial.
func (s *soak) do(t trial) result {
	r := result{Trial: t.name, Promise: t.promise, Figures: map[string]float64{}, Seed: s.seed}
	before := s.cpu
	if err := t.run(s, &r); err != nil {
		r.add(s, -1, "the trial itself", flaws{{"trial", err.Error()}})
	}
	r.CPU = (s.cpu - before).Seconds()
	return r
}

func main() {
	watch.Child()
	gtx := flag.String("gtx", "build/bin/gtx", "`program` to try")
	library := flag.String("library", "build/lib/libonnxruntime.so.1", "ONNX Runtime `library`")
	model := flag.String("model", "testdata/models/identity.onnx", "`network` that changes nothing")
	images := flag.String("images", "stages/container/testdata", "`folder` of images to damage")
	only := flag.String("only", "", "run only these `trials`, with commas")
	out := flag.String("json", "", "write the results to `FILE`")
	seed := flag.Uint64("seed", 0, "repeat what followed from `N`; default: the time")
	attempt := flag.Int("attempt", -1, "make only attempt `N` of each trial")
	short := flag.Bool("short", false, "a short form of each trial")
	part := flag.String("part", "0/1", "make only the attempts of part `I/N`, from 0, to run a soak in pieces")
	list := flag.Bool("list", false, "name the trials")
	flag.Parse()
	if *list {
		for _, t := range trials {
			fmt.Printf("%-12s %s\n", t.name, t.promise)
		}
		return
	}
	if *seed == 0 {
		*seed = uint64(time.Now().Unix())
	}
	s, err := newSoak(*gtx, *library, *model, *images, *seed)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(2)
	}
	s.short, s.attempt = *short, *attempt
	if _, err := fmt.Sscanf(*part, "%d/%d", &s.part, &s.parts); err != nil || s.part < 0 || s.part >= s.parts {
		fmt.Fprintf(os.Stderr, "soak: -part %q\n", *part)
		os.Exit(2)
	}
	results := s.all(*only)
	err = table(os.Stdout, results)
	if *out != "" && err == nil {
		err = writeJSON(*out, results)
	}
	if err := os.RemoveAll(s.scratch); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	if err != nil || slices.ContainsFunc(results, func(r result) bool { return len(r.Findings) > 0 }) {
		os.Exit(1)
	}
}

// newSoak makes the paths absolute and a folder to work in.
func newSoak(gtx, library, model, images string, seed uint64) (*soak, error) {
	s := &soak{gtx: gtx, library: library, model: model, images: images, seed: seed, attempt: -1, parts: 1, log: os.Stderr}
	for _, path := range []*string{&s.gtx, &s.library, &s.model, &s.images} {
		abs, err := filepath.Abs(*path)
		if err == nil {
			_, err = os.Stat(abs)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: make deps build makes it", err)
		}
		*path = abs
	}
	var err error
	s.scratch, err = os.MkdirTemp("", "gtx-soak-")
	return s, err
}

// all runs the trials that are named, or all.
func (s *soak) all(only string) (results []result) {
	fmt.Fprintf(s.log, "soak: seed %d, %s\n", s.seed, s.version())
	for _, t := range trials {
		if only != "" && !slices.Contains(strings.Split(only, ","), t.name) {
			continue
		}
		results = append(results, s.do(t))
	}
	return results
}

func (s *soak) version() string {
	out, err := exec.Command(s.gtx, "--version").Output()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}

// table prints the results for people.
func table(out io.Writer, results []result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "trial\tattempts\tfindings\tpending\tCPU s\tfigures")
	for _, r := range results {
		var figures []string
		for name, value := range r.Figures {
			figures = append(figures, fmt.Sprintf("%s %.4g", name, value))
		}
		slices.Sort(figures)
		if r.Skipped != "" {
			figures = append(figures, "skipped: "+r.Skipped)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.1f\t%s\n", r.Trial, r.Attempts, len(r.Findings), r.Pending, r.CPU, strings.Join(figures, ", "))
	}
	return w.Flush()
}

func writeJSON(path string, results []result) error {
	b, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o666)
}
