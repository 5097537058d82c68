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
