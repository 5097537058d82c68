package models

import (
	"slices"

	"gtx/models/onnx"
)

// valueRange is the range of the values that a network takes or gives.
type valueRange int

// The ranges that networks use.
const (
	rangeUnknown valueRange = iota
	rangeBytes              // 0 to 255
	rangeUnit               // 0 to 1
	rangeSigned             // -1 to 1
)

func (r valueRange) String() string {
	return [...]string{"unknown", "0 to 255", "0 to 1", "-1 to 1"}[r]
}

// affine returns the scale and the offset of one channel.
func (r valueRange) affine() (scale, offset float64) {
	switch r {
	case rangeUnit:
		return 1.0 / 255, 0
	case rangeSigned:
		return 1 / 127.5, -1
	}
	return 1, 0
}

// finalRange returns the range of an output that ends in tanh or sigmoid or is of bytes.
func finalRange(network []byte, result TensorInfo) valueRange {
	nodes, err := onnx.ReadNodes(network)
	switch {
	case err != nil:
		return rangeUnknown
	case result.DType == onnx.Uint8.String():
		return rangeBytes
	}
	// Nodes are sorted, so one pass from the end follows the result back to the node that makes it.
	name := result.Name
	for _, n := range slices.Backward(nodes) {
		if !slices.Contains(n.Outputs, name) {
			continue
		}
		switch n.Op {
		case "Tanh":
			return rangeSigned
		case "Sigmoid":
			return rangeUnit
		case "Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze":
			if len(n.Inputs) == 0 {
				return rangeUnknown
			}
			name = n.Inputs[0]
		default:
			return rangeUnknown
		}
	}
	return rangeUnknown
}
