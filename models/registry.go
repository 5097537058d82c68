package models

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed builtin/*.onnx
var builtin embed.FS

const extension = ".onnx"

// A NotFoundError reports that no model has a name.
type NotFoundError struct {
	Name  string
	Known []string
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no model %q; there are %s", e.Name, strings.Join(e.Known, ", "))
}

// Hint says how to name a model that is not installed.
func (e *NotFoundError) Hint() string {
	return "the path of a model ends in .onnx"
}

// Find returns the model with a name, which is built in or in the user's folder, or the model at a path, which
// ends in .onnx. The error is a *NotFoundError if no model has the name.
func Find(nameOrPath string) (*Model, error) {
	if strings.HasSuffix(nameOrPath, extension) {
		return Load(nameOrPath)
	}
	places := places()
	i := slices.IndexFunc(places, func(m *Model) bool { return m.stem() == nameOrPath })
	if i < 0 {
		var known []string
		for _, m := range places {
			known = append(known, m.stem())
		}
		return nil, &NotFoundError{Name: nameOrPath, Known: known}
	}
	return load(places[i])
}

// List returns the built-in models and those in the user's folder. It leaves out models that cannot be read,
// and joins an error for each of them. Files with further graphs of a model do not count as models.
func List() ([]*Model, error) {
	var models []*Model
	failures := map[string]error{}
	parts := map[string]bool{}
	for _, place := range places() {
		m, err := load(place)
		if err != nil {
			failures[place.path] = err
			continue
		}
		models = append(models, m)
		for _, graph := range m.Manifest.Graphs {
			parts[filepath.Join(filepath.Dir(m.path), graph.File)] = true
		}
	}
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(failures)) {
		if err := failures[path]; !parts[path] || !errors.As(err, new(*ManifestMissingError)) {
			errs = append(errs, err)
		}
	}
	return models, errors.Join(errs...)
}

// ClassifierFor returns a classifier of all domains of a translator, a built-in one if there is one. It
// ignores models that cannot be read.
func ClassifierFor(translator *Model) (*Model, error) {
	known, _ := List()
	domains := translator.Manifest.DomainIDs()
	for _, m := range known {
		if m.Classifies(domains) {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no model distinguishes %s", strings.Join(domains, ", "))
}

// Classifies says whether a model is a classifier that knows all these domains.
func (m *Model) Classifies(domains []string) bool {
	return m.Manifest.Classifier != nil && !slices.ContainsFunc(domains, func(domain string) bool {
		return !slices.Contains(m.Manifest.Classifier.Classes, domain)
	})
}

// places returns the built-in models and then the user's, without reading them. If several have the same
// name, it returns the first.
func places() []*Model {
	var found []*Model
	embedded, err := fs.Glob(builtin, "builtin/*"+extension)
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, p := range embedded {
		found = append(found, &Model{Origin: builtIn, path: p})
	}
	// A user without a folder has no models there.
	entries, _ := os.ReadDir(Folder())
	for _, entry := range entries {
		m := &Model{Origin: filepath.Join(Folder(), entry.Name())}
		m.path = m.Origin
		taken := slices.ContainsFunc(found, func(other *Model) bool { return other.stem() == m.stem() })
		if strings.HasSuffix(m.path, extension) && isFile(m.path) && !taken {
			found = append(found, m)
		}
	}
	return found
}

// stem returns the name by which Find finds a model.
func (m *Model) stem() string { return stemOf(m.path) }

func stemOf(file string) string {
	return strings.TrimSuffix(path.Base(filepath.ToSlash(file)), extension)
}
