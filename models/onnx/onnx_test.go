package onnx

import (
	"os"
	"path/filepath"
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

func FuzzReadersNeverPanic(f *testing.F) {
	for _, name := range []string{"shift.onnx", "external.onnx", "upsampling/deconv-half.onnx"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(_ *testing.T, model []byte) {
		ReadNode(model)
		CheckSelfContained(model)
		if declared, err := ReadDeclaration(model); err == nil {
			CastToFloat(model, declared)
		}
	})
}
