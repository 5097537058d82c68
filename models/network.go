package models

import (
	"errors"
	"slices"

	"github.com/goccy/go-yaml"

	"gtx/models/manifest"
	"gtx/models/onnx"
)

// Network returns the bytes of the model's own .onnx file, without further graphs. It is an error if
// any of them has changed since the model was loaded.
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
	panic("models: a model whose file holds none of its graphs") // which graphs() refuses
}

// RepairNote is the key below training in the manifest of a repaired model.
const RepairNote = "repaired"

var errSeveralFiles = errors.New("the model has graphs in other files, which its manifest could not be with")

// Repaired returns the manifest for a model's repaired network, to be put inside of it: the
// model's own, with a note under training. What describes the old network alone is left out: its
// file name, its digest, and the golden cases, whose number is returned.
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
	var document yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &document, yaml.UseOrderedMap()); err != nil {
		return nil, 0, err
	}
	drop := func(entries yaml.MapSlice, keys ...any) yaml.MapSlice {
		return slices.DeleteFunc(entries, func(e yaml.MapItem) bool { return slices.Contains(keys, e.Key) })
	}
	document = drop(document, "golden")
	noted := false
	for i, e := range document {
		entries, ok := e.Value.(yaml.MapSlice)
		switch {
		case e.Key == "training":
			document[i].Value = append(drop(entries, RepairNote), yaml.MapItem{Key: RepairNote, Value: note})
			noted = true
		case e.Key == "graphs" && ok:
			for g, graph := range entries {
				if of, ok := graph.Value.(yaml.MapSlice); ok {
					entries[g].Value = drop(of, "file", "sha256")
				}
			}
		}
	}
	if !noted {
		document = append(document, yaml.MapItem{Key: "training", Value: yaml.MapSlice{{Key: RepairNote, Value: note}}})
	}
	text, err = yaml.MarshalWithOptions(document, yaml.JSON())
	if err != nil {
		return nil, 0, err
	}
	if _, err := manifest.Parse(text); err != nil {
		return nil, 0, errors.Join(errors.New("the manifest cannot be carried over"), err)
	}
	return text, len(m.Manifest.Golden), nil
}
