package cli

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"gtx/stages"
)

// A naming says where results go. Make it with newNaming.
type naming struct {
	out      string // folder that mirrors the inputs; "": beside each input
	base     string // absolute; in out, single files keep their path relative to it
	template string // such as {dir}/{stem}.{to}{ext}
	to       string
	model    string
	format   stages.Format // of all results; "": as each input's
	samples  int           // results of one input
	suffixes []string      // for the names of a network's second and later outputs
	seed     uint64
	named    []namedFile // no results replace these
	redo     bool        // results replace files that gtx did not make

	taken   map[string]string // absolute output -> its input
	inputs  map[fileID]string // if redo
	foreign map[fileID]string // if redo: file that gtx did not make -> the input whose result replaces it
}

// The default templates. Beside its source a result needs another name; in a folder of its own it keeps
// the source's.
const (
	nameBeside = "{dir}/{stem}.{to}{ext}"
	nameBelow  = "{dir}/{stem}{ext}"
)

// nameSample goes before {ext} in the default templates if one input has several results.
const nameSample = "-{sample}"

var field = regexp.MustCompile(`\{[^}]*\}`)

// newNaming completes n and checks its template.
func newNaming(n naming) (_ *naming, err error) {
	if n.template == "" {
		n.template = nameBeside
		if n.out != "" {
			n.template = nameBelow
		}
		if n.samples > 1 {
			n.template = strings.Replace(n.template, "{ext}", nameSample+"{ext}", 1)
		}
	}
	if n.base, err = filepath.Abs(n.base); err != nil {
		return nil, err
	}
	n.taken, n.inputs, n.foreign = map[string]string{}, map[fileID]string{}, map[fileID]string{}
	values := n.values("", "", "", 0)
	for _, f := range field.FindAllString(n.template, -1) {
		if _, known := values[f]; !known {
			return nil, usage("--name: unknown field %s: known are {dir}, {stem}, {ext}, {to}, {model}, {sample}", f)
		}
	}
	return &n, nil
}

func (n *naming) values(dir, stem, ext string, sample int) map[string]string {
	return map[string]string{
		"{dir}": dir, "{stem}": stem, "{ext}": ext, "{to}": n.to, "{model}": n.model, "{sample}": strconv.Itoa(sample),
	}
}

// place is a placer. It refuses a result outside the output folder, one that would replace its own input,
// and one whose path another result has.
func (n *naming) place(in, folder string, found stages.Format) ([]stages.Source, error) {
	format := n.format
	if format == "" {
		format = found.Output()
	}
	relative, err := n.relative(in, folder)
	if err != nil {
		return nil, err
	}
	if err := n.admit(in); err != nil {
		return nil, err
	}
	if found == "" {
		return nil, nil
	}
	mine := map[string]bool{}
	sources := make([]stages.Source, n.samples)
	for i := range sources {
		s := &sources[i]
		*s = stages.Source{In: in, Relative: relative, Below: n.out, Format: n.format, Seed: seedOf(n.seed, relative, i)}
		if s.Out, err = n.path(in, relative, format, i+1); err != nil {
			return nil, err
		}
		ext := filepath.Ext(s.Out)
		for _, suffix := range n.suffixes {
			s.More = append(s.More, strings.TrimSuffix(s.Out, ext)+suffix+ext)
		}
		for _, path := range append([]string{s.Out}, s.More...) {
			out, err := n.claim(in, path, mine)
			if err != nil {
				return nil, err
			}
			mine[out] = true
		}
	}
	for out := range mine {
		n.taken[out] = in
	}
	return sources, nil
}

// admit refuses an input that the run will replace. On a stream, only this item fails.
func (n *naming) admit(in string) error {
	info, err := os.Stat(in)
	for _, f := range n.named {
		if f.option == reportOption && f.is(in, info) {
			return refuseReport(fmt.Errorf("--report %q is an input", in))
		}
	}
	if err != nil || !n.redo {
		return nil
	}
	id := idOf(info)
	if other, replaced := n.foreign[id]; replaced && other != in {
		return replacesInput(in, other)
	}
	n.inputs[id] = in
	return nil
}

// spare refuses a result that replaces another input. Files that gtx made are no inputs: they are
// skipped. info describes the file at path.
func (n *naming) spare(in, path string, info os.FileInfo) error {
	if !n.redo || info == nil || stages.IsOwn(path) {
		return nil
	}
	id := idOf(info)
	if other, isInput := n.inputs[id]; isInput && other != in {
		return replacesInput(other, in)
	}
	n.foreign[id] = in
	return nil
}

// replacesInput is the failure of an input that the result of another one would replace.
func replacesInput(in, other string) error {
	return &failure{exitUsage, advice{
		fmt.Errorf("%q is an input, and the result of %q would replace it", in, other),
		"-o DIR writes to another folder; without --existing redo, gtx replaces only files that it made",
	}}
}

// A fileID is equal for two paths that lead to one file.
type fileID struct{ device, inode uint64 }

func idOf(info os.FileInfo) fileID {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}
	}
	return fileID{stat.Dev, stat.Ino}
}

// claim returns the absolute path of a result, or an error if the path cannot be used. mine are the
// results that the same input has so far.
func (n *naming) claim(in, path string, mine map[string]bool) (string, error) {
	out, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, _ := os.Stat(out)
	for _, f := range n.named {
		if f.is(out, info) {
			return "", usage("the result of %q would replace %q, the file of %s", in, path, f.option)
		}
	}
	other, taken := n.taken[out]
	switch {
	case sameFile(in, out):
		return "", usage("%q would be its own output", in)
	case mine[out]:
		return "", usage("several results of %q would be written to %q: --name lacks {sample}", in, path)
	case taken && other == in:
		return "", usage("%q is named twice", in)
	case taken:
		return "", usage("%q and %q would both be written to %q", other, in, path)
	}
	return out, n.spare(in, out, info)
}

// seedOf is the seed of one result's noise. It depends on the run's seed, the input's relative path and
// the number of the sample, never on batches or order.
func seedOf(seed uint64, relative string, sample int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s\x00%d", seed, filepath.ToSlash(relative), sample)
	return h.Sum64()
}

// path fills in the template.
func (n *naming) path(in, relative string, format stages.Format, sample int) (string, error) {
	where := relative
	if n.out == "" {
		where = in
	}
	dir, name := filepath.Split(where)
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if stem == "" { // a name such as .jpg
		stem, ext = name, ""
	}
	values := n.values(strings.TrimSuffix(dir, "/"), stem, format.Extension(name), sample)
	if dir == "" {
		values["{dir}"] = "."
	}
	path := field.ReplaceAllStringFunc(n.template, func(f string) string { return values[f] })
	path = filepath.Clean(path)
	if n.out == "" {
		return path, nil
	}
	if !filepath.IsLocal(path) {
		return "", usage("--name: %q would leave the folder %q", path, n.out)
	}
	return filepath.Join(n.out, path), nil
}

// relative is the path of an input below its folder argument or, without one, below the base. An input
// outside the base keeps its absolute path without the leading slash, as with cp --parents.
func (n *naming) relative(in, folder string) (string, error) {
	if folder != "" {
		return filepath.Rel(folder, in)
	}
	abs, err := filepath.Abs(in)
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(n.base, abs)
	if err != nil || !filepath.IsLocal(relative) {
		return strings.TrimPrefix(abs, "/"), nil
	}
	return relative, nil
}

// writable makes an output folder, if one is named, and tries to write to it.
func writable(dir string) error {
	if dir == "" {
		return nil
	}
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		err = tryFile(dir)
	}
	if err != nil {
		return cannotStart(fmt.Errorf("output folder %q: %w", dir, stages.WithoutPath(err)))
	}
	return nil
}

// tryFile creates a file in a folder and removes it.
func tryFile(dir string) error {
	f, err := os.CreateTemp(dir, ".gtx-*")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}
