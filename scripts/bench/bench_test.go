package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMedianTakesTheMiddle(t *testing.T) {
	for _, test := range []struct {
		list []float64
		want float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(test.list); got != test.want {
			t.Errorf("median(%v) = %v, not %v", test.list, got, test.want)
		}
	}
}

func TestSelectionLimitsWorksAndPrograms(t *testing.T) {
	named := func(only string) (list []string) {
		s, err := selectionOf(only)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range works {
			if names := s.programsOf(w); len(names) > 0 {
				list = append(list, w.name+": "+strings.Join(names, " "))
			}
		}
		return list
	}
	if got := named(""); len(got) != len(works) {
		t.Errorf("without -only: %q", got)
	}
	if got := named("12mp-source,threads"); len(got) != 1 || got[0] != "12mp-source: gtx threads" {
		t.Errorf("12mp-source,threads: %q", got)
	}
	if _, err := selectionOf("256,nothing"); err == nil || !strings.Contains(err.Error(), "-only nothing: known are 256, ") {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestDoctorTellsTheRuntime(t *testing.T) {
	doctor := "libvips       8.14.1\nONNX Runtime  1.24.3, /lib/libonnxruntime.so.1\n  seasons ran on cpu\n"
	if version, path := runtimeOf(doctor); version != "1.24.3" || path != "/lib/libonnxruntime.so.1" {
		t.Errorf("%q, %q", version, path)
	}
	if version, path := runtimeOf("nothing"); version != "" || path != "" {
		t.Errorf("without a line: %q, %q", version, path)
	}
}

func TestMachineIsReadFromLinux(t *testing.T) {
	m := machineOf("processor\t: 0\nmodel name\t: Some CPU\n", "MemTotal:       2097152 kB\n", "0.25 1.00 2.00 1/100 1\n")
	if m.Processor != "Some CPU" || m.MemoryMiB != 2048 || m.Load != "0.25" {
		t.Errorf("%+v", m)
	}
}

// measured are results as two programs and the two limits would give.
func measured() *results {
	runs := func(walls ...float64) (list []sample) {
		for _, w := range walls {
			list = append(list, sample{Images: 10, Wall: w, CPU: 2 * w, Peak: 100, Bytes: 10240, First: 0.2})
		}
		return list
	}
	return &results{
		Commit: "abc", Date: "2026-01-02", Machine: machine{Processor: "CPU", Processors: 2, MemoryMiB: 2048},
		Versions: []version{{"gtx", "1"}},
		Works: map[string]*workResults{"256": {Samples: map[string][]sample{
			gtxName: runs(1, 1.1, 2), threads: runs(2.2, 2.2, 2.2), bare: runs(0.5), libvips: runs(0.4),
		}}},
		VersionMillis: []float64{30, 32, 31},
		Memory:        []sample{{Images: 200, Peak: 100}, {Images: 2000, Peak: 110}},
	}
}

func TestTablesCompareMedians(t *testing.T) {
	tables := measured().tables()
	for _, want := range []string{
		"at commit abc. 2 processors (CPU), 2 GiB",
		"| workload | gtx | Python threads | libvips alone | network alone |",
		"| 256×256 | 9.1 | 4.5 (2.00) | 25.0 (0.36) | 20.0 (0.45) |", // speed
		"| 256×256 | 220.0 | 440.0 | 80.0 | 100.0 |",                 // processor time
		"| 256×256 | 100 | 100 | 100 |",                              // memory: the network alone has none
		"| 256×256 | -9 to +82 | +0 to +0 | +0 to +0 | +0 to +0 |",   // spread
		"| 256×256 | 90.0 | 110.0 | 0.82 |",                          // against the limits
		"takes 31 ms (30 to 32)",
		"110 MiB for 2000, which is 1.10 times",
		"- gtx: 1",
	} {
		if !strings.Contains(tables, want) {
			t.Errorf("%q is missing in\n%s", want, tables)
		}
	}
}

func TestFiguresOfAnEarlierBuildHaveAStar(t *testing.T) {
	r := measured()
	if strings.Contains(r.tables(), "*") {
		t.Error("a star without a reason")
	}
	r.Program = "another"
	if tables := r.tables(); !strings.Contains(tables, "| 256×256 * |") || !strings.Contains(tables, "earlier build") {
		t.Errorf("no star in\n%s", tables)
	}
}

func TestPageKeepsWhatIsOutsideTheMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte("above\n"+beginMark+"\nold\n"+endMark+"\nbelow\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	b := &bench{page: path}
	for range 2 {
		if err := b.writePage(measured()); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	if !strings.HasPrefix(page, "above\n") || !strings.HasSuffix(page, endMark+"\nbelow\n") || strings.Contains(page, "\nold\n") ||
		strings.Count(page, "### Speed") != 1 {
		t.Errorf("the page is\n%s", page)
	}
	if _, err := between("no marks", "tables"); err == nil {
		t.Error("a page without marks was accepted")
	}
}

func TestResultsSurviveTheirFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	if err := measured().save(path); err != nil {
		t.Fatal(err)
	}
	if text := readFile(path); !strings.Contains(text, `"wall_s": 1.1`) {
		t.Errorf("the file is\n%s", text)
	}
}

func TestResultsAreChecked(t *testing.T) {
	folder := "../../docs"
	if _, err := checkResults(folder, 1, "1x1"); err == nil {
		t.Error("files that are no images were accepted")
	}
	if _, err := checkResults(t.TempDir(), 1, "1x1"); err == nil || err.Error() != "0 results, not 1" {
		t.Errorf("an empty folder: %v", err)
	}
}
