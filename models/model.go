package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	metadataKey = "gtx.manifest"
	// ManifestSuffix makes the name of the manifest that lies beside a model and overrides the one
	// inside: NAME.onnx.yaml beside NAME.onnx.
	ManifestSuffix = ".yaml"
	// builtIn is the Origin of the embedded models.
	builtIn = "built-in"
	// maxModelBytes is protobuf's own limit for one message.
	maxModelBytes = 2 << 30
)

// A Model is a network on disk, or embedded, with its manifest. It does not hold the network: that
// is read again, and checked against the digest, when a session is made.
type Model struct {
	Manifest *Manifest
	Digest   string // hex SHA-256 of the .onnx file, and of the manifest beside it where there is one
	Origin   string // "built-in", or the path of the .onnx file

	path string // in the embedded folder if built in
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
	return fmt.Sprintf("describe the network in %q", e.Path+ManifestSuffix)
}

// Load reads the model in an .onnx file and its manifest, from the metadata key gtx.manifest or, if
// there is one, from the file named as the model with ".yaml" after it.
func Load(path string) (*Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%q is not a file", path)
	case info.Size() > maxModelBytes:
		return nil, fmt.Errorf("%q has more than 2 GiB, too much for an ONNX model", path)
	}
	return load(&Model{Origin: path, path: path})
}

// load fills in the manifest and the digest of a model whose place is known.
func load(m *Model) (*Model, error) {
	network, manifest, digest, err := m.read()
	if err != nil {
		return nil, err
	}
	declared, err := readONNX(network)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", m.path, err)
	}
	if manifest == nil {
		inside, ok := declared.metadata[metadataKey]
		if !ok {
			return nil, &ManifestMissingError{Path: m.path}
		}
		manifest = []byte(inside)
	}
	m.Digest = digest
	m.Manifest, err = ParseManifest(manifest)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", m.path, err)
	}
	if err := m.checkGraph(network); err != nil {
		return nil, fmt.Errorf("%q: %w", m.path, err)
	}
	return m, nil
}

// Inspect returns the inputs and outputs of a model's graph, whatever its manifest says of them.
func (m *Model) Inspect() (inputs, outputs []TensorInfo, err error) {
	network, err := m.network()
	if err != nil {
		return nil, nil, err
	}
	declared, err := readONNX(network)
	if err != nil {
		return nil, nil, err
	}
	return declared.inputs, declared.outputs, nil
}

// read returns the bytes of the network, those of the manifest beside it or nil, and the digest.
func (m *Model) read() (network, manifest []byte, digest string, err error) {
	readFile := os.ReadFile
	if m.Origin == builtIn {
		readFile = builtin.ReadFile
	}
	if network, err = readFile(m.path); err != nil {
		return nil, nil, "", err
	}
	manifest, err = readFile(m.path + ManifestSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, "", err
	}
	sum := sha256.New()
	sum.Write(network)
	sum.Write(manifest)
	return network, manifest, hexSum(sum), nil
}

// network returns the bytes of the network that the manifest was read with.
func (m *Model) network() ([]byte, error) {
	network, _, digest, err := m.read()
	if err != nil {
		return nil, err
	}
	if digest != m.Digest {
		return nil, fmt.Errorf("%q has changed since it was loaded", m.path)
	}
	return network, nil
}

// checkGraph compares what a manifest says about its file with the file.
func (m *Model) checkGraph(network []byte) error {
	id, graph := m.Manifest.Inputs[0].Graph, m.Manifest.graph()
	if name := filepath.Base(m.path); graph.File != "" && graph.File != name {
		return wrong("graphs."+id+".file", "%q is not this file, %q", graph.File, name)
	}
	sum := sha256.New()
	sum.Write(network)
	if graph.SHA256 != "" && !strings.EqualFold(graph.SHA256, hexSum(sum)) {
		return wrong("graphs."+id+".sha256", "the network is another one: its digest is %s", hexSum(sum))
	}
	return nil
}

func hexSum(sum hash.Hash) string {
	return hex.EncodeToString(sum.Sum(nil))
}
