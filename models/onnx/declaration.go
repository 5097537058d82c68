package onnx

import (
	"fmt"
	"slices"
	"strings"
)

// AnyDim stands for a dimension whose size a model leaves open.
const AnyDim = -1

// TensorInfo describes an input or output as the model declares it.
type TensorInfo struct {
	Name  string
	DType string // name of the element type: uint8, float32 and so on
	Shape []int  // each size is positive or AnyDim; nil if the model declares no shape
}

// String returns a short form for people: image uint8[?,?,?,3].
func (t TensorInfo) String() string {
	dims := make([]string, len(t.Shape))
	for i, d := range t.Shape {
		if dims[i] = fmt.Sprint(d); d == AnyDim {
			dims[i] = "?"
		}
	}
	return fmt.Sprintf("%s %s[%s]", t.Name, t.DType, strings.Join(dims, ","))
}

// A Declaration is the interface that a model declares.
type Declaration struct {
	Metadata        map[string]string // metadata_props
	Inputs, Outputs []TensorInfo
}

// ReadDeclaration reads the declaration of a serialised ModelProto. It is much faster than loading the
// model, and it detects a truncated file.
func ReadDeclaration(model []byte) (*Declaration, error) {
	var versioned bool
	var graph []byte
	d := &Declaration{Metadata: map[string]string{}}
	err := Each(model, func(f Field) error {
		switch f.Number {
		case ModelIRVersion:
			versioned = true
		case ModelGraph:
			graph = f.Content
		case ModelMetadataProps:
			key, err := Text(f.Content, EntryKey)
			if err == nil {
				d.Metadata[key], err = Text(f.Content, EntryValue)
			}
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !versioned || graph == nil {
		return nil, ErrNotONNX
	}
	return d, d.readGraph(graph)
}

func (d *Declaration) readGraph(graph []byte) error {
	var weights []string
	err := Each(graph, func(f Field) (err error) {
		var name string
		var info TensorInfo
		switch f.Number {
		case GraphInitializer:
			name, err = Text(f.Content, TensorName)
			weights = append(weights, name)
		case GraphInput:
			info, err = readInfo(f.Content)
			d.Inputs = append(d.Inputs, info)
		case GraphOutput:
			info, err = readInfo(f.Content)
			d.Outputs = append(d.Outputs, info)
		}
		return err
	})
	// Old exporters list the weights among the inputs.
	d.Inputs = slices.DeleteFunc(d.Inputs, func(t TensorInfo) bool { return slices.Contains(weights, t.Name) })
	return err
}

// readInfo reads a ValueInfoProto.
func readInfo(message []byte) (TensorInfo, error) {
	info := TensorInfo{DType: "no tensor"}
	err := Each(message, func(f Field) error {
		switch f.Number {
		case InfoName:
			info.Name = string(f.Content)
		case InfoType:
			return eachOf(f.Content, TypeTensor, func(f Field) error { return info.readTensorType(f.Content) })
		}
		return nil
	})
	return info, err
}

// readTensorType reads a TypeProto.Tensor.
func (t *TensorInfo) readTensorType(message []byte) error {
	return Each(message, func(f Field) error {
		switch f.Number {
		case TypeElement:
			t.DType = ElementType(f.Value).String()
		case TypeShape:
			t.Shape = []int{}
			return eachOf(f.Content, ShapeDim, func(f Field) error {
				size := AnyDim
				err := eachOf(f.Content, DimValue, func(f Field) error {
					if n := int(f.Value); n > 0 {
						size = n
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
