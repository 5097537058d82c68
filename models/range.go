package models

import (
	"slices"

	"gtx/models/onnx"
)

// valueRange is the range of the values that a network takes and gives.
type valueRange int

// The ranges in use.
const (
	rangeUnknown valueRange = iota
	rangeBytes              // 0 to 255
	rangeUnit               // 0 to 1
	rangeSigned             // -1 to 1
)

func (r valueRange) String() string {
	return [...]string{"unknown", "0 to 255", "0 to 1", "-1 to 1"}[r]
}

// affine is the scale and offset of one channel.
func (r valueRange) affine() (scale, offset float64) {
	switch r {
	case rangeUnit:
		return 1.0 / 255, 0
	case rangeSigned:
		return 1 / 127.5, -1
	}
	return 1, 0
}

// finalRange is the range of an output that is made by tanh or sigmoid, or is bytes.
func finalRange(network []byte, result TensorInfo) valueRange {
	nodes, err := readNodes(network)
	switch {
	case err != nil:
		return rangeUnknown
	case result.DType == dtypeUint8:
		return rangeBytes
	}
	// The graph is sorted, so that one pass from its end follows the result to what makes it.
	name := result.Name
	for _, n := range slices.Backward(nodes) {
		if !slices.Contains(n.outputs, name) {
			continue
		}
		switch n.op {
		case "Tanh":
			return rangeSigned
		case "Sigmoid":
			return rangeUnit
		case "Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze":
			if len(n.inputs) == 0 {
				return rangeUnknown
			}
			name = n.inputs[0]
		default:
			return rangeUnknown
		}
	}
	return rangeUnknown
}

// An operation is what is read here of a NodeProto.
type operation struct {
	op              string
	inputs, outputs []string
}

// readNodes reads the nodes of the main graph of a serialised ModelProto.
func readNodes(model []byte) (nodes []operation, err error) {
	err = onnx.Each(model, func(f onnx.Field) error {
		if f.Number != onnx.ModelGraph {
			return nil
		}
		return onnx.Each(f.Content, func(f onnx.Field) error {
			if f.Number != onnx.GraphNode {
				return nil
			}
			var n operation
			err := onnx.Each(f.Content, func(f onnx.Field) error {
				switch f.Number {
				case onnx.NodeInput:
					n.inputs = append(n.inputs, string(f.Content))
				case onnx.NodeOutput:
					n.outputs = append(n.outputs, string(f.Content))
				case onnx.NodeOpType:
					n.op = string(f.Content)
				}
				return nil
			})
			nodes = append(nodes, n)
			return err
		})
	})
	return nodes, err
}
