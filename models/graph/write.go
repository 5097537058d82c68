package graph

import (
	"fmt"
	"slices"

	"gtx/models/onnx"
)

// unusedName returns name, followed by a number if a tensor of that name exists.
func (g *Graph) unusedName(name string) string {
	free := name
	for i := 2; g.weights[free] != nil || g.producer(free) != nil; i++ {
		free = fmt.Sprint(name, i)
	}
	return free
}

// insertAfter adds a node to the graph, directly after another one.
func (g *Graph) insertAfter(before *node, added onnx.Node) *node {
	n := mustRead(added.Encode())
	g.fields = slices.Insert(g.fields, slices.Index(g.fields, before.field)+1, n.field)
	g.nodes = append(g.nodes, n)
	return n
}

// mustRead reads a node that gtx has just written.
func mustRead(content []byte) *node {
	n, err := readNode(&onnx.Field{Number: onnx.GraphNode, Content: content})
	if err != nil {
		panic(err)
	}
	return n
}

// rename changes the name of one input or output of a node: number is onnx.NodeInput or
// onnx.NodeOutput, index its place among the fields of that number.
func (g *Graph) rename(n *node, number onnx.Number, index int, name string) {
	fields, err := onnx.Split(n.field.Content)
	if err != nil {
		panic(err) // Parse has read these bytes
	}
	var m onnx.Message
	for _, f := range fields {
		if f.Number == number {
			if index == 0 {
				f = &onnx.Field{Number: number, Content: []byte(name)}
			}
			index--
		}
		m.Field(f)
	}
	n.field.Content, n.field.Raw = m, nil
	renamed := mustRead(m)
	n.inputs, n.outputs = renamed.inputs, renamed.outputs
}

// divert gives the output of a node a new name, which it returns with the old one. The caller adds
// nodes that make the old output from the new one.
func (g *Graph) divert(n *node) (output, uneven string) {
	output = n.outputs[0]
	uneven = g.unusedName(output + ".uneven")
	g.rename(n, onnx.NodeOutput, 0, uneven)
	return output, uneven
}

// addWeights adds an initializer.
func (g *Graph) addWeights(name string, w *tensor) {
	f := &onnx.Field{Number: onnx.GraphInitializer, Content: w.encode(name)}
	g.weights[name] = f
	at := slices.IndexFunc(g.fields, func(f *onnx.Field) bool { return f.Number == onnx.GraphInitializer })
	g.fields = slices.Insert(g.fields, max(at, 0), f)
}

// replaceWeights gives a node an initializer of its own for one of its inputs, and removes the old one
// if nothing else reads it.
func (g *Graph) replaceWeights(n *node, input int, w *tensor) {
	old := n.inputs[input]
	name := g.unusedName(old + ".even")
	g.rename(n, onnx.NodeInput, input, name)
	g.addWeights(name, w)
	if f := g.weights[old]; f != nil && g.readerCount(old) == 0 && !g.branched {
		g.removeWeights(old, f)
	}
}

// removeWeights removes an initializer, and the input of the same name that old exporters declare.
func (g *Graph) removeWeights(name string, weights *onnx.Field) {
	delete(g.weights, name)
	g.fields = slices.DeleteFunc(g.fields, func(f *onnx.Field) bool {
		if f == weights {
			return true
		}
		input, err := onnx.Text(f.Content, onnx.InfoName)
		return f.Number == onnx.GraphInput && err == nil && input == name
	})
}
