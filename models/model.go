package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gtx/models/manifest"
	"gtx/models/onnx"
)

const (
	// MetadataKey is the key of the manifest in a model's metadata_props.
	MetadataKey = "gtx.manifest"
	// ManifestSuffix is appended to a model's file name to name the manifest beside it, which overrides the
	// one inside: NAME.onnx.yaml beside NAME.onnx.
	ManifestSuffix = ".yaml"
	// builtIn is the Origin of the embedded models.
	builtIn = "built-in"
)

// A Model is a network with its manifest, on disk or embedded in the program. It does not keep the network
// in memory: opening a session reads the file again and checks its digest. Further graphs of a model are in
// files of their own in the same folder.
type Model struct {
	Manifest *manifest.Manifest
	Digest   string // SHA-256 in hex over the .onnx file, the manifest beside it, if any, and further graphs
	Origin   string // "built-in", or the path of the .onnx file

	path string // in the embedded folder if built in
	// files are the contents, by path, of a model that is not written yet; nil for any other model.
	files map[string][]byte
}

// A ManifestMissingError says that a model has no manifest, inside or beside it.
type ManifestMissingError struct {
	Path string
}

func (e *ManifestMissingError) Error() string {
	return fmt.Sprintf("%q has no manifest", e.Path)
}

// Hint says where to put the manifest.
func (e *ManifestMissingError) Hint() string {
	return fmt.Sprintf("'gtx models add' makes a model from a network, or describe the network in %q", e.Path+ManifestSuffix)
}

// Load reads the model in an .onnx file. The manifest is in the file named like the model with ".yaml" after
// it or, if there is no such file, under the metadata key gtx.manifest.
func Load(path string) (*Model, error) { return load(&Model{Origin: path, path: path}) }

// load fills in the manifest and the digest of a model whose path is set.
func load(m *Model) (*Model, error) {
	network, text, err := m.read()
	if err != nil {
		return nil, err
	}
	declared, err := onnx.ReadDeclaration(network)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", m.path, err)
	}
	beside := text
	if text == nil {
		inside, ok := declared.Metadata[MetadataKey]
		if !ok {
			return nil, &ManifestMissingError{Path: m.path}
		}
		text = []byte(inside)
	}
	if m.Manifest, err = manifest.Parse(text); err == nil {
		var graphs map[string][]byte
		if graphs, err = m.graphs(network); err == nil {
			m.Digest = m.digest(network, beside, graphs)
			return m, nil
		}
	}
	return nil, fmt.Errorf("%q: %w", m.path, err)
}

// TensorInfo describes an input or output as a network declares it.
type TensorInfo = onnx.TensorInfo

// Tensors returns the inputs and outputs that a graph of the model declares, whatever the manifest says about
// them.
func (m *Model) Tensors(graph string) (inputs, outputs []TensorInfo, err error) {
	graphs, err := m.networks()
	if err != nil {
		return nil, nil, err
	}
	declared, err := onnx.ReadDeclaration(graphs[graph])
	if err != nil {
		return nil, nil, err
	}
	return declared.Inputs, declared.Outputs, nil
}

func (m *Model) readFile(path string) ([]byte, error) {
	switch {
	case m.Origin == builtIn:
		return builtin.ReadFile(path)
	case m.files == nil:
		return readRegular(path)
	}
	if data, ok := m.files[path]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

// readRegular reads a file of a model. It refuses what may block or never end, and what is too large.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%q is not a file", path)
	case info.Size() > onnx.MaxModelBytes:
		return nil, fmt.Errorf("%q has %w", path, onnx.ErrTooLarge)
	}
	return os.ReadFile(path)
}

// ReadManifest reads the text of a manifest. It refuses pipes and devices, as Load does for a manifest beside a model.
func ReadManifest(path string) ([]byte, error) { return readRegular(path) }

// read returns the bytes of the .onnx file and of the manifest beside it, which are nil if there is none.
func (m *Model) read() (network, beside []byte, err error) {
	if network, err = m.readFile(m.path); err != nil {
		return nil, nil, err
	}
	beside, err = m.readFile(m.path + ManifestSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return network, beside, err
}

// within says whether a graph is in the model's own file.
func (m *Model) within(graph manifest.Graph) bool {
	return graph.File == "" || graph.File == filepath.Base(m.path)
}

// graphs returns the bytes of each graph by its id. network is the model's own file, which must be one of
// them. Each file must match the digest that the manifest states, if it states one.
func (m *Model) graphs(network []byte) (map[string][]byte, error) {
	graphs := map[string][]byte{}
	own := false
	for _, id := range slices.Sorted(maps.Keys(m.Manifest.Graphs)) {
		graph := m.Manifest.Graphs[id]
		if m.within(graph) {
			graphs[id], own = network, true
		} else {
			data, err := m.readFile(filepath.Join(filepath.Dir(m.path), graph.File))
			if err != nil {
				return nil, manifest.Errorf("graphs."+id+".file", "%v", err)
			}
			graphs[id] = data
		}
		if err := onnx.CheckSelfContained(graphs[id]); err != nil {
			return nil, err
		}
		if graph.SHA256 == "" {
			continue
		}
		if has := fmt.Sprintf("%x", sha256.Sum256(graphs[id])); !strings.EqualFold(graph.SHA256, has) {
			return nil, manifest.Errorf("graphs."+id+".sha256", "this is another network: its digest is %s", has)
		}
	}
	if !own {
		id := slices.Sorted(maps.Keys(m.Manifest.Graphs))[0]
		return nil, manifest.Errorf("graphs."+id+".file", "%q is not this file, %q", m.Manifest.Graphs[id].File, filepath.Base(m.path))
	}
	return graphs, nil
}

// digest returns the SHA-256, in hex, of all files of the model.
func (m *Model) digest(network, beside []byte, graphs map[string][]byte) string {
	sum := sha256.New()
	sum.Write(network)
	sum.Write(beside)
	for _, id := range slices.Sorted(maps.Keys(graphs)) {
		if len(graphs[id]) != len(network) || &graphs[id][0] != &network[0] {
			sum.Write(graphs[id])
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// networks reads all graphs again. It is an error if any file has changed since the model was loaded.
func (m *Model) networks() (map[string][]byte, error) {
	network, beside, err := m.read()
	if err != nil {
		return nil, err
	}
	graphs, err := m.graphs(network)
	// A built-in model cannot change, and computing its digest would add milliseconds to every start.
	if err != nil || m.Origin != builtIn && m.digest(network, beside, graphs) != m.Digest {
		return nil, fmt.Errorf("%q has changed since it was loaded", m.path)
	}
	return graphs, nil
}

// Network returns the bytes of the model's own .onnx file, without further graphs. It is an error if any file
// of the model has changed since it was loaded.
func (m *Model) Network() ([]byte, error) {
	graphs, err := m.networks()
	if err != nil {
		return nil, err
	}
	for id, graph := range m.Manifest.Graphs {
		if m.within(graph) {
			return graphs[id], nil
		}
	}
	panic("models: none of the model's graphs is in its own file") // the method graphs refuses such a model
}

// RepairNote is the key below training in the manifest of a repaired model.
const RepairNote = "repaired"

var errSeveralFiles = errors.New("the model has graphs in other files, so its manifest cannot go into one of them")

// Repaired returns the manifest to put inside a model's repaired network: the model's own, with a note
// under training. It leaves out the fields that describe only the old network: the file name, the digest and
// the golden cases. golden is the number of those cases.
func (m *Model) Repaired(note string) (text []byte, golden int, err error) {
	for _, graph := range m.Manifest.Graphs {
		if !m.within(graph) {
			return nil, 0, errSeveralFiles
		}
	}
	network, text, err := m.read()
	if err != nil {
		return nil, 0, err
	}
	if text == nil {
		declared, err := onnx.ReadDeclaration(network)
		if err != nil {
			return nil, 0, err
		}
		text = []byte(declared.Metadata[MetadataKey])
	}
	draft, err := manifest.ParseDraft(text)
	if err != nil {
		return nil, 0, err
	}
	draft.Golden = nil
	if draft.Training == nil {
		draft.Training = map[string]any{}
	}
	draft.Training[RepairNote] = note
	for id, graph := range draft.Graphs {
		graph.File, graph.SHA256 = "", ""
		draft.Graphs[id] = graph
	}
	if text, err = manifest.Marshal(&draft.Manifest); err != nil {
		return nil, 0, err
	}
	if _, err := manifest.Parse(text); err != nil {
		return nil, 0, fmt.Errorf("the manifest cannot be carried over: %w", err)
	}
	return text, len(m.Manifest.Golden), nil
}
