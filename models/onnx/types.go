package onnx

import (
	"slices"
	"strconv"
)

// An ElementType is a TensorProto.DataType.
type ElementType int

// The element types that gtx handles by name.
const (
	Float32  ElementType = 1
	Uint8    ElementType = 2
	Int32    ElementType = 6
	Int64    ElementType = 7
	Float16  ElementType = 10
	Float64  ElementType = 11
	BFloat16 ElementType = 16
)

// elementNames are indexed by ElementType.
var elementNames = []string{
	"undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string",
	"bool", "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16",
}

// String returns the name that manifests use, or "data type N" for a type newer than this package.
func (t ElementType) String() string {
	if t >= 0 && int(t) < len(elementNames) {
		return elementNames[t]
	}
	return "data type " + strconv.FormatUint(uint64(t), 10)
}

// elementNamed is the inverse of String; -1 for an unknown name.
func elementNamed(name string) ElementType {
	return ElementType(slices.Index(elementNames, name))
}

// An AttributeKind is an AttributeProto.AttributeType.
type AttributeKind int

// The kinds of attributes that gtx writes.
const (
	AttributeKindInt  AttributeKind = 2
	AttributeKindInts AttributeKind = 7
)

// The values of TensorProto.DataLocation.
const (
	DefaultLocation  = 0 // in the tensor itself
	ExternalLocation = 1 // in another file
)
