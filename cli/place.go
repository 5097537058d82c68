package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gtx/stages"
)

// A naming says where results go.
type naming struct {
	out      string // folder that mirrors the inputs; "": beside each input
	base     string // what the paths of single files are relative to, absolute
	template string // such as {dir}/{stem}.{to}{ext}
	to       string
	model    string
	format   stages.Format // of all results; "": each as its input

	taken map[string]string // absolute output -> its input
}

// Default templates: beside the source the domain tells the two apart; below a
// folder of its own the result keeps its name.
const (
	nameBeside = "{dir}/{stem}.{to}{ext}"
	nameBelow  = "{dir}/{stem}{ext}"
)

var field = regexp.MustCompile(`\{[^}]*\}`)

func newNaming(out, base, template, to, model string, format stages.Format) (*naming, error) {
	if template == "" {
		template = nameBeside
		if out != "" {
			template = nameBelow
		}
	}
	base, err := filepath.Abs(base)
	if err != nil {
		return nil, err
	}
	n := &naming{out: out, base: base, template: template, to: to, model: model, format: format, taken: map[string]string{}}
	values := n.values("", "", "")
	for _, f := range field.FindAllString(template, -1) {
		if _, known := values[f]; !known {
			return nil, usage("--name: unknown field %s: known are {dir}, {stem}, {ext}, {to}, {model}", f)
		}
	}
	return n, nil
}

func (n *naming) values(dir, stem, ext string) map[string]string {
	return map[string]string{"{dir}": dir, "{stem}": stem, "{ext}": ext, "{to}": n.to, "{model}": n.model}
}

// place is a placer. A result that would be its own input, or another's result,
// is an error; so is one outside the output folder.
func (n *naming) place(in, folder string, found stages.Format) (s stages.Source, err error) {
	s = stages.Source{In: in, Format: n.format}
	format := n.format
	if format == "" {
		format = found.Output()
	}
	if s.Out, err = n.path(in, folder, format); err != nil {
		return s, err
	}
	out, err := filepath.Abs(s.Out)
	if err != nil {
		return s, err
	}
	if same(in, out) {
		return s, usage("%q would be its own output", in)
	}
	if other, ok := n.taken[out]; ok {
		if other == in {
			return s, usage("%q is named twice", in)
		}
		return s, usage("%q and %q would both be written to %q", other, in, s.Out)
	}
	n.taken[out] = in
	return s, nil
}

// path fills in the template.
func (n *naming) path(in, folder string, format stages.Format) (string, error) {
	relative, err := n.relative(in, folder)
	if err != nil {
		return "", err
	}
	where := relative
	if n.out == "" {
		where = in
	}
	dir, name := filepath.Split(where)
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if stem == "" { // .jpg
		stem, ext = name, ""
	}
	values := n.values(strings.TrimSuffix(dir, "/"), stem, format.Extension(name))
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

// relative is the path of an input below what it was found in: its folder
// argument, or the base. One outside the base keeps its absolute path without
// the leading slash, as cp --parents does.
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

// writable makes sure that the output folder can be written to.
func writable(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("output folder %q: %w", dir, stages.WithoutPath(err))
	}
	f, err := os.CreateTemp(dir, ".gtx-*")
	if err != nil {
		return fmt.Errorf("output folder %q: %w", dir, stages.WithoutPath(err))
	}
	f.Close()
	return os.Remove(f.Name())
}
