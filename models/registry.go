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
	"syscall"
)

//go:embed builtin/*.onnx
var builtin embed.FS

const extension = ".onnx"

// A NotFoundError reports a name that no model has.
type NotFoundError struct {
	Name   string
	Known  []string
	Unread error // of folders that cannot be read and may have the model, or nil
}

func (e *NotFoundError) Error() string {
	text := fmt.Sprintf("no model %q; the models are %s", e.Name, strings.Join(e.Known, ", "))
	if e.Unread != nil {
		text += "; " + e.Unread.Error()
	}
	return text
}

func (e *NotFoundError) Unwrap() error { return e.Unread }

// Hint says how to name a model that is not installed.
func (e *NotFoundError) Hint() string {
	return "the path of a model ends in .onnx"
}

// Find returns the model with a name, built in, in the user's folder or installed with gtx, or the model at a path
// that ends in .onnx. The error is a *NotFoundError if no model has the name.
func Find(nameOrPath string) (*Model, error) {
	if strings.HasSuffix(nameOrPath, extension) {
		return Load(nameOrPath)
	}
	places, err := places()
	i := slices.IndexFunc(places, func(m *Model) bool { return m.Name() == nameOrPath })
	if i < 0 {
		return nil, &NotFoundError{Name: nameOrPath, Known: namesOf(places), Unread: err}
	}
	return load(places[i])
}

// Names returns the names that Find knows. It reads no model.
func Names() []string {
	places, _ := places()
	return namesOf(places)
}

func namesOf(places []*Model) (names []string) {
	for _, m := range places {
		names = append(names, m.Name())
	}
	return names
}

// List returns the models that Find knows by name. It leaves out models and folders that cannot be read,
// and returns their errors joined. A file with a further graph of a model does not count as a model.
func List() ([]*Model, error) {
	var models []*Model
	failures := map[string]error{}
	parts := map[string]bool{}
	places, unread := places()
	for _, place := range places {
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
	return models, errors.Join(append(errs, unread)...)
}

// ClassifierFor returns a model that tells apart all domains of a translator. Built-in models are tried
// first. Models that cannot be read are skipped.
func ClassifierFor(translator *Model) (*Model, error) {
	known, _ := List()
	domains := translator.Manifest.DomainIDs()
	for _, m := range known {
		if m.Classifies(domains) {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no model can tell these domains apart: %s", strings.Join(domains, ", "))
}

// Classifies says whether a model is a classifier that knows all of these domains.
func (m *Model) Classifies(domains []string) bool {
	return m.Manifest.Classifier != nil && !slices.ContainsFunc(domains, func(domain string) bool {
		return !slices.Contains(m.Manifest.Classifier.Classes, domain)
	})
}

// places returns the models that exist, not yet loaded: the built-in ones, then the user's, then those installed
// with gtx, each in the order of their names. If two have the same name, the second is left out. The error names the
// folders that cannot be read.
func places() ([]*Model, error) {
	program, err := os.Executable()
	if err != nil {
		program = ""
	}
	return placesIn(modelFolders(program))
}

func placesIn(folders []string) (found []*Model, unread error) {
	embedded, err := fs.Glob(builtin, "builtin/*"+extension)
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, p := range embedded {
		found = append(found, &Model{Origin: builtIn, path: p})
	}
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil && !isMissing(err) {
			unread = errors.Join(unread, fmt.Errorf("the folder of models %q: %w", folder, errors.Unwrap(err)))
		}
		for _, entry := range entries {
			m := &Model{Origin: filepath.Join(folder, entry.Name())}
			m.path = m.Origin
			taken := slices.ContainsFunc(found, func(other *Model) bool { return other.Name() == m.Name() })
			if strings.HasSuffix(m.path, extension) && isFile(m.path) && !taken {
				found = append(found, m)
			}
		}
	}
	return found, unread
}

// isMissing tells whether an error says that there is no such folder.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// Name returns the name of a model's file without .onnx. Find knows the model by it if the model is built in, in the
// user's folder or installed with gtx. Its manifest may have another name.
func (m *Model) Name() string { return stemOf(m.path) }

func stemOf(file string) string {
	return strings.TrimSuffix(path.Base(filepath.ToSlash(file)), extension)
}
