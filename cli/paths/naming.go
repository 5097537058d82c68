// Package paths decides which images a run reads and where their results go.
//
// Expand, ReadList and Stream turn arguments, lists and standard input into sources. They ask a Placer for the
// paths of the results; a Naming is the Placer of commands that write images. Every path belongs to one input,
// no result replaces its own input or a file that an option names, and none leaves the output folder.
package paths

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"gtx/cli/exit"
	"gtx/stages"
	"gtx/stages/durable"
)

// A Naming says where results go. Make it with New.
type Naming struct {
	Out      string // folder that mirrors the inputs; "": beside each input
	Base     string // absolute; in out, single files keep their path relative to it
	Template string // such as {dir}/{stem}.{to}{ext}
	To       string
	Model    string
	Format   stages.Format // of all results; "": as each input's
	Samples  int           // results of one input
	Suffixes []string      // for the names of a network's second and later outputs
	Noisy    bool          // results depend on noise, and get seeds
	Seed     uint64
	Named    []Named // no results replace these
	Redo     bool    // results replace files that gtx did not make

	taken   claims            // the absolute paths of results, without links; every input has equally many
	folders map[string]string // absolute folder of results -> the folder that links lead to
	names   names             // of the inputs
	inputs  map[fileID]string // if redo
	foreign map[fileID]string // if redo: file that gtx did not make -> the input whose result replaces it
}

// The default templates. A result beside its source needs another name; in a folder of its own, it
// keeps the source's name.
const (
	nameBeside = "{dir}/{stem}.{to}{ext}"
	nameBelow  = "{dir}/{stem}{ext}"
)

// nameSample goes before {ext} in the default templates if one input has several results.
const nameSample = "-{sample}"

var field = regexp.MustCompile(`\{[^}]*\}`)

// samplesMost bounds --samples.
const samplesMost = 1000

// New completes n and checks its template.
func New(n Naming) (_ *Naming, err error) {
	if n.Template == "" {
		n.Template = nameBeside
		if n.Out != "" {
			n.Template = nameBelow
		}
		if n.Samples > 1 {
			n.Template = strings.Replace(n.Template, "{ext}", nameSample+"{ext}", 1)
		}
	}
	if n.Samples > samplesMost {
		return nil, exit.Usage("--samples %d: at most %d", n.Samples, samplesMost)
	}
	if n.Base, err = filepath.Abs(n.Base); err != nil {
		return nil, err
	}
	n.taken, n.names, n.folders, n.inputs, n.foreign = claims{}, names{}, map[string]string{}, map[fileID]string{}, map[fileID]string{}
	values := n.values("", "", "", 0)
	for _, f := range field.FindAllString(n.Template, -1) {
		if _, known := values[f]; !known {
			return nil, exit.Usage("--name: unknown field %s: known are {dir}, {stem}, {ext}, {to}, {model}, {sample}", f)
		}
	}
	return &n, nil
}

func (n *Naming) values(dir, stem, ext string, sample int) map[string]string {
	return map[string]string{
		"{dir}": dir, "{stem}": stem, "{ext}": ext, "{to}": n.To, "{model}": n.Model, "{sample}": strconv.Itoa(sample),
	}
}

// Place is a Placer. It refuses a result outside the output folder, one that would replace its own input,
// and one whose path another result has.
func (n *Naming) Place(in, folder string, found stages.Format) ([]stages.Source, error) {
	format := n.Format
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
		return []stages.Source{{In: in, Relative: relative, Expected: n.expected(in, relative)}}, nil
	}
	mine := map[string]bool{}
	var again error
	sources := make([]stages.Source, n.Samples)
	for i := range sources {
		s := &sources[i]
		*s = stages.Source{In: in, Relative: relative, Below: n.Out, Sample: i + 1, Format: n.Format}
		if n.Noisy {
			s.Seed = SeedOf(n.Seed, relative, i)
		}
		if s.Out, err = n.path(in, relative, format, i+1); err != nil {
			return nil, err
		}
		ext := filepath.Ext(s.Out)
		if format.Extension(ext) != ext && isExtension(ext) {
			s.Err = fmt.Errorf("--name: %q is no name for the format %s: use {ext}, or --format", filepath.Base(s.Out), format)
		}
		for _, suffix := range n.Suffixes {
			s.More = append(s.More, strings.TrimSuffix(s.Out, ext)+suffix+ext)
		}
		for _, path := range append([]string{s.Out}, s.More...) {
			out, err := n.claim(in, path, mine)
			if errors.As(err, new(twice)) {
				again, s.Again = err, true
			} else if err != nil {
				return nil, err
			}
			mine[out] = true
		}
	}
	if again != nil {
		return sources, again
	}
	n.names.add(in)
	for out := range mine {
		n.taken.add(out)
	}
	return sources, nil
}

// expected is the path that the first result of an input would have if the format of the input is what its name
// says, or "".
func (n *Naming) expected(in, relative string) string {
	for _, f := range stages.Formats {
		if n.Format == f || n.Format == "" && f.Extension(in) == filepath.Ext(in) {
			path, _ := n.path(in, relative, f, 1)
			return path
		}
	}
	return ""
}

// admit refuses an input that the run will replace. On a stream, only this item fails.
func (n *Naming) admit(in string) error {
	info, err := os.Stat(in)
	for _, f := range n.Named {
		if slices.Contains(WrittenOptions, f.Option) && f.Is(in, info) {
			return Refuse(f.Option, fmt.Errorf("%s %q is an input", f.Option, in))
		}
	}
	if err != nil || !n.Redo {
		return nil
	}
	id := idOf(info)
	if other, replaced := n.foreign[id]; replaced && other != in {
		return replacesInput(in, other)
	}
	n.inputs[id] = in
	return nil
}

// Protect makes the entries of a list inputs that no result replaces, although this run does not read them.
func (n *Naming) Protect(entries []string) error {
	for _, entry := range entries {
		path, _ := split(entry)
		if err := n.admit(path); err != nil {
			return err
		}
	}
	return nil
}

// spare refuses a result that replaces another input. Files that gtx made are no inputs: they are
// skipped. info describes the file at path.
func (n *Naming) spare(in, path string, info os.FileInfo) error {
	if !n.Redo || info == nil || stages.IsOwn(path) {
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
	return &exit.Failure{Code: exit.CodeUsage, Err: exit.Hint(
		fmt.Errorf("%q is an input, and the result of %q would replace it", in, other),
		"-o DIR writes to another folder; without --existing redo, gtx replaces only files that it made",
	)}
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

// twice is the error of an input that was named before. Its sources are valid all the same: on a stream a file may
// come again because it has changed.
type twice struct{ in string }

func (t twice) Error() string { return fmt.Sprintf("%q is named twice", t.in) }

// foldersMost is how many folders are remembered.
const foldersMost = 10_000

// resolve follows the links in the absolute path of a folder, the last parts of which need not exist.
func (n *Naming) resolve(folder string) string {
	if resolved, known := n.folders[folder]; known {
		return resolved
	}
	if len(n.folders) >= foldersMost {
		clear(n.folders)
	}
	n.folders[folder] = folder // the answer for links in a circle, and for the root
	resolved := filepath.Join(n.resolve(filepath.Dir(folder)), filepath.Base(folder))
	if target, err := os.Readlink(resolved); err == nil {
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(resolved), target)
		}
		resolved = n.resolve(filepath.Clean(target))
	}
	n.folders[folder] = resolved
	return resolved
}

// claim returns the absolute path of a result, without links, or an error if the path cannot be used. mine holds
// the results of the same input so far.
func (n *Naming) claim(in, path string, mine map[string]bool) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, _ := os.Stat(abs)
	for _, f := range n.Named {
		if f.Is(abs, info) {
			return "", exit.Usage("the result of %q would replace %q, the file of %s", in, path, f.Option)
		}
	}
	out := filepath.Join(n.resolve(filepath.Dir(abs)), filepath.Base(abs))
	number := n.taken.number(out)
	taken, other := number >= 0, ""
	if taken {
		other = n.names.at(number / (n.Samples * (1 + len(n.Suffixes))))
	}
	switch {
	case SameFile(in, out):
		return "", exit.Usage("%q would be its own output", in)
	case mine[out]:
		return "", exit.Usage("several results of %q would be written to %q: --name lacks {sample}", in, path)
	case taken && other == in:
		return out, &exit.Failure{Code: exit.CodeUsage, Err: twice{in}}
	case taken:
		return "", exit.Usage("%q and %q would both be written to %q", other, in, path)
	}
	return out, n.spare(in, out, info)
}

// SeedOf is the seed of one result's noise. It depends on the run's seed, the input's relative path and
// the number of the sample, never on batches or order.
func SeedOf(seed uint64, relative string, sample int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s\x00%d", seed, filepath.ToSlash(relative), sample)
	return h.Sum64()
}

// path fills in the template.
func (n *Naming) path(in, relative string, format stages.Format, sample int) (string, error) {
	where := relative
	if n.Out == "" {
		where = in
	}
	dir, name := filepath.Split(where)
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	result := format.Extension(name)
	if stem == "" || result != ext && mustKeep(in, ext) { // stem is "" for a name such as .jpg
		stem = name
	}
	values := n.values(strings.TrimSuffix(dir, "/"), stem, result, sample)
	if dir == "" {
		values["{dir}"] = "."
	}
	path := field.ReplaceAllStringFunc(n.Template, func(f string) string { return values[f] })
	path = filepath.Clean(path)
	if n.Out == "" {
		return path, nil
	}
	if !filepath.IsLocal(path) {
		return "", exit.Usage("--name: %q would leave the folder %q", path, n.Out)
	}
	return filepath.Join(n.Out, path), nil
}

// isExtension tells whether images of some format that gtx writes have the extension.
func isExtension(ext string) bool {
	return slices.ContainsFunc(stages.Formats, func(f stages.Format) bool { return slices.Contains(f.Extensions(), strings.ToLower(ext)) })
}

// mustKeep tells whether the name of a result keeps the extension of its source, as in IMG_1.HEIC.jpg. Two sources that
// differ only in their extensions then have two results. The answer depends neither on a run's other inputs nor on
// their order. Extensions that gtx does not write always stay: HEIC files often lie beside JPEGs of the same name, or
// come before them. Odd spellings such as .jPg, which nobody looks for, stay as well. Other extensions stay if a file
// that differs only in its extension lies beside the source.
func mustKeep(in, ext string) bool {
	var known []string
	for _, f := range stages.Formats {
		for _, e := range f.Extensions() {
			known = append(known, e, strings.ToUpper(e), strings.ToUpper(e[:2])+e[2:]) // .jpg, .JPG and .Jpg
		}
	}
	if !slices.Contains(known, ext) {
		return true
	}
	self, err := os.Stat(in)
	if err != nil {
		return false
	}
	for _, other := range known {
		path := strings.TrimSuffix(in, ext) + other
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && !os.SameFile(info, self) && !stages.IsOwn(path) {
			return true
		}
	}
	return false
}

// relative is the path of an input below its folder argument or, without one, below the base. An input
// outside the base keeps its absolute path without the leading slash, as with cp --parents.
func (n *Naming) relative(in, folder string) (string, error) {
	if folder != "" {
		return filepath.Rel(folder, in)
	}
	abs, err := filepath.Abs(in)
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(n.Base, abs)
	if err != nil || !filepath.IsLocal(relative) {
		return strings.TrimPrefix(abs, "/"), nil
	}
	return relative, nil
}

// Writable makes an output folder, if one is named, and tries to write to it.
func Writable(dir string) error {
	if dir == "" {
		return nil
	}
	if err := durable.TryFolder(dir); err != nil {
		return exit.CannotStart(fmt.Errorf("output folder %q: %w", dir, stages.WithoutPath(err)))
	}
	return nil
}

// Mirror is a Placer that gives each image its relative path, by which --against finds its counterpart
// and --map names its map.
func Mirror(base string) Placer {
	n := &Naming{Base: base}
	return func(path, folder string, _ stages.Format) ([]stages.Source, error) {
		relative, err := n.relative(path, folder)
		return []stages.Source{{In: path, Relative: relative}}, err
	}
}
