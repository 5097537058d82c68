package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"gtx/models/graph"
	"gtx/models/manifest"
	"gtx/models/onnx"
	"gtx/models/propose"
)

// graphExtension ends the names of a model's further graphs in the user's folder, where every .onnx file is a
// model.
const graphExtension = ".graph"

// goldenTolerance allows for rounded means and for other devices. It is in grey levels.
const goldenTolerance = 1.5

// An Addition is a model made from a network that was trained elsewhere.
type Addition struct {
	Name     string
	Path     string   // of the model in the user's folder
	Manifest []byte   // YAML, as stored in the model
	Assumed  []string // assumptions: neither the caller nor the network states them

	model *Model
}

// AddOptions are the options of Add.
type AddOptions struct {
	// Known is a manifest that may leave out what the network shows. If it states no schema, a scale or an
	// offset of one number holds for all channels. If it states one, every field that it leaves out has the
	// schema's default. Nil stands for the manifest beside the file or, without one, the manifest inside it.
	Known  []byte
	Name   string   // of the model; default: the name in Known, or else the name of the file
	To     []string // the domains; default: those in Known, or else one with the model's name
	Force  bool     // replace a model of the same name
	DryRun bool     // do everything except write
	Device Options
}

// A TakenError reports a name that another model already has.
type TakenError struct {
	Name, Origin string
}

func (e *TakenError) Error() string {
	if e.Origin == builtIn {
		return fmt.Sprintf("%q is the name of a built-in model", e.Name)
	}
	return fmt.Sprintf("a model %q exists already: %q", e.Name, e.Origin)
}

// Hint says how to avoid the error.
func (e *TakenError) Hint() string {
	if e.Origin == builtIn {
		return "--name gives another one"
	}
	return "--force replaces it, --name gives another one"
}

// Add makes a model from the network in an .onnx file and writes it into the user's folder. If the manifest
// names further graphs beside the file, they become part of the model. Weights in other files move into the
// model. The manifest goes inside, with golden cases recorded from the model's present results. Everything else
// in a network keeps its bytes. The model must translate the golden image before anything is written.
//
// Add completes the manifest with what the network shows: the names, types and shapes of its tensors, the
// layout, whether the sizes and the batch are fixed, and the range of its values if it ends in tanh or sigmoid.
// For any other network a trial run decides whether it gives bytes. The error is a *manifest.Error if the
// network can be read in several ways.
func (r *Runtime) Add(ctx context.Context, path string, o AddOptions) (*Addition, error) {
	if Folder() == "" {
		return nil, errors.New("there is no folder for models, because the user has no home folder")
	}
	network, err := readNetwork(path)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	if o.Known == nil {
		if o.Known, err = manifestOf(path, network); err != nil {
			return nil, err
		}
	}
	known := propose.Hints{Known: o.Known, Name: o.Name, To: o.To}
	known.Stem = strings.Trim(notIdentifier.ReplaceAllString(stemOf(path), "-"), "-.")
	a, err := r.addition(ctx, path, network, known, o)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	if o.DryRun {
		return a, nil
	}
	return a, a.write()
}

var notIdentifier = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// readNetwork reads an .onnx file with all its weights.
func readNetwork(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, errors.Unwrap(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a file")
	case info.Size() > onnx.MaxModelBytes:
		return nil, onnx.ErrTooLarge
	}
	network, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if _, err := onnx.ReadDeclaration(network); err != nil {
		return nil, err
	}
	return onnx.InlineWeights(network, filepath.Dir(path))
}

// manifestOf returns the manifest beside a network, or else the one inside it, or else nil.
func manifestOf(path string, network []byte) ([]byte, error) {
	_, beside, err := (&Model{path: path}).read()
	if err != nil || beside != nil {
		return beside, err
	}
	declared, err := onnx.ReadDeclaration(network)
	if inside, ok := declared.Metadata[MetadataKey]; ok {
		return []byte(inside), err
	}
	return nil, err
}

// addition proposes a manifest and runs the model that results.
func (r *Runtime) addition(ctx context.Context, path string, network []byte, known propose.Hints, o AddOptions) (*Addition, error) {
	p, err := propose.Manifest(network, known)
	if err == nil && p.Guessed {
		known.Values, err = r.observe(ctx, network, known, o.Device)
		if err == nil {
			p, err = propose.Manifest(network, known)
		}
	}
	if err != nil {
		return nil, err
	}
	name := p.Manifest.Name
	if !manifest.IsName(name) {
		return nil, manifest.Errorf("name", "%q is not a name of letters, digits and ._-", name)
	}
	if err := free(name, o.Force); err != nil {
		return nil, err
	}
	a := &Addition{Name: name, Path: filepath.Join(Folder(), name+extension), Assumed: p.Assumed}
	a.model = &Model{Origin: a.Path, path: a.Path, files: map[string][]byte{}}
	if err := a.gather(p.Manifest, path); err != nil {
		return nil, err
	}
	if err := a.embed(p.Manifest, network); err != nil {
		return nil, err
	}
	if len(a.model.Manifest.Golden) > 0 {
		for _, c := range r.Verify(ctx, a.model, o.Device) {
			err = errors.Join(err, c.Err)
		}
		return a, err
	}
	if p.Manifest.Golden, err = r.record(ctx, a.model, o.Device); err != nil {
		return nil, err
	}
	return a, a.embed(p.Manifest, network)
}

// free returns an error if a new model may not take a name.
func free(name string, force bool) error {
	places, err := places()
	if err != nil {
		return err
	}
	for _, m := range places {
		if m.Name() == name && (m.Origin == builtIn || !force) {
			return &TakenError{Name: name, Origin: m.Origin}
		}
	}
	if beside := filepath.Join(Folder(), name+extension+ManifestSuffix); isFile(beside) {
		return fmt.Errorf("%q would override the manifest inside", beside)
	}
	return nil
}

// gather reads the further graphs, renames them after the model and sets their digests in the manifest.
func (a *Addition) gather(m *manifest.Manifest, path string) error {
	for _, id := range slices.Sorted(maps.Keys(m.Graphs)) {
		graph := m.Graphs[id]
		if graph.File == "" || graph.File == filepath.Base(path) {
			graph.File, graph.SHA256 = "", "" // the manifest goes into this file and changes it
			m.Graphs[id] = graph
			continue
		}
		field := "graphs." + id + ".file"
		if filepath.Base(graph.File) != graph.File {
			return manifest.Errorf(field, "%q is not the name of a file beside the network", graph.File)
		}
		network, err := readNetwork(filepath.Join(filepath.Dir(path), graph.File))
		if err != nil {
			return manifest.Errorf(field, "%q: %v", graph.File, err)
		}
		sum := sha256.Sum256(network)
		graph.File = a.Name + "." + id + graphExtension
		graph.SHA256 = hex.EncodeToString(sum[:])
		m.Graphs[id] = graph
		a.model.files[filepath.Join(Folder(), graph.File)] = network
	}
	return nil
}

// embed puts the manifest into the model and loads the result like an installed model.
func (a *Addition) embed(m *manifest.Manifest, network []byte) (err error) {
	if a.Manifest, err = manifest.Marshal(m); err != nil {
		return err
	}
	g, err := graph.Parse(network)
	if err != nil {
		return err
	}
	g.SetMetadata(MetadataKey, string(a.Manifest))
	a.model.files[a.Path] = g.Model()
	if _, err = load(a.model); err != nil {
		return errors.Unwrap(err) // without the path, because no file exists there yet
	}
	return nil
}

// record returns golden cases made from a model's present results.
func (r *Runtime) record(ctx context.Context, m *Model, o Options) ([]manifest.Golden, error) {
	const most = 2 // targets, so that the manifest stays short
	in := m.Manifest.GoldenSize()
	all := m.Manifest.GoldenTargets()
	var golden []manifest.Golden
	for _, args := range all[:min(most, len(all))] {
		g := manifest.Golden{Inputs: in, Args: args}
		got, err := r.answer(ctx, m, g, o)
		if err != nil {
			return nil, err
		}
		g.Output, g.Tol = got.golden()
		golden = append(golden, g)
	}
	return golden, nil
}

// observe finds out whether a network without tanh or sigmoid gives values from 0 to 255 or from 0 to 1. It
// feeds the network values from 0 to 1 and looks at the spread of the results. Fast neural style networks give
// 0 to 255 whatever they are fed.
func (r *Runtime) observe(ctx context.Context, network []byte, known propose.Hints, o Options) (propose.Range, error) {
	known.Values = propose.RangeUnit
	p, err := propose.Manifest(network, known)
	if err != nil {
		return propose.RangeUnknown, err
	}
	p.Manifest.Name = "trial"
	a := &Addition{Path: "trial" + extension, model: &Model{path: "trial" + extension, files: map[string][]byte{}}}
	if err := a.embed(p.Manifest, network); err != nil {
		return propose.RangeUnknown, err
	}
	finals := a.model.Manifest.Finals()
	if len(finals) == 0 { // a classifier gives no image
		return propose.RangeUnknown, nil
	}
	// In this trial grey level 128 is the network's 0, and one grey level is 8 of the network's units.
	const unit = 8.0
	out := a.model.Manifest.ResultsOf(finals[0])[0]
	for c := range out.Scale {
		out.Scale[c], out.Offset[c] = unit, -128*unit
	}
	got, err := r.answer(ctx, a.model, manifest.Golden{
		Inputs: a.model.Manifest.GoldenSize(), Args: a.model.Manifest.GoldenTargets()[0],
	}, o)
	if err != nil {
		return propose.RangeUnknown, err
	}
	if (slices.Max(got.numbers)-slices.Min(got.numbers))*unit > 16 {
		return propose.RangeBytes, nil
	}
	return propose.RangeUnit, nil
}

// write writes the files of a model. The .onnx file comes last, because it makes the model visible.
func (a *Addition) write() error {
	if err := os.MkdirAll(Folder(), 0o755); err != nil {
		return err
	}
	for path, data := range a.model.files {
		if path != a.Path {
			if err := renameio.WriteFile(path, data, 0o644); err != nil {
				return err
			}
		}
	}
	return renameio.WriteFile(a.Path, a.model.files[a.Path], 0o644)
}

// golden returns an answer as a manifest records it, and its tolerance.
func (a *goldenAnswer) golden() (output manifest.GoldenOutput, tolerance float64) {
	if a.height == 0 {
		for _, p := range a.numbers {
			output.Probabilities = append(output.Probabilities, math.Round(p*1e4)/1e4)
		}
		return output, 0.02
	}
	output.H, output.W = a.height, a.width
	output.Means = make(manifest.CellMeans, len(a.numbers))
	for i, v := range a.numbers {
		output.Means[i] = byte(math.Floor(v + 0.5))
	}
	return output, goldenTolerance
}
