package onnx

import "slices"

// castSuffix is appended to the name of each input and output that CastToFloat replaces.
const castSuffix = ":float32"

// castable are the element types of inputs and outputs that CastToFloat replaces.
var castable = []ElementType{Float16, Float64, Int32, Int64}

// CastToFloat returns a model that takes and gives float32 in place of float16, float64, int32 and
// int64. It adds a Cast node after each such input and before each such output, because ONNX Runtime
// has element types that Go lacks and converts them on the device. Inputs and outputs of other types
// stay as they are. names maps the old name of each replaced input and output to its new name; if it
// is empty, changed is the model itself. declared must be the declaration of the model.
func CastToFloat(model []byte, declared *Declaration) (changed []byte, names map[string]string, err error) {
	names = map[string]string{}
	for _, info := range slices.Concat(declared.Inputs, declared.Outputs) {
		if slices.Contains(castable, elementNamed(info.DType)) {
			names[info.Name] = info.Name + castSuffix
		}
	}
	if len(names) == 0 {
		return model, names, nil
	}
	var out Message
	err = Each(model, func(f Field) error {
		if f.Number != ModelGraph {
			out.Field(&f)
			return nil
		}
		graph, err := castGraph(f.Content, declared, names)
		out.Bytes(ModelGraph, graph)
		return err
	})
	return out, names, err
}

// castGraph renames inputs and outputs of a GraphProto and adds their Cast nodes.
func castGraph(graph []byte, declared *Declaration, names map[string]string) ([]byte, error) {
	var out Message
	// A node must follow the nodes that it reads from: casts of inputs come first, casts of outputs last.
	for _, info := range declared.Inputs {
		if name, ok := names[info.Name]; ok {
			out.Bytes(GraphNode, castNode(name, info.Name, elementNamed(info.DType)))
		}
	}
	err := Each(graph, func(f Field) error {
		if f.Number == GraphInput || f.Number == GraphOutput {
			name, err := Text(f.Content, InfoName)
			if err != nil {
				return err
			}
			if renamed, ok := names[name]; ok {
				info, err := floatInfo(f.Content, renamed)
				out.Bytes(f.Number, info)
				return err
			}
		}
		out.Field(&f)
		return nil
	})
	for _, info := range declared.Outputs {
		if name, ok := names[info.Name]; ok {
			out.Bytes(GraphNode, castNode(info.Name, name, Float32))
		}
	}
	return out, err
}

// floatInfo returns a ValueInfoProto with a new name, the element type float32 and the old shape.
func floatInfo(info []byte, name string) ([]byte, error) {
	var tensor, kind, out Message
	tensor.Number(TypeElement, uint64(Float32))
	err := eachOf(info, InfoType, func(f Field) error {
		return eachOf(f.Content, TypeTensor, func(f Field) error {
			return eachOf(f.Content, TypeShape, func(f Field) error {
				tensor.Field(&f)
				return nil
			})
		})
	})
	kind.Bytes(TypeTensor, tensor)
	out.Text(InfoName, name)
	out.Bytes(InfoType, kind)
	return out, err
}

// castNode returns a NodeProto that casts one tensor to another.
func castNode(from, to string, element ElementType) []byte {
	return Node{
		Op: "Cast", Inputs: []string{from}, Outputs: []string{to},
		Attributes: [][]byte{IntAttribute("to", int(element))},
	}.Encode()
}
