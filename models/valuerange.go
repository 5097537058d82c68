package models

import (
	"slices"

	"gtx/models/onnx"
)

// A valueRange is the range of the values in a tensor.
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

// affine returns the scale and offset of one channel.
func (r valueRange) affine() (scale, offset float64) {
	switch r {
	case rangeUnit:
		return 1.0 / 255, 0
	case rangeSigned:
		return 1 / 127.5, -1
	}
	return 1, 0
}

// finalRange returns the range of an output that consists of bytes or comes from tanh or sigmoid. It returns
// rangeUnknown for any other output.
func finalRange(network []byte, result TensorInfo) valueRange {
	nodes, err := onnx.ReadNodes(network)
	switch {
	case err != nil:
		return rangeUnknown
	case result.DType == onnx.Uint8.String():
		return rangeBytes
	}
	// A graph is sorted, so one pass from its end can follow the result back to the operator that makes it.
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
