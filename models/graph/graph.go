// Package graph finds the upsampling layers of a serialised ONNX model, tells which of them print
// checkerboards, and rewrites those that do. It works on the graph and its weights alone: it runs
// nothing and reads no files.
//
// Parse reads a model, Graph.Layers judges its layers, Graph.Repair and Graph.SetMetadata change it,
// and Graph.Model returns the changed bytes. Fields that were not changed keep their bytes. A layer
// that the graph alone does not determine gets the verdict CannotTell and is never changed. Malformed
// models are errors, never panics. A Graph may be used by one goroutine at a time.
package graph

import (
	"fmt"
	"slices"

	"gtx/models/onnx"
)

// A Graph is an ONNX model split into fields, so that single nodes and weights can be changed.
type Graph struct {
	model   []*onnx.Field // of the ModelProto; Model writes the graph among them from fields
	fields  []*onnx.Field // of the GraphProto
	nodes   []*node
	weights map[string]*onnx.Field // initializers by name
	outputs []string
	opset   uint64 // of ONNX's own operators
	hidden  []hiddenLayer
	// branched: a node contains a graph of its own, which may read any tensor of this one.
	branched bool
}

// A node is a NodeProto.
type node struct {
	field           *onnx.Field // of the GraphProto
	name            string
	op              string // with the domain in front unless it is ONNX's own
	inputs, outputs []string
	attributes      map[string]attribute
}

// A hiddenLayer is an upsampling layer inside a branch, a loop or a function, where its input and
// output cannot be followed.
type hiddenLayer struct{ name, op, container string }

// title is the name shown to people: the node's, or else that of its first output.
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
			err = g.findHidden(f.Content, onnx.FunctionNode, "a function", 1)
		}
		if err != nil {
			return nil, err
		}
	}
	if !versioned || g.fields == nil {
		return nil, onnx.ErrNotONNX
	}
	for _, f := range g.fields {
		if err := g.readField(f); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// readField reads a field of the GraphProto.
func (g *Graph) readField(f *onnx.Field) error {
	switch f.Number {
	case onnx.GraphNode:
		n, err := readNode(f)
		if err != nil {
			return err
		}
		if len(n.outputs) == 0 || len(n.inputs) == 0 && (n.upsamples() || n.op == "Conv") {
			return fmt.Errorf("node %q is %w", n.title(), errMalformed)
		}
		g.nodes = append(g.nodes, n)
		return g.findHiddenIn(n, 2)
	case onnx.GraphInitializer:
		name, err := onnx.Text(f.Content, onnx.TensorName)
		if err != nil {
			return err
		}
		g.weights[name] = f
	case onnx.GraphOutput:
		name, err := onnx.Text(f.Content, onnx.InfoName)
		if err != nil {
			return err
		}
		g.outputs = append(g.outputs, name)
	}
	return nil
}

// standard reports whether a domain is that of ONNX's own operators.
func standard(domain string) bool { return domain == "" || domain == "ai.onnx" }

// readOpset reads an OperatorSetIdProto and keeps the version of ONNX's own operators.
func (g *Graph) readOpset(message []byte) error {
	domain, version := "", uint64(0)
	err := onnx.Each(message, func(f onnx.Field) error {
		switch f.Number {
		case onnx.OpsetDomain:
			domain = string(f.Content)
		case onnx.OpsetVersion:
			version = f.Value
		}
		return nil
	})
	if standard(domain) {
		g.opset = version
	}
	return err
}

// findHiddenIn finds the upsampling layers in the graphs that an If, Loop or Scan node contains. depth is
// that of the node among the messages of the model.
func (g *Graph) findHiddenIn(n *node, depth int) error {
	for _, a := range n.attributes {
		for _, sub := range a.graphs {
			g.branched = true
			if err := g.findHidden(sub, onnx.GraphNode, "a branch of "+n.op, depth+2); err != nil {
				return err
			}
		}
	}
	return nil
}

// findHidden finds the upsampling layers in a GraphProto or FunctionProto, at any depth. nodes is the
// number of its field of nodes, depth that of the message.
func (g *Graph) findHidden(message []byte, nodes onnx.Number, container string, depth int) error {
	if depth > onnx.MaxDepth {
		return onnx.ErrTooDeep
	}
	return onnx.Each(message, func(f onnx.Field) error {
		if f.Number != nodes {
			return nil
		}
		n, err := readNode(&f)
		if err != nil {
			return err
		}
		if n.upsamples() {
			g.hidden = append(g.hidden, hiddenLayer{n.title(), n.op, container})
		}
		return g.findHiddenIn(n, depth+1)
	})
}

// readNode reads the NodeProto in a field.
func readNode(f *onnx.Field) (*node, error) {
	read, err := onnx.ReadNode(f.Content)
	if err != nil {
		return nil, err
	}
	n := &node{
		field: f, name: read.Name, op: read.Op, inputs: read.Inputs, outputs: read.Outputs,
		attributes: map[string]attribute{},
	}
	if !standard(read.Domain) {
		n.op = read.Domain + "." + n.op
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

// producer returns the node that outputs a tensor, or nil.
func (g *Graph) producer(tensor string) *node {
	for _, n := range g.nodes {
		if slices.Contains(n.outputs, tensor) {
			return n
		}
	}
	return nil
}

// readers returns the nodes that read a tensor.
func (g *Graph) readers(tensor string) []*node {
	var readers []*node
	for _, n := range g.nodes {
		if slices.Contains(n.inputs, tensor) {
			readers = append(readers, n)
		}
	}
	return readers
}

// readerCount counts the inputs of nodes that read a tensor. An output of the graph counts as one more.
func (g *Graph) readerCount(tensor string) int {
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
	var model onnx.Message
	for _, f := range g.model {
		if f.Number != onnx.ModelGraph {
			model.Field(f)
			continue
		}
		var inner onnx.Message
		for _, f := range g.fields {
			inner.Field(f)
		}
		model.Bytes(onnx.ModelGraph, inner)
	}
	return model
}
