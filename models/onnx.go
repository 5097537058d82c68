package models

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// The few fields of onnx.proto3 that are read here: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
const (
	modelIRVersion     = 1
	modelGraph         = 7
	modelMetadataProps = 14
	entryKey           = 1
	entryValue         = 2
)

var (
	errNotONNX   = errors.New("not an ONNX model")
	errTruncated = errors.New("not an ONNX model, or a truncated one")
)

// onnxMetadata reads the custom metadata of a serialised ModelProto. Going over the top-level fields
// costs next to nothing, and is enough to notice a truncated file.
func onnxMetadata(model []byte) (map[string]string, error) {
	metadata := map[string]string{}
	var versioned, hasGraph bool
	err := eachField(model, func(number protowire.Number, value []byte) error {
		switch number {
		case modelIRVersion:
			versioned = true
		case modelGraph:
			hasGraph = true
		case modelMetadataProps:
			var key, text string
			err := eachField(value, func(number protowire.Number, value []byte) error {
				switch number {
				case entryKey:
					key = string(value)
				case entryValue:
					text = string(value)
				}
				return nil
			})
			metadata[key] = text
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !versioned || !hasGraph {
		return nil, errNotONNX
	}
	return metadata, nil
}

// eachField calls visit for each field of a message, with the content of length-delimited ones and
// nil for others.
func eachField(message []byte, visit func(protowire.Number, []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errTruncated
		}
		message = message[n:]
		var content []byte
		if kind == protowire.BytesType {
			content, n = protowire.ConsumeBytes(message)
		} else {
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return errTruncated
		}
		message = message[n:]
		if err := visit(number, content); err != nil {
			return err
		}
	}
	return nil
}
