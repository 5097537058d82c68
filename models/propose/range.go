package propose

import (
	"slices"

	"gtx/models/onnx"
)

// A Range is the range of the values in a tensor.
type Range int

// The ranges in use.
const (
	RangeUnknown Range = iota
	RangeBytes         // 0 to 255
	RangeUnit          // 0 to 1
	RangeSigned        // -1 to 1
)

// String returns the range as text for people, such as "0 to 255".
func (r Range) String() string {
	return [...]string{"unknown", "0 to 255", "0 to 1", "-1 to 1"}[r]
}

// affine returns the scale and offset of one channel.
func (r Range) affine() (scale, offset float64) {
	switch r {
	case RangeUnit:
		return 1.0 / 255, 0
	case RangeSigned:
		return 1 / 127.5, -1
	}
	return 1, 0
}

// finalRange returns the range of an output that consists of bytes or comes from tanh or sigmoid. It returns
// RangeUnknown for any other output.
func finalRange(network []byte, result onnx.TensorInfo) Range {
	nodes, err := onnx.ReadNodes(network)
	switch {
	case err != nil:
		return RangeUnknown
	case result.DType == onnx.Uint8.String():
		return RangeBytes
	}
	// A graph is sorted, so one pass from its end can follow the result back to the operator that makes it.
	name := result.Name
	for _, n := range slices.Backward(nodes) {
		if !slices.Contains(n.Outputs, name) {
			continue
		}
		switch n.Op {
		case "Tanh":
			return RangeSigned
		case "Sigmoid":
			return RangeUnit
		case "Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze":
			if len(n.Inputs) == 0 {
				return RangeUnknown
			}
			name = n.Inputs[0]
		default:
			return RangeUnknown
		}
	}
	return RangeUnknown
}
