package onnx

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// fixture returns a model from testdata.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	model, err := os.ReadFile(filepath.Join("../../testdata/models", name))
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func declarationOf(t testing.TB, model []byte) *Declaration {
	t.Helper()
	d, err := ReadDeclaration(model)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// port returns a ValueInfoProto of a tensor.
func port(name string, element ElementType, dims ...int64) []byte {
	var shape, tensor, kind, info Message
	for _, d := range dims {
		var dim Message
		dim.Number(DimValue, uint64(d))
		shape.Bytes(ShapeDim, dim)
	}
	tensor.Number(TypeElement, uint64(element))
	tensor.Bytes(TypeShape, shape)
	kind.Bytes(TypeTensor, tensor)
	info.Text(InfoName, name)
	info.Bytes(InfoType, kind)
	return info
}

// modelOf returns a ModelProto with a graph of the given fields.
func modelOf(graph ...Field) []byte {
	var inner, model Message
	for _, f := range graph {
		inner.Field(&f)
	}
	model.Number(ModelIRVersion, 8)
	model.Bytes(ModelGraph, inner)
	return model
}

func TestDeclarationLeavesOutWeightsAmongTheInputs(t *testing.T) {
	var weights Message
	weights.Text(TensorName, "w")
	d := declarationOf(t, modelOf(
		Field{Number: GraphInput, Content: port("x", Float16, 1, 3, 0, -7)},
		Field{Number: GraphInput, Content: port("w", Float32, 4)},
		Field{Number: GraphOutput, Content: port("y", ElementType(99))},
		Field{Number: GraphInitializer, Content: weights},
	))
	if len(d.Inputs) != 1 || d.Inputs[0].String() != "x float16[1,3,?,?]" {
		t.Errorf("inputs %v", d.Inputs)
	}
	if len(d.Outputs) != 1 || d.Outputs[0].String() != "y data type 99[]" {
		t.Errorf("outputs %v", d.Outputs)
	}
}

func TestCastsKeepShapesAndLeaveOtherTypesAlone(t *testing.T) {
	model := modelOf(
		Field{Number: GraphInput, Content: port("half", Float16, 1, 3)},
		Field{Number: GraphInput, Content: port("bytes", Uint8, 2)},
		Field{Number: GraphOutput, Content: port("long", Int64, 5)},
		Field{Number: GraphOutput, Content: port("brain", BFloat16, 6)},
	)
	changed, names, err := CastToFloat(model, declarationOf(t, model))
	if err != nil || len(names) != 2 || names["half"] != "half:float32" || names["long"] != "long:float32" {
		t.Fatalf("%v, %v", names, err)
	}
	d := declarationOf(t, changed)
	for i, want := range []string{"half:float32 float32[1,3]", "bytes uint8[2]", "long:float32 float32[5]", "brain bfloat16[6]"} {
		if got := slices.Concat(d.Inputs, d.Outputs)[i].String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	same, names, err := CastToFloat(changed, d)
	if err != nil || len(names) > 0 || !sameSlice(same, changed) {
		t.Errorf("a model without such types: %v, %v", names, err)
	}
}

func TestInlinedWeightsComeFromTheFile(t *testing.T) {
	model := fixture(t, "external.onnx")
	var elsewhere *ExternalDataError
	if err := CheckSelfContained(model); !errors.As(err, &elsewhere) || elsewhere.Location != "external.bin" || elsewhere.Outside {
		t.Errorf("before: %v", err)
	}
	whole, err := InlineWeights(model, "../../testdata/models")
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckSelfContained(whole); err != nil {
		t.Errorf("after: %v", err)
	}
	if values := fixture(t, "external.bin")[4:16]; !bytes.Contains(whole, values) {
		t.Errorf("the model lacks % x", values)
	}
	same, err := InlineWeights(whole, t.TempDir())
	if err != nil || !sameSlice(same, whole) {
		t.Errorf("a model without external weights is not returned as it is: %v", err)
	}
	outside := fixture(t, "external-outside.onnx")
	if _, err := InlineWeights(outside, "../../testdata/models/upsampling"); !errors.As(err, &elsewhere) || !elsewhere.Outside {
		t.Errorf("outside: %v", err)
	}
}

func TestEveryFieldKeepsItsBytes(t *testing.T) {
	for _, name := range []string{"shift.onnx", "upsampling/deconv-half.onnx"} {
		model := fixture(t, name)
		fields, err := Split(model)
		if err != nil {
			t.Fatal(err)
		}
		var again Message
		for _, f := range fields {
			again.Field(f)
		}
		if !bytes.Equal(again, model) {
			t.Errorf("%s has changed", name)
		}
	}
}

func TestNodesAreReadAsTheyWereWritten(t *testing.T) {
	want := Node{
		Name: "n", Op: "Conv", Domain: "d", Inputs: []string{"a", ""}, Outputs: []string{"b"},
		Attributes: [][]byte{IntAttribute("group", -1), IntsAttribute("pads", []int{0, 1})},
	}
	got, err := ReadNode(want.Encode())
	if err != nil || got.Name != want.Name || got.Op != want.Op || got.Domain != want.Domain ||
		!slices.Equal(got.Inputs, want.Inputs) || !slices.Equal(got.Outputs, want.Outputs) ||
		!slices.EqualFunc(got.Attributes, want.Attributes, bytes.Equal) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func FuzzReadersNeverPanic(f *testing.F) {
	for _, name := range []string{"shift.onnx", "external.onnx", "upsampling/deconv-half.onnx"} {
		f.Add(fixture(f, name))
	}
	folder := f.TempDir()
	f.Fuzz(func(_ *testing.T, model []byte) {
		ReadNode(model)
		ReadNodes(model)
		CheckSelfContained(model)
		InlineWeights(model, folder)
		if declared, err := ReadDeclaration(model); err == nil {
			CastToFloat(model, declared)
		}
	})
}

func FuzzCastModelsDeclareNoTypeThatGoLacks(f *testing.F) {
	for _, name := range []string{"shift.onnx", "coordinates.onnx", "upsampling/deconv-half.onnx"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, model []byte) {
		declared, err := ReadDeclaration(model)
		if err != nil {
			return
		}
		changed, _, err := CastToFloat(model, declared)
		if err != nil {
			return
		}
		again, err := ReadDeclaration(changed)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range slices.Concat(again.Inputs, again.Outputs) {
			if slices.Contains(castable, elementNamed(info.DType)) {
				t.Errorf("still %s", info)
			}
		}
	})
}
