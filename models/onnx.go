package models

import (
	"slices"
	"strconv"

	"gtx/models/onnx"
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
	err := onnx.Each(model, func(f onnx.Field) error {
		switch f.Number {
		case onnx.ModelIRVersion:
			versioned = true
		case onnx.ModelGraph:
			graph = f.Content
		case onnx.ModelMetadataProps:
			key, err := onnx.Text(f.Content, onnx.EntryKey)
			if err == nil {
				d.metadata[key], err = onnx.Text(f.Content, onnx.EntryValue)
			}
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !versioned || graph == nil {
		return nil, onnx.ErrNotONNX
	}
	return d, d.readGraph(graph)
}

func (d *declaration) readGraph(graph []byte) error {
	var weights []string
	err := onnx.Each(graph, func(f onnx.Field) (err error) {
		var name string
		var info TensorInfo
		switch f.Number {
		case onnx.GraphInitializer:
			name, err = onnx.Text(f.Content, onnx.TensorName)
			weights = append(weights, name)
		case onnx.GraphInput:
			info, err = readInfo(f.Content)
			d.inputs = append(d.inputs, info)
		case onnx.GraphOutput:
			info, err = readInfo(f.Content)
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
	err := onnx.Each(message, func(f onnx.Field) error {
		switch f.Number {
		case onnx.InfoName:
			info.Name = string(f.Content)
		case onnx.InfoType:
			return onnx.Each(f.Content, func(f onnx.Field) error {
				if f.Number != onnx.TypeTensor {
					return nil
				}
				return info.readTensorType(f.Content)
			})
		}
		return nil
	})
	return info, err
}

func (t *TensorInfo) readTensorType(message []byte) error {
	return onnx.Each(message, func(f onnx.Field) error {
		switch f.Number {
		case onnx.TypeElement:
			t.DType = elementName(f.Value)
		case onnx.TypeShape:
			t.Shape = []int{}
			return onnx.Each(f.Content, func(f onnx.Field) error {
				if f.Number != onnx.ShapeDim {
					return nil
				}
				size := anyDim
				err := onnx.Each(f.Content, func(f onnx.Field) error {
					if f.Number == onnx.DimValue && f.Value > 0 {
						size = int(f.Value)
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
