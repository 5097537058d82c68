package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// The tables of the page lie between these lines. Everything else in it is written by hand.
const (
	beginMark = "<!-- begin: written by make bench -->"
	endMark   = "<!-- end: written by make bench -->"
)

// labels name the works in the page.
var labels = map[string]string{
	"256": "256×256", "1024-source": "1024×768, source size", "1024-model": "1024×768, model size",
	"12mp-source": "12 MP, source size", "12mp-model": "12 MP, model size", "identity-256": "identity, 256×256",
	"identity-1024": "identity, 1024×768", "identity-12mp": "identity, 12 MP",
}

// writePage puts the tables into the page. A partial run has a file of its own.
func (b *bench) writePage(r *results) error {
	if b.partial() {
		return os.WriteFile(b.pageFile(), []byte(r.tables()), 0o666)
	}
	page, err := os.ReadFile(b.page)
	if err != nil {
		return err
	}
	filled, err := between(string(page), r.tables())
	if err != nil {
		return fmt.Errorf("%s: %w", b.page, err)
	}
	return os.WriteFile(b.page, []byte(filled), 0o666)
}

// between replaces what a page has between the marks.
func between(page, text string) (string, error) {
	before, rest, begins := strings.Cut(page, beginMark)
	_, after, ends := strings.Cut(rest, endMark)
	if !begins || !ends {
		return "", fmt.Errorf("the lines %q and %q are missing", beginMark, endMark)
	}
	return before + beginMark + "\n\n" + text + "\n" + endMark + after, nil
}

// A measure is a table of the page: one figure per work and program.
type measure struct {
	title, note string
	of          func(sample) float64
	format      string
	ratio       bool // also how many times the wall time of gtx
	skip        []string
}

var measures = []measure{
	{
		title: "Speed", note: "Images per second from start to exit. In brackets: the program's wall time as a multiple of gtx's, so above 1 gtx is faster.",
		of: sample.rate, format: "%.1f", ratio: true,
	},
	{title: "Processor time", note: "Milliseconds per image, user and system.", of: sample.cpuMillis, format: "%.1f"},
	{title: "Memory", note: "Peak resident memory in MiB.", of: func(s sample) float64 { return s.Peak }, format: "%.0f", skip: []string{bare}},
	{
		title: "Written", note: "KiB per image.", format: "%.0f", skip: []string{bare},
		of: func(s sample) float64 { return float64(s.Bytes) / 1024 / float64(s.Images) },
	},
	{
		title: "First result", note: "Milliseconds from start until the first path is printed.", format: "%.0f", skip: []string{bare},
		of: func(s sample) float64 { return 1000 * s.First },
	},
}

// tables are all figures of the page.
func (r *results) tables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s at commit %s. %s\n", r.Date, r.Commit, r.Machine.words())
	for _, found := range r.Works {
		if found.Program != r.Program {
			b.WriteString("Rows with a star were measured with an earlier build.\n")
			break
		}
	}
	for _, m := range measures {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", m.title, m.note)
		r.table(&b, m)
	}
	fmt.Fprintf(&b, "\n### Spread\n\nThe fastest and the slowest round, in percent of the median wall time.\n\n")
	r.tableOf(&b, nil, func(of, _ []sample) string {
		walls := each(of, func(s sample) float64 { return s.Wall })
		middle := median(walls)
		return fmt.Sprintf("%+.0f to %+.0f", 100*(slices.Min(walls)/middle-1), 100*(slices.Max(walls)/middle-1))
	})
	r.limits(&b)
	r.startLines(&b)
	fmt.Fprintf(&b, "\n### Versions\n\n")
	for _, v := range r.Versions {
		fmt.Fprintf(&b, "- %s: %s\n", v.Name, v.Version)
	}
	return b.String()
}

func (m machine) words() string {
	return fmt.Sprintf("%d processors (%s), %.0f GiB of memory, %s; load average at the start: %s.",
		m.Processors, m.Processor, float64(m.MemoryMiB)/1024, m.Kernel, m.Load)
}

func (r *results) table(b *strings.Builder, m measure) {
	r.tableOf(b, m.skip, func(of, gtx []sample) string {
		cell := fmt.Sprintf(m.format, median(each(of, m.of)))
		if m.ratio && len(gtx) > 0 {
			cell += fmt.Sprintf(" (%.2f)", wall(of)/wall(gtx))
		}
		return cell
	})
}

// tableOf writes a row for each work and a column for each program that was measured. cell gets the
// program's samples, and those of gtx if the program is another.
func (r *results) tableOf(b *strings.Builder, skip []string, cell func(of, gtx []sample) string) {
	var columns []string
	for _, name := range all {
		for _, w := range r.Works {
			if len(w.Samples[name]) > 0 && !slices.Contains(columns, name) && !slices.Contains(skip, name) {
				columns = append(columns, name)
			}
		}
	}
	b.WriteString("| workload |")
	for _, name := range columns {
		fmt.Fprintf(b, " %s |", titles[name])
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(columns)) + "\n")
	for _, w := range works {
		found := r.Works[w.name]
		if found == nil {
			continue
		}
		fmt.Fprintf(b, "| %s |", r.label(w))
		for _, name := range columns {
			text := "–"
			if of := found.Samples[name]; len(of) > 0 {
				gtx := found.Samples[gtxName]
				if name == gtxName {
					gtx = nil
				}
				text = cell(of, gtx)
			}
			fmt.Fprintf(b, " %s |", text)
		}
		b.WriteString("\n")
	}
}

// label names a work in the tables, with a star if its figures are older than the rest.
func (r *results) label(w work) string {
	if r.Works[w.name].Program != r.Program {
		return labels[w.name] + " *"
	}
	return labels[w.name]
}

// limits compares gtx with the sum of its two limits.
func (r *results) limits(b *strings.Builder) {
	b.WriteString("\n### Against the limits\n\nThe processor time of the network alone and of libvips alone, added up and spread over all processors,\n" +
		"is the ideal wall time. The last column is that ideal as a share of gtx's wall time.\n\n" +
		"| workload | ideal, ms per image | gtx, ms per image | share |\n|---|---:|---:|---:|\n")
	for _, w := range works {
		found := r.Works[w.name]
		if found == nil {
			continue
		}
		net, vips, gtx := found.Samples[bare], found.Samples[libvips], found.Samples[gtxName]
		if len(net) == 0 || len(vips) == 0 || len(gtx) == 0 {
			continue
		}
		ideal := (median(each(net, sample.cpuMillis)) + median(each(vips, sample.cpuMillis))) / float64(r.Machine.Processors)
		took := 1000 / median(each(gtx, sample.rate))
		fmt.Fprintf(b, "| %s | %.1f | %.1f | %.2f |\n", r.label(w), ideal, took, ideal/took)
	}
}

// startLines are the figures beside the works.
func (r *results) startLines(b *strings.Builder) {
	if len(r.VersionMillis) == 0 || len(r.Memory) < 2 {
		return
	}
	few, many := r.Memory[0], r.Memory[1]
	fmt.Fprintf(b, "\n### Start and growth\n\n`gtx --version` takes %.0f ms (%.0f to %.0f). "+
		"Peak memory is %.0f MiB for %d images of 256×256 and %.0f MiB for %d, which is %.2f times as much.\n",
		median(r.VersionMillis), slices.Min(r.VersionMillis), slices.Max(r.VersionMillis),
		few.Peak, few.Images, many.Peak, many.Images, many.Peak/few.Peak)
}

// wall is the median wall time per image.
func wall(list []sample) float64 {
	return median(each(list, func(s sample) float64 { return s.Wall / float64(s.Images) }))
}

func each(list []sample, f func(sample) float64) (values []float64) {
	for _, s := range list {
		values = append(values, f(s))
	}
	return values
}
