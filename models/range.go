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
	nodes, err := onnx.ReadNodes(network)
	switch {
	case err != nil:
		return rangeUnknown
	case result.DType == onnx.Uint8.String():
		return rangeBytes
	}
	// The graph is sorted, so that one pass from its end follows the result to what makes it.
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
