package graph

import (
	"encoding/binary"
	"errors"
	"math"

	"gtx/models/onnx"
)

// Of AttributeProto.AttributeType.
const (
	attributeSingleInt = 2
	attributeIntList   = 7
)

// Of TensorProto.DataType.
const (
	typeFloat32  = 1
	typeInt64    = 7
	typeFloat16  = 10
	typeFloat64  = 11
	typeBFloat16 = 16
)

// An attribute of a node.
type attribute struct {
	name   string
	text   string
	tensor []byte
	ints   []int
	floats []float64
	graphs [][]byte
}

func readAttribute(content []byte) (attribute, error) {
	var a attribute
	fields, err := onnx.Split(content)
	for _, f := range fields {
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
			var values []uint64
			values, err = f.Numbers()
			for _, v := range values {
				a.ints = append(a.ints, int(int64(v)))
			}
		case onnx.AttributeFloat, onnx.AttributeFloats:
			var values []float64
			values, err = f.Floats()
			a.floats = append(a.floats, values...)
		}
		if err != nil {
			return a, err
		}
	}
	return a, err
}

// ints are the values of an attribute, or n times what it is by default.
func (n *node) ints(name string, count, standard int) []int {
	if a, ok := n.attributes[name]; ok && len(a.ints) > 0 {
		return a.ints
	}
	values := make([]int, count)
	for i := range values {
		values[i] = standard
	}
	return values
}

// A tensor is a constant with its values.
type tensor struct {
	dims   []int
	kind   int // TensorProto.DataType
	values []float64
}

// Reasons why values cannot be had.
var (
	errComputed  = errors.New("computed while the network runs")
	errExternal  = errors.New("kept in another file")
	errQuantised = errors.New("not of floating point")
	errMalformed = errors.New("malformed")
)

// maxElements bounds the memory that a kernel may ask for.
const maxElements = 1 << 28

// constant returns a tensor whose values do not depend on the input.
func (g *Graph) constant(name string) (*tensor, error) {
	for range len(g.nodes) + 1 { // as long as the longest chain there can be
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

func readTensor(content []byte) (*tensor, error) {
	t := &tensor{}
	fields, err := onnx.Split(content)
	if err != nil {
		return nil, err
	}
	var raw []byte
	var halves []uint64 // float16 and bfloat16 stand in int32_data
	size := 1
	for _, f := range fields {
		switch f.Number {
		case onnx.TensorDims:
			dims, err := f.Numbers()
			if err != nil {
				return nil, err
			}
			for _, d := range dims {
				if d > maxElements || size > maxElements/max(int(d), 1) {
					return nil, errMalformed
				}
				size *= int(d)
				t.dims = append(t.dims, int(d))
			}
		case onnx.TensorType:
			t.kind = int(f.Value)
		case onnx.TensorRawData:
			raw = f.Content
		case onnx.TensorFloatData:
			values, err := f.Floats()
			if err != nil {
				return nil, err
			}
			t.values = append(t.values, values...)
		case onnx.TensorInt32Data, onnx.TensorInt64Data:
			values, err := f.Numbers()
			if err != nil {
				return nil, err
			}
			halves = append(halves, values...)
		case onnx.TensorDoubleData:
			for i := 0; i+8 <= len(f.Content); i += 8 {
				t.values = append(t.values, math.Float64frombits(binary.LittleEndian.Uint64(f.Content[i:])))
			}
		case onnx.TensorExternalData:
			return nil, errExternal
		case onnx.TensorDataLocation:
			if f.Value != 0 {
				return nil, errExternal
			}
		}
	}
	width, known := widths[t.kind]
	if !known {
		return nil, errQuantised
	}
	for i := 0; i+width <= len(raw); i += width {
		var bits uint64
		for b := range width {
			bits |= uint64(raw[i+b]) << (8 * b)
		}
		t.values = append(t.values, number(t.kind, bits))
	}
	for _, bits := range halves {
		t.values = append(t.values, number(t.kind, bits))
	}
	if len(t.values) != size {
		return nil, errMalformed
	}
	return t, nil
}

// widths are the bytes of a number.
var widths = map[int]int{typeFloat32: 4, typeFloat16: 2, typeBFloat16: 2, typeFloat64: 8, typeInt64: 8}

// number reads a value from its bits.
func number(kind int, bits uint64) float64 {
	switch kind {
	case typeFloat64:
		return math.Float64frombits(bits)
	case typeFloat16:
		return half(uint16(bits))
	case typeBFloat16:
		return float64(math.Float32frombits(uint32(bits) << 16))
	case typeInt64:
		return float64(int64(bits))
	}
	return float64(math.Float32frombits(uint32(bits)))
}

// half is the value of an IEEE 754 half.
func half(bits uint16) float64 {
	sign, exponent, fraction := 1.0, int(bits>>10&31), float64(bits&1023)
	if bits>>15 != 0 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// rounded is the nearest number that a type has, and its bits.
func rounded(kind int, v float64) (float64, uint64) {
	switch kind {
	case typeFloat64:
		return v, math.Float64bits(v)
	case typeFloat16:
		bits := toHalf(v)
		return half(bits), uint64(bits)
	case typeInt64:
		return v, uint64(int64(v))
	case typeBFloat16:
		bits := math.Float32bits(float32(v))
		bits = (bits + 0x7fff + bits>>16&1) >> 16
		return number(kind, uint64(bits)), uint64(bits)
	}
	f := float32(v)
	return float64(f), uint64(math.Float32bits(f))
}

// toHalf rounds to the nearest half, ties to even; what is too large becomes the largest.
func toHalf(v float64) uint16 {
	var sign uint16
	if math.Signbit(v) {
		sign, v = 1<<15, -v
	}
	const largest = 65504
	if v >= largest {
		return sign | 30<<10 | 1023
	}
	_, exponent := math.Frexp(v) // v is in [½, 1) × 2^exponent
	step := max(exponent-11, -24)
	if v == 0 {
		step = -24
	}
	n := uint16(math.RoundToEven(math.Ldexp(v, -step)))
	if step == -24 {
		return sign | n // subnormal, or the least normal
	}
	return sign | uint16(step+24)<<10 + n
}

// encode writes a tensor under a name.
func (t *tensor) encode(name string) []byte {
	var m onnx.Message
	for _, d := range t.dims {
		m.Number(onnx.TensorDims, uint64(d))
	}
	m.Number(onnx.TensorType, uint64(t.kind))
	m.Text(onnx.TensorName, name)
	raw := make([]byte, 0, len(t.values)*widths[t.kind])
	for _, v := range t.values {
		_, bits := rounded(t.kind, v)
		for b := range widths[t.kind] {
			raw = append(raw, byte(bits>>(8*b)))
		}
	}
	m.Bytes(onnx.TensorRawData, raw)
	return m
}
