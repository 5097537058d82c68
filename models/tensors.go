package models

import (
	"fmt"
	"runtime"

	ort "github.com/yalue/onnxruntime_go"
)

// tensors wraps a batch in the inputs of the graph, in the signature's order. On an error it returns
// those made so far.
func (s *session) tensors(in Batch, pinner *runtime.Pinner) ([]ort.Value, error) {
	var tensors []ort.Value
	for i := range s.manifest.Inputs {
		input := &s.manifest.Inputs[i]
		var tensor ort.Value
		var err error
		switch {
		case input.Role == roleLabel:
			tensor, err = wrap(s.codeShape(in.N), in.Codes, pinner)
		case input.DType == dtypeUint8:
			tensor, err = wrap(input.shapeOf(in), in.Pixels, pinner)
		default:
			tensor, err = wrap(input.shapeOf(in), packFloats(in.Pixels, in.Height*in.Width, input), pinner)
		}
		if err != nil {
			return tensors, fmt.Errorf("input %q: %w", input.Name, err)
		}
		tensors = append(tensors, tensor)
	}
	return tensors, nil
}

func wrap[T ort.TensorData](shape []int64, data []T, pinner *runtime.Pinner) (ort.Value, error) {
	pinner.Pin(&data[0])
	return ort.NewTensor(shape, data)
}

// codeShape is the shape of the codes of n pictures.
func (s *signature) codeShape(n int) []int64 {
	return []int64{int64(n), 1}[:s.codeRank]
}

// shapeOf is the shape of a batch in the layout of an image input.
func (in *Input) shapeOf(b Batch) []int64 {
	n, h, w := int64(b.N), int64(b.Height), int64(b.Width)
	if in.Layout == layoutNHWC {
		return []int64{n, h, w, channels}
	}
	return []int64{n, channels, h, w}
}
