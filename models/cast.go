package models

import (
	"slices"

	"gtx/models/onnx"
)

// castSuffix is added to the names of inputs and outputs that are cast.
const castSuffix = ":float32"

// withFloats returns a network whose inputs and outputs are float32 or uint8 only: at others it gets
// a Cast, on the device and in the graph, where ONNX Runtime has all the types that Go has not. names
// maps each input and output that has changed to its new name.
func withFloats(network []byte, declared *declaration) (changed []byte, names map[string]string, err error) {
	names = map[string]string{}
	for _, info := range slices.Concat(declared.inputs, declared.outputs) {
		if info.DType != dtypeFloat32 && info.DType != dtypeUint8 && elementNumber(info.DType) > 0 {
			names[info.Name] = info.Name + castSuffix
		}
	}
	if len(names) == 0 {
		return network, names, nil
	}
	var out onnx.Message
	err = onnx.Each(network, func(f onnx.Field) error {
		if f.Number != onnx.ModelGraph {
			out.Field(&f)
			return nil
		}
		graph, err := castGraph(f.Content, declared, names)
		out.Bytes(onnx.ModelGraph, graph)
		return err
	})
	return out, names, err
}

func castGraph(graph []byte, declared *declaration, names map[string]string) ([]byte, error) {
	var out onnx.Message
	// Nodes have to come after what they take: those of inputs first, those of outputs last.
	for _, info := range declared.inputs {
		if name, ok := names[info.Name]; ok {
			out.Bytes(onnx.GraphNode, castNode(name, info.Name, elementNumber(info.DType)))
		}
	}
	err := onnx.Each(graph, func(f onnx.Field) error {
		if f.Number == onnx.GraphInput || f.Number == onnx.GraphOutput {
			name, err := onnx.Text(f.Content, onnx.InfoName)
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
	for _, info := range declared.outputs {
		if name, ok := names[info.Name]; ok {
			out.Bytes(onnx.GraphNode, castNode(info.Name, name, elementNumber(dtypeFloat32)))
		}
	}
	return out, err
}

// floatInfo is a ValueInfoProto under another name and of float32.
func floatInfo(info []byte, name string) ([]byte, error) {
	var tensor, kind, out onnx.Message
	tensor.Number(onnx.TypeElement, elementNumber(dtypeFloat32))
	err := onnx.Each(info, func(f onnx.Field) error {
		if f.Number != onnx.InfoType {
			return nil
		}
		return onnx.Each(f.Content, func(f onnx.Field) error {
			if f.Number != onnx.TypeTensor {
				return nil
			}
			return onnx.Each(f.Content, func(f onnx.Field) error {
				if f.Number == onnx.TypeShape {
					tensor.Field(&f)
				}
				return nil
			})
		})
	})
	kind.Bytes(onnx.TypeTensor, tensor)
	out.Text(onnx.InfoName, name)
	out.Bytes(onnx.InfoType, kind)
	return out, err
}

// castNode is a NodeProto that casts one tensor to another of an element type.
func castNode(from, to string, element uint64) []byte {
	const intAttribute = 2 // AttributeProto.INT
	var attribute, node onnx.Message
	attribute.Text(onnx.AttributeName, "to")
	attribute.Number(onnx.AttributeInt, element)
	attribute.Number(onnx.AttributeType, intAttribute)
	node.Text(onnx.NodeInput, from)
	node.Text(onnx.NodeOutput, to)
	node.Text(onnx.NodeOpType, "Cast")
	node.Bytes(onnx.NodeAttribute, attribute)
	return node
}
