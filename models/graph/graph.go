// Package graph reads what upsampling layers a serialised ONNX model has, tells which of
// them print checkerboards, and rewrites those that do. It knows the graph and its weights
// and nothing of files, manifests or pictures, and runs nothing.
//
// Parse takes a model apart; Graph.Layers judges its layers; Graph.Repair and Graph.SetMetadata
// change it, and Graph.Model puts it together again: what was not changed is as it was, byte for byte.
package graph

import (
	"fmt"
	"slices"

	"gtx/models/onnx"
)

// A Graph is an ONNX model whose graph has been taken apart.
type Graph struct {
	model   []*onnx.Field // of the ModelProto; the graph among them is rebuilt
	fields  []*onnx.Field // of the GraphProto
	nodes   []*node
	weights map[string]*onnx.Field // initializers by name
	outputs []string
	opset   uint64
	hidden  []hidden
	// branched: some node holds a graph of its own, which may read any tensor of this one.
	branched bool
}

// A node is a NodeProto.
type node struct {
	place           *onnx.Field // in the graph
	name, op        string
	inputs, outputs []string
	attributes      map[string]attribute
}

// hidden is an upsampling layer that cannot be followed: in a branch, a loop or a function.
type hidden struct{ name, op, where string }

// title names a node to people.
func (n *node) title() string {
	if n.name != "" || len(n.outputs) == 0 {
		return n.name
	}
	return n.outputs[0]
}

// Parse reads a serialised ModelProto.
func Parse(model []byte) (*Graph, error) {
	g := &Graph{weights: map[string]*onnx.Field{}}
	var err error
	if g.model, err = onnx.Split(model); err != nil {
		return nil, err
	}
	versioned := false
	for _, f := range g.model {
		switch f.Number {
		case onnx.ModelIRVersion:
			versioned = true
		case onnx.ModelGraph:
			g.fields, err = onnx.Split(f.Content)
		case onnx.ModelOpset:
			err = g.readOpset(f.Content)
		case onnx.ModelFunctions:
			err = g.hide(f.Content, onnx.FunctionNode, "a function")
		}
		if err != nil {
			return nil, err
		}
	}
	if !versioned || g.fields == nil {
		return nil, onnx.ErrNotONNX
	}
	for _, f := range g.fields {
		switch f.Number {
		case onnx.GraphNode:
			n, err := readNode(f.Content)
			if err != nil {
				return nil, err
			}
			n.place = f
			if len(n.outputs) == 0 || len(n.inputs) == 0 && (n.upsamples() || n.op == "Conv") {
				return nil, fmt.Errorf("node %q is %w", n.title(), errMalformed)
			}
			g.nodes = append(g.nodes, n)
			if err := g.hideBranches(n); err != nil {
				return nil, err
			}
		case onnx.GraphInitializer:
			name, err := onnx.Text(f.Content, onnx.TensorName)
			if err != nil {
				return nil, err
			}
			g.weights[name] = f
		case onnx.GraphOutput:
			name, err := onnx.Text(f.Content, onnx.InfoName)
			if err != nil {
				return nil, err
			}
			g.outputs = append(g.outputs, name)
		}
	}
	return g, nil
}

// readOpset keeps the version of ONNX' own operators.
func (g *Graph) readOpset(message []byte) error {
	fields, err := onnx.Split(message)
	domain, version := "", uint64(0)
	for _, f := range fields {
		switch f.Number {
		case onnx.OpsetDomain:
			domain = string(f.Content)
		case onnx.OpsetVersion:
			version = f.Value
		}
	}
	if domain == "" || domain == "ai.onnx" {
		g.opset = version
	}
	return err
}

// hideBranches notes the upsampling layers in the graphs that a node holds: those of If and Loop.
func (g *Graph) hideBranches(n *node) error {
	for _, a := range n.attributes {
		for _, sub := range a.graphs {
			g.branched = true
			if err := g.hide(sub, onnx.GraphNode, "a branch of "+n.op); err != nil {
				return err
			}
		}
	}
	return nil
}

// hide notes the upsampling layers among the nodes of a message, and of those inside them.
func (g *Graph) hide(message []byte, number onnx.Number, where string) error {
	fields, err := onnx.Split(message)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.Number != number {
			continue
		}
		n, err := readNode(f.Content)
		if err != nil {
			return err
		}
		if n.upsamples() {
			g.hidden = append(g.hidden, hidden{n.title(), n.op, where})
		}
		if err := g.hideBranches(n); err != nil {
			return err
		}
	}
	return nil
}

func readNode(message []byte) (*node, error) {
	read, err := onnx.ReadNode(message)
	if err != nil {
		return nil, err
	}
	n := &node{name: read.Name, op: read.Op, inputs: read.Inputs, outputs: read.Outputs, attributes: map[string]attribute{}}
	if read.Domain != "" && read.Domain != "ai.onnx" {
		n.op = read.Domain + "." + n.op // not the operator that this package knows
	}
	for _, content := range read.Attributes {
		a, err := readAttribute(content)
		if err != nil {
			return nil, err
		}
		n.attributes[a.name] = a
	}
	return n, nil
}

// producer is the node that makes a tensor, or nil.
func (g *Graph) producer(tensor string) *node {
	for _, n := range g.nodes {
		if slices.Contains(n.outputs, tensor) {
			return n
		}
	}
	return nil
}

// readers counts who reads a tensor: nodes, and the outside where it is an output.
func (g *Graph) readers(tensor string) int {
	count := 0
	for _, n := range g.nodes {
		for _, in := range n.inputs {
			if in == tensor {
				count++
			}
		}
	}
	if slices.Contains(g.outputs, tensor) {
		count++
	}
	return count
}

// named tells whether a tensor of this name exists.
func (g *Graph) named(tensor string) bool {
	return g.weights[tensor] != nil || g.producer(tensor) != nil
}

// fresh is a name like the one given that no tensor has.
func (g *Graph) fresh(name string) string {
	free := name
	for i := 2; g.named(free); i++ {
		free = fmt.Sprint(name, i)
	}
	return free
}

// Metadata returns the value of a key in metadata_props, and whether there is one.
func (g *Graph) Metadata(key string) (string, bool) {
	for _, f := range g.model {
		if f.Number != onnx.ModelMetadataProps {
			continue
		}
		if k, err := onnx.Text(f.Content, onnx.EntryKey); err != nil || k != key {
			continue
		}
		value, err := onnx.Text(f.Content, onnx.EntryValue)
		return value, err == nil
	}
	return "", false
}

// SetMetadata sets the value of a key in metadata_props.
func (g *Graph) SetMetadata(key, value string) {
	g.model = slices.DeleteFunc(g.model, func(f *onnx.Field) bool {
		k, err := onnx.Text(f.Content, onnx.EntryKey)
		return f.Number == onnx.ModelMetadataProps && err == nil && k == key
	})
	var entry onnx.Message
	entry.Text(onnx.EntryKey, key)
	entry.Text(onnx.EntryValue, value)
	g.model = append(g.model, &onnx.Field{Number: onnx.ModelMetadataProps, Content: entry})
}

// Model returns the serialised ModelProto.
func (g *Graph) Model() []byte {
	var b onnx.Message
	for _, f := range g.model {
		if f.Number != onnx.ModelGraph {
			b.Field(f)
			continue
		}
		var inner onnx.Message
		for _, f := range g.fields {
			inner.Field(f)
		}
		b.Bytes(onnx.ModelGraph, inner)
	}
	return b
}
