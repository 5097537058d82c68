package models

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
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
	err = eachRaw(network, func(number protowire.Number, content, raw []byte) error {
		if number != modelGraph {
			changed = append(changed, raw...)
			return nil
		}
		graph, err := castGraph(content, declared, names)
		changed = appendMessage(changed, modelGraph, graph)
		return err
	})
	return changed, names, err
}

func castGraph(graph []byte, declared *declaration, names map[string]string) ([]byte, error) {
	var out []byte
	// Nodes have to come after what they take: those of inputs first, those of outputs last.
	for _, info := range declared.inputs {
		if name, ok := names[info.Name]; ok {
			out = appendMessage(out, graphNode, castNode(name, info.Name, elementNumber(info.DType)))
		}
	}
	err := eachRaw(graph, func(number protowire.Number, content, raw []byte) error {
		if number == graphInput || number == graphOutput {
			name, err := text(content, infoName)
			if err != nil {
				return err
			}
			if renamed, ok := names[name]; ok {
				info, err := floatInfo(content, renamed)
				out = appendMessage(out, number, info)
				return err
			}
		}
		out = append(out, raw...)
		return nil
	})
	for _, info := range declared.outputs {
		if name, ok := names[info.Name]; ok {
			out = appendMessage(out, graphNode, castNode(info.Name, name, elementNumber(dtypeFloat32)))
		}
	}
	return out, err
}

// floatInfo is a ValueInfoProto under another name and of float32.
func floatInfo(info []byte, name string) ([]byte, error) {
	var shape []byte
	var shaped bool
	err := eachField(info, func(f field) error {
		if f.number != infoType {
			return nil
		}
		return eachField(f.content, func(f field) error {
			if f.number != typeTensor {
				return nil
			}
			return eachField(f.content, func(f field) error {
				if f.number == tensorShape {
					shape, shaped = f.content, true
				}
				return nil
			})
		})
	})
	tensor := protowire.AppendTag(nil, tensorElement, protowire.VarintType)
	tensor = protowire.AppendVarint(tensor, elementNumber(dtypeFloat32))
	if shaped {
		tensor = appendMessage(tensor, tensorShape, shape)
	}
	out := appendMessage(nil, infoName, []byte(name))
	return appendMessage(out, infoType, appendMessage(nil, typeTensor, tensor)), err
}

// castNode is a NodeProto that casts one tensor to another of an element type.
func castNode(from, to string, element uint64) []byte {
	const intAttribute = 2 // AttributeProto.INT
	attribute := appendMessage(nil, attributeName, []byte("to"))
	attribute = protowire.AppendVarint(protowire.AppendTag(attribute, attributeInt, protowire.VarintType), element)
	attribute = protowire.AppendVarint(protowire.AppendTag(attribute, attributeType, protowire.VarintType), intAttribute)
	node := appendMessage(nil, nodeInput, []byte(from))
	node = appendMessage(node, nodeOutput, []byte(to))
	node = appendMessage(node, nodeOpType, []byte("Cast"))
	return appendMessage(node, nodeAttribute, attribute)
}

// appendMessage appends a length-delimited field.
func appendMessage(b []byte, number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), content)
}
