package onnx

// A Node is a NodeProto.
type Node struct {
	Name, Op, Domain string
	Inputs, Outputs  []string
	Attributes       [][]byte // AttributeProto messages
}

// ReadNode reads a NodeProto.
func ReadNode(message []byte) (Node, error) {
	var n Node
	err := Each(message, func(f Field) error {
		switch f.Number {
		case NodeInput:
			n.Inputs = append(n.Inputs, string(f.Content))
		case NodeOutput:
			n.Outputs = append(n.Outputs, string(f.Content))
		case NodeName:
			n.Name = string(f.Content)
		case NodeOpType:
			n.Op = string(f.Content)
		case NodeDomain:
			n.Domain = string(f.Content)
		case NodeAttribute:
			n.Attributes = append(n.Attributes, f.Content)
		}
		return nil
	})
	return n, err
}

// ReadNodes reads the nodes of the main graph of a serialised ModelProto, in their order.
func ReadNodes(model []byte) ([]Node, error) {
	var nodes []Node
	err := eachOf(model, ModelGraph, func(graph Field) error {
		return eachOf(graph.Content, GraphNode, func(f Field) error {
			n, err := ReadNode(f.Content)
			nodes = append(nodes, n)
			return err
		})
	})
	return nodes, err
}

// Encode writes n as a NodeProto.
func (n Node) Encode() []byte {
	var m Message
	for _, name := range n.Inputs {
		m.Text(NodeInput, name)
	}
	for _, name := range n.Outputs {
		m.Text(NodeOutput, name)
	}
	if n.Name != "" {
		m.Text(NodeName, n.Name)
	}
	m.Text(NodeOpType, n.Op)
	for _, attribute := range n.Attributes {
		m.Bytes(NodeAttribute, attribute)
	}
	if n.Domain != "" {
		m.Text(NodeDomain, n.Domain)
	}
	return m
}

// IntAttribute returns an AttributeProto with one integer.
func IntAttribute(name string, value int) []byte {
	var m Message
	m.Text(AttributeName, name)
	m.Number(AttributeInt, uint64(value))
	m.Number(AttributeType, uint64(AttributeKindInt))
	return m
}

// IntsAttribute returns an AttributeProto with a list of integers.
func IntsAttribute(name string, values []int) []byte {
	var m Message
	m.Text(AttributeName, name)
	for _, v := range values {
		m.Number(AttributeInts, uint64(v))
	}
	m.Number(AttributeType, uint64(AttributeKindInts))
	return m
}
