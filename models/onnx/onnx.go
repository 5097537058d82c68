// Package onnx reads and rewrites the bytes of ONNX models: serialised ModelProto messages, as
// onnx.proto3 in https://github.com/onnx/onnx defines them.
//
// ReadDeclaration returns the metadata, inputs and outputs of a model. CheckSelfContained and
// InlineWeights deal with weights in other files. CastToFloat makes a model usable from Go, which
// lacks some of its element types. Each, Split and Message take any message apart and write one.
//
// All functions except InlineWeights work on bytes alone, and none of them runs a model. They return
// an error for malformed bytes and never panic. Fields that a function does not change, known to
// this package or not, keep their bytes.
package onnx

import "errors"

// MaxModelBytes is the largest size of a model: protobuf's own limit for one message.
const MaxModelBytes = 2 << 30

// Errors about a whole model.
var (
	ErrNotONNX   = errors.New("not an ONNX model")
	ErrTruncated = errors.New("not an ONNX model, or a truncated one")
	ErrTooLarge  = errors.New("more than 2 GiB, too much for an ONNX model")
)
