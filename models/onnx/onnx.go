// Package onnx reads and rewrites the bytes of ONNX models: serialised ModelProto messages, as
// onnx.proto3 in https://github.com/onnx/onnx defines them.
//
// ReadDeclaration returns the metadata, inputs and outputs of a model, ReadNodes the nodes of its graph.
// CheckSelfContained and InlineWeights deal with weights in other files. CastToFloat makes a model usable
// from Go, which lacks some of its element types. Each and Split take any message apart, and Message
// writes one.
//
// All functions except InlineWeights work on bytes alone, and none of them runs a model. They return
// an error for malformed bytes and never panic. Fields that a function does not change, known to
// this package or not, keep their bytes.
package onnx

import "errors"

// MaxModelBytes is the largest size of a model: protobuf's own limit for one message.
const MaxModelBytes = 2 << 30

// MaxDepth is how deep messages may be nested inside a model: the default limit of protobuf's parsers.
// It bounds the stack that a recursive reader needs.
const MaxDepth = 100

// Errors about a whole model.
var (
	ErrNotONNX   = errors.New("not an ONNX model")
	ErrTruncated = errors.New("not an ONNX model, or a truncated one")
	ErrTooDeep   = errors.New("messages nested more than 100 deep, too much for an ONNX model")
	ErrTooLarge  = errors.New("more than 2 GiB, too much for an ONNX model")
)
