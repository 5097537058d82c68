// Package graph reads what upsampling layers a serialised ONNX model has, tells which of
// them print checkerboards, and rewrites those that do. It knows the graph and its weights
// and nothing of files, manifests or pictures, and runs nothing.
//
// Parse takes a model apart; Graph.Layers judges its layers; Graph.Repair and Graph.SetMetadata
// change it, and Graph.Model puts it together again: what was not changed is as it was, byte for byte.
package graph

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// The fields that are read here, of onnx.proto3 in https://github.com/onnx/onnx.
const (
	modelIRVersion     protowire.Number = 1
	modelGraph         protowire.Number = 7
	modelOpset         protowire.Number = 8
	modelMetadataProps protowire.Number = 14
	modelFunctions     protowire.Number = 25
	entryKey           protowire.Number = 1
	entryValue         protowire.Number = 2
	opsetDomain        protowire.Number = 1
	opsetVersion       protowire.Number = 2
	graphNode          protowire.Number = 1
	graphInitializer   protowire.Number = 5
	graphInput         protowire.Number = 11
	graphOutput        protowire.Number = 12
	functionNode       protowire.Number = 7
	infoName           protowire.Number = 1
	nodeInput          protowire.Number = 1
	nodeOutput         protowire.Number = 2
	nodeName           protowire.Number = 3
	nodeOpType         protowire.Number = 4
	nodeAttribute      protowire.Number = 5
	nodeDomain         protowire.Number = 7
)

var (
	errNotONNX   = errors.New("not an ONNX model")
	errTruncated = errors.New("not an ONNX model, or a truncated one")
)

// A Graph is an ONNX model whose graph has been taken apart.
type Graph struct {
	model   []*field // of the ModelProto; the graph among them is rebuilt
	fields  []*field // of the GraphProto
	nodes   []*node
	weights map[string]*field // initializers by name
	outputs []string
	opset   uint64
	hidden  []hidden
	// branched: some node holds a graph of its own, which may read any tensor of this one.
	branched bool
}

// A node is a NodeProto.
type node struct {
	place           *field // in the graph
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
	g := &Graph{weights: map[string]*field{}}
	var err error
	if g.model, err = split(model); err != nil {
		return nil, err
	}
	versioned := false
	for _, f := range g.model {
		switch f.number {
		case modelIRVersion:
			versioned = true
		case modelGraph:
			g.fields, err = split(f.content)
		case modelOpset:
			err = g.readOpset(f.content)
		case modelFunctions:
			err = g.hide(f.content, functionNode, "a function")
		}
		if err != nil {
			return nil, err
		}
	}
	if !versioned || g.fields == nil {
		return nil, errNotONNX
	}
	for _, f := range g.fields {
		switch f.number {
		case graphNode:
			n, err := readNode(f.content)
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
		case graphInitializer:
			name, err := text(f.content, tensorName)
			if err != nil {
				return nil, err
			}
			g.weights[name] = f
		case graphOutput:
			name, err := text(f.content, infoName)
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
	fields, err := split(message)
	domain, version := "", uint64(0)
	for _, f := range fields {
		switch f.number {
		case opsetDomain:
			domain = string(f.content)
		case opsetVersion:
			version = f.value
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
			if err := g.hide(sub, graphNode, "a branch of "+n.op); err != nil {
				return err
			}
		}
	}
	return nil
}

// hide notes the upsampling layers among the nodes of a message, and of those inside them.
func (g *Graph) hide(message []byte, number protowire.Number, where string) error {
	fields, err := split(message)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.number != number {
			continue
		}
		n, err := readNode(f.content)
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
	n := &node{attributes: map[string]attribute{}}
	fields, err := split(message)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		switch f.number {
		case nodeInput:
			n.inputs = append(n.inputs, string(f.content))
		case nodeOutput:
			n.outputs = append(n.outputs, string(f.content))
		case nodeName:
			n.name = string(f.content)
		case nodeOpType:
			n.op += string(f.content)
		case nodeDomain:
			if domain := string(f.content); domain != "" && domain != "ai.onnx" {
				n.op = domain + "." + n.op // not the operator that this package knows
			}
		case nodeAttribute:
			a, err := readAttribute(f.content)
			if err != nil {
				return nil, err
			}
			n.attributes[a.name] = a
		}
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
		if f.number != modelMetadataProps {
			continue
		}
		if k, err := text(f.content, entryKey); err != nil || k != key {
			continue
		}
		value, err := text(f.content, entryValue)
		return value, err == nil
	}
	return "", false
}

// SetMetadata sets the value of a key in metadata_props.
func (g *Graph) SetMetadata(key, value string) {
	g.model = slices.DeleteFunc(g.model, func(f *field) bool {
		k, err := text(f.content, entryKey)
		return f.number == modelMetadataProps && err == nil && k == key
	})
	var entry message
	entry.text(entryKey, key)
	entry.text(entryValue, value)
	g.model = append(g.model, &field{number: modelMetadataProps, kind: protowire.BytesType, content: entry})
}

// Model returns the serialised ModelProto.
func (g *Graph) Model() []byte {
	var b message
	for _, f := range g.model {
		if f.number != modelGraph {
			b.field(f)
			continue
		}
		var inner message
		for _, f := range g.fields {
			inner.field(f)
		}
		b.bytes(modelGraph, inner)
	}
	return b
}
