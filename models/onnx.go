package models

import (
	"errors"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// The few fields that are read here, of onnx.proto3 in https://github.com/onnx/onnx.
const (
	modelIRVersion     protowire.Number = 1
	modelGraph         protowire.Number = 7
	modelMetadataProps protowire.Number = 14
	entryKey           protowire.Number = 1
	entryValue         protowire.Number = 2
	graphNode          protowire.Number = 1
	graphInitializer   protowire.Number = 5
	graphInput         protowire.Number = 11
	graphOutput        protowire.Number = 12
	nodeInput          protowire.Number = 1
	nodeOutput         protowire.Number = 2
	nodeOpType         protowire.Number = 4
	nodeAttribute      protowire.Number = 5
	attributeName      protowire.Number = 1
	attributeInt       protowire.Number = 3
	attributeType      protowire.Number = 20
	tensorName         protowire.Number = 8
	infoName           protowire.Number = 1
	infoType           protowire.Number = 2
	typeTensor         protowire.Number = 1
	tensorElement      protowire.Number = 1
	tensorShape        protowire.Number = 2
	shapeDim           protowire.Number = 1
	dimValue           protowire.Number = 1
)

var (
	errNotONNX   = errors.New("not an ONNX model")
	errTruncated = errors.New("not an ONNX model, or a truncated one")
)

// TensorInfo describes an input or output as the network itself declares it.
type TensorInfo struct {
	Name  string
	DType string // uint8, float32 and so on
	Shape []int  // -1 where any size goes; nil if the network does not say
}

// declaration is what this package reads of a serialised ModelProto.
type declaration struct {
	metadata        map[string]string
	inputs, outputs []TensorInfo
}

// readONNX reads the metadata, inputs and outputs of a serialised ModelProto, which takes a fraction
// of the time of loading it and shows whether the file is truncated.
func readONNX(model []byte) (*declaration, error) {
	var versioned bool
	var graph []byte
	d := &declaration{metadata: map[string]string{}}
	err := eachField(model, func(f field) error {
		switch f.number {
		case modelIRVersion:
			versioned = true
		case modelGraph:
			graph = f.content
		case modelMetadataProps:
			key, err := text(f.content, entryKey)
			if err == nil {
				d.metadata[key], err = text(f.content, entryValue)
			}
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !versioned || graph == nil {
		return nil, errNotONNX
	}
	return d, d.readGraph(graph)
}

func (d *declaration) readGraph(graph []byte) error {
	var weights []string
	err := eachField(graph, func(f field) (err error) {
		var name string
		var info TensorInfo
		switch f.number {
		case graphInitializer:
			name, err = text(f.content, tensorName)
			weights = append(weights, name)
		case graphInput:
			info, err = readInfo(f.content)
			d.inputs = append(d.inputs, info)
		case graphOutput:
			info, err = readInfo(f.content)
			d.outputs = append(d.outputs, info)
		}
		return err
	})
	// Old exporters list the weights among the inputs.
	d.inputs = slices.DeleteFunc(d.inputs, func(t TensorInfo) bool { return slices.Contains(weights, t.Name) })
	return err
}

// readInfo reads a ValueInfoProto.
func readInfo(message []byte) (TensorInfo, error) {
	info := TensorInfo{DType: "no tensor"}
	err := eachField(message, func(f field) error {
		switch f.number {
		case infoName:
			info.Name = string(f.content)
		case infoType:
			return eachField(f.content, func(f field) error {
				if f.number != typeTensor {
					return nil
				}
				return info.readTensorType(f.content)
			})
		}
		return nil
	})
	return info, err
}

func (t *TensorInfo) readTensorType(message []byte) error {
	return eachField(message, func(f field) error {
		switch f.number {
		case tensorElement:
			t.DType = elementName(f.value)
		case tensorShape:
			t.Shape = []int{}
			return eachField(f.content, func(f field) error {
				if f.number != shapeDim {
					return nil
				}
				size := anyDim
				err := eachField(f.content, func(f field) error {
					if f.number == dimValue && f.value > 0 {
						size = int(f.value)
					}
					return nil
				})
				t.Shape = append(t.Shape, size)
				return err
			})
		}
		return nil
	})
}

// elementNames are those of TensorProto.DataType, in its order.
var elementNames = []string{
	"undefined", dtypeFloat32, dtypeUint8, "int8", "uint16", "int16", "int32", "int64", "string",
	"bool", "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16",
}

func elementName(number uint64) string {
	if number < uint64(len(elementNames)) {
		return elementNames[number]
	}
	return "data type " + strconv.FormatUint(number, 10)
}

// elementNumber is the inverse of elementName for the dtypes of manifests; 0 for others.
func elementNumber(name string) uint64 {
	if !slices.Contains(dtypes, name) {
		return 0
	}
	return uint64(slices.Index(elementNames, name))
}

// field is one field of a message: the content of a length-delimited one, the value of a varint.
type field struct {
	number  protowire.Number
	content []byte
	value   uint64
}

// eachField calls visit for each field of a message.
func eachField(message []byte, visit func(field) error) error {
	return eachRaw(message, func(number protowire.Number, content, raw []byte) error {
		f := field{number: number, content: content}
		if content == nil {
			_, kind, n := protowire.ConsumeTag(raw)
			if kind == protowire.VarintType {
				f.value, _ = protowire.ConsumeVarint(raw[n:])
			}
		}
		return visit(f)
	})
}

// eachRaw calls visit for each field of a message, with the content of a length-delimited one, else
// nil, and with all its bytes.
func eachRaw(message []byte, visit func(number protowire.Number, content, raw []byte) error) error {
	for len(message) > 0 {
		number, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return errTruncated
		}
		length := protowire.ConsumeFieldValue(number, kind, message[tag:])
		if length < 0 {
			return errTruncated
		}
		raw := message[:tag+length]
		var content []byte
		if kind == protowire.BytesType {
			content, _ = protowire.ConsumeBytes(raw[tag:])
			if content == nil {
				content = []byte{}
			}
		}
		if err := visit(number, content, raw); err != nil {
			return err
		}
		message = message[tag+length:]
	}
	return nil
}

// text returns a length-delimited field of a message as text.
func text(message []byte, number protowire.Number) (string, error) {
	var content []byte
	err := eachField(message, func(f field) error {
		if f.number == number {
			content = f.content
		}
		return nil
	})
	return string(content), err
}
