package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// results is what results.json holds.
type results struct {
	Program       string                  `json:"program"` // digest of gtx
	Commit        string                  `json:"commit"`
	Date          string                  `json:"date"`
	Machine       machine                 `json:"machine"`
	Versions      []version               `json:"versions"`
	Photos        string                  `json:"photos"`
	Works         map[string]*workResults `json:"works"`
	VersionMillis []float64               `json:"version_ms,omitempty"`
	Memory        []sample                `json:"memory,omitempty"`
}

type workResults struct {
	Program string              `json:"program"`
	Rounds  int                 `json:"rounds"`
	Images  int                 `json:"images"`
	Samples map[string][]sample `json:"samples"`
}

type machine struct {
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	MemoryMiB  int    `json:"memory_mib"`
	Kernel     string `json:"kernel"`
	Load       string `json:"load"` // average of the minute before
}

// A version is of a program or library, in words.
type version struct{ Name, Version string }

// newResults describes the machine and the programs. It keeps the works that an earlier run measured.
func (b *bench) newResults(ctx context.Context) (*results, error) {
	r := &results{}
	if old, err := os.ReadFile(b.resultsFile()); err == nil {
		if err := json.Unmarshal(old, r); err != nil {
			return nil, fmt.Errorf("%s: %w", b.resultsFile(), err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if r.Works == nil || b.partial() {
		r.Works = map[string]*workResults{}
	}
	r.Program = b.digest()
	r.Commit = output(ctx, nil, "git", "describe", "--always", "--dirty")
	r.Date = time.Now().UTC().Format(time.DateOnly)
	r.Photos = b.photos
	r.Machine = machineOf(readFile("/proc/cpuinfo"), readFile("/proc/meminfo"), readFile("/proc/loadavg"))
	r.Machine.Kernel = output(ctx, nil, "uname", "-sr")
	doctor := output(ctx, nil, b.gtx, "doctor")
	if doctor == "" {
		return nil, errors.New("gtx doctor fails")
	}
	var runtimeVersion string
	runtimeVersion, b.library = runtimeOf(doctor)
	b.hasPrecision = strings.Contains(output(ctx, nil, b.gtx, "translate", "--help"), "--precision")
	r.Versions = append([]version{
		{"gtx", strings.TrimPrefix(output(ctx, nil, b.gtx, "--version"), "gtx version ")},
		{"ONNX Runtime of gtx", runtimeVersion},
		{"libvips of gtx", field(doctor, `(?m)^libvips +(\S+)`)},
		{"network in gtx", field(doctor, `(?m)seasons ran on (.*)$`)},
	}, b.peerVersions(ctx)...)
	return r, nil
}

// peerVersions asks the peers for their versions.
func (b *bench) peerVersions(ctx context.Context) []version {
	python := output(ctx, []string{"PYTHONPATH=" + b.peers("python"), "ORT_DISABLE_TELEMETRY=1"}, "/usr/bin/python3", "-c",
		`import sys, PIL, numpy, onnxruntime, pyvips
print("Python", sys.version.split()[0])
print("Pillow", PIL.__version__)
print("NumPy", numpy.__version__)
print("onnxruntime", onnxruntime.__version__)
print("pyvips", pyvips.__version__ + ", libvips " + ".".join(str(pyvips.version(i)) for i in range(3)))`)
	node := output(ctx, []string{"NODE_PATH=" + b.peers("node_modules"), "ORT_DISABLE_TELEMETRY=1"}, "node", "-e",
		`const s = require('sharp').versions
console.log('Node ' + process.versions.node)
console.log('sharp ' + s.sharp + ', libvips ' + s.vips)
console.log('onnxruntime-node ' + require('onnxruntime-node/package.json').version)`)
	var list []version
	for line := range strings.Lines(python + "\n" + node) {
		if name, text, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			list = append(list, version{name, text})
		}
	}
	return list
}

// runtimeOf finds the version and the path of ONNX Runtime in what gtx doctor prints.
func runtimeOf(doctor string) (version, path string) {
	line := field(doctor, `(?m)^ONNX Runtime +(.*)$`)
	version, path, _ = strings.Cut(line, ", ")
	return version, path
}

// field is the first group of the first match of an expression in a text, or "".
func field(text, expression string) string {
	if m := regexp.MustCompile(expression).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// machineOf reads what Linux tells of the machine.
func machineOf(cpuinfo, meminfo, loadavg string) machine {
	var kib int
	fmt.Sscan(field(meminfo, `MemTotal: +(\d+)`), &kib)
	load, _, _ := strings.Cut(loadavg, " ")
	return machine{
		Processor: field(cpuinfo, `(?m)^model name\s*: (.*)$`), Processors: runtime.GOMAXPROCS(0),
		MemoryMiB: kib / 1024, Load: load,
	}
}

func readFile(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

func (r *results) save(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}
