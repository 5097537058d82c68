package graph

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"gtx/models/onnx"
)

// An attribute of a node. Single numbers and graphs are lists of one.
type attribute struct {
	name   string
	text   string
	tensor []byte // a TensorProto
	ints   []int
	graphs [][]byte // GraphProto messages
}

// readAttribute reads an AttributeProto.
func readAttribute(content []byte) (attribute, error) {
	var a attribute
	err := onnx.Each(content, func(f onnx.Field) error {
		switch f.Number {
		case onnx.AttributeName:
			a.name = string(f.Content)
		case onnx.AttributeText:
			a.text = string(f.Content)
		case onnx.AttributeTensor:
			a.tensor = f.Content
		case onnx.AttributeGraph, onnx.AttributeGraphs:
			a.graphs = append(a.graphs, f.Content)
		case onnx.AttributeInt, onnx.AttributeInts:
			values, err := f.Numbers()
			for _, v := range values {
				a.ints = append(a.ints, int(v))
			}
			return err
		}
		return nil
	})
	return a, err
}

// ints returns the values of an attribute; without the attribute, count times its default.
func (n *node) ints(name string, count, standard int) []int {
	if a, ok := n.attributes[name]; ok && len(a.ints) > 0 {
		return a.ints
	}
	return slices.Repeat([]int{standard}, count)
}

// A tensor is a constant with its values in row-major order.
type tensor struct {
	dims    []int
	element onnx.ElementType
	values  []float64
}

// Reasons why the values of a constant are not available; they complete "its kernel is ...".
var (
	errComputed  = errors.New("computed while the network runs")
	errExternal  = errors.New("kept in another file")
	errQuantised = errors.New("not floating-point")
	errMalformed = errors.New("malformed")
)

// maxElements bounds the memory that reading one tensor may take.
const maxElements = 1 << 28

// constant returns a tensor that does not depend on the input of the model: an initializer or a
// Constant, possibly after Identity nodes.
func (g *Graph) constant(name string) (*tensor, error) {
	for range len(g.nodes) + 1 { // no chain without a cycle is longer
		if w := g.weights[name]; w != nil {
			return readTensor(w.Content)
		}
		n := g.producer(name)
		if n == nil {
			return nil, errComputed
		}
		switch {
		case n.op == "Constant":
			a := n.attributes["value"]
			if a.tensor == nil {
				return nil, errMalformed
			}
			return readTensor(a.tensor)
		case n.op == "Identity" && len(n.inputs) == 1:
			name = n.inputs[0]
		case n.op == "DequantizeLinear":
			return nil, errQuantised
		default:
			return nil, errComputed
		}
	}
	return nil, errMalformed
}

// readTensor reads a TensorProto of a floating-point type or int64.
func readTensor(content []byte) (*tensor, error) {
	s := &storedTensor{size: 1}
	if err := onnx.Each(content, s.readField); err != nil {
		return nil, err
	}
	width, known := widths[s.element]
	if !known {
		return nil, errQuantised
	}
	for raw := range slices.Chunk(s.raw, width) {
		if len(raw) == width {
			var bits [8]byte
			copy(bits[:], raw)
			s.values = append(s.values, valueOf(s.element, binary.LittleEndian.Uint64(bits[:])))
		}
	}
	for _, bits := range s.bits {
		s.values = append(s.values, valueOf(s.element, bits))
	}
	if len(s.values) != s.size {
		return nil, errMalformed
	}
	return &tensor{s.dims, s.element, s.values}, nil
}

// A storedTensor is a TensorProto being read. Its values lie in raw_data or in a field for their type.
type storedTensor struct {
	tensor          // values: those of float_data and double_data
	size   int      // product of dims
	raw    []byte   // raw_data
	bits   []uint64 // int32_data and int64_data; float16 and bfloat16 lie in int32_data, too
}

func (s *storedTensor) readField(f onnx.Field) error {
	switch f.Number {
	case onnx.TensorDims:
		return s.readDims(f)
	case onnx.TensorType:
		s.element = onnx.ElementType(f.Value)
	case onnx.TensorRawData:
		s.raw = f.Content
	case onnx.TensorFloatData:
		values, err := f.Floats()
		s.values = append(s.values, values...)
		return err
	case onnx.TensorInt32Data, onnx.TensorInt64Data:
		values, err := f.Numbers()
		s.bits = append(s.bits, values...)
		return err
	case onnx.TensorDoubleData:
		for i := 0; i+8 <= len(f.Content); i += 8 {
			s.values = append(s.values, math.Float64frombits(binary.LittleEndian.Uint64(f.Content[i:])))
		}
	case onnx.TensorExternalData:
		return errExternal
	case onnx.TensorDataLocation:
		if f.Value != onnx.DefaultLocation {
			return errExternal
		}
	}
	return nil
}

// readDims appends dimensions, up to maxElements elements.
func (s *storedTensor) readDims(f onnx.Field) error {
	dims, err := f.Numbers()
	for _, d := range dims {
		if d > maxElements || s.size > maxElements/max(int(d), 1) {
			return errMalformed
		}
		s.size *= int(d)
		s.dims = append(s.dims, int(d))
	}
	return err
}

// encode writes t as a TensorProto with raw_data.
func (t *tensor) encode(name string) []byte {
	var m onnx.Message
	for _, d := range t.dims {
		m.Number(onnx.TensorDims, uint64(d))
	}
	m.Number(onnx.TensorType, uint64(t.element))
	m.Text(onnx.TensorName, name)
	width := widths[t.element]
	raw := make([]byte, 0, len(t.values)*width)
	for _, v := range t.values {
		_, bits := rounded(t.element, v)
		for b := range width {
			raw = append(raw, byte(bits>>(8*b)))
		}
	}
	m.Bytes(onnx.TensorRawData, raw)
	return m
}
