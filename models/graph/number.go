package graph

import (
	"math"

	"gtx/models/onnx"
)

// widths are the sizes in bytes of the element types that this package reads and writes.
var widths = map[onnx.ElementType]int{
	onnx.Float32: 4, onnx.Float16: 2, onnx.BFloat16: 2, onnx.Float64: 8, onnx.Int64: 8,
}

// valueOf returns the number that some bits stand for.
func valueOf(element onnx.ElementType, bits uint64) float64 {
	switch element {
	case onnx.Float64:
		return math.Float64frombits(bits)
	case onnx.Float16:
		return fromHalf(uint16(bits))
	case onnx.BFloat16:
		return float64(math.Float32frombits(uint32(bits) << 16))
	case onnx.Int64:
		return float64(int64(bits))
	}
	return float64(math.Float32frombits(uint32(bits)))
}

// rounded returns the nearest number that an element type can represent, and its bits.
func rounded(element onnx.ElementType, v float64) (float64, uint64) {
	switch element {
	case onnx.Float64:
		return v, math.Float64bits(v)
	case onnx.Float16:
		bits := toHalf(v)
		return fromHalf(bits), uint64(bits)
	case onnx.Int64:
		return v, uint64(int64(v))
	case onnx.BFloat16:
		bits := math.Float32bits(float32(v))
		bits = (bits + 0x7fff + bits>>16&1) >> 16
		return valueOf(element, uint64(bits)), uint64(bits)
	}
	f := float32(v)
	return float64(f), uint64(math.Float32bits(f))
}

// fromHalf returns the value of an IEEE 754 binary16.
func fromHalf(bits uint16) float64 {
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

// toHalf rounds to the nearest binary16, ties to even. Unlike IEEE 754 it maps values that are too
// large to the largest finite number, because a weight must not become infinite.
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
		return sign | n // subnormal, or the smallest normal numbers
	}
	return sign | uint16(step+24)<<10 + n
}
