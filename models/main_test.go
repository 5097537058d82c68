package models

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gtx/models/manifest"
)

// coded is a manifest like that of the built-in translator, in YAML.
//
//go:embed manifest/testdata/coded.yaml
var coded string

// plain has no code: one graph that leads one way.
//
//go:embed manifest/testdata/plain.yaml
var plain string

func parse(t testing.TB, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const fixtures = "../testdata/models/"

// TestMain finds the library that 'make deps' puts into the repository, for tests without
// GTX_ONNXRUNTIME.
func TestMain(m *testing.M) {
	if os.Getenv(libraryVariable) == "" {
		path, err := filepath.Abs("../build/lib/libonnxruntime.so.1")
		if err != nil || !isFile(path) {
			fmt.Fprintln(os.Stderr, "models: no ONNX Runtime for the tests; run 'make deps'")
			os.Exit(1)
		}
		os.Setenv(libraryVariable, path)
	}
	os.Exit(m.Run())
}

// openRuntime opens the library for one test. Its Close fails if the test leaks a session.
func openRuntime(t testing.TB) *Runtime {
	t.Helper()
	library, err := FindLibrary("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(library)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func find(t testing.TB, nameOrPath string) *Model {
	t.Helper()
	m, err := Find(nameOrPath)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// openTranslator opens a model on the CPU for one test, for its last target at full strength unless
// there is a request.
func openTranslator(t testing.TB, nameOrPath string, request ...Request) *Translator {
	t.Helper()
	return openedBeside(t, openRuntime(t), nameOrPath, request...)
}

// openedBeside is openTranslator in a runtime that is open already.
func openedBeside(t testing.TB, r *Runtime, nameOrPath string, request ...Request) *Translator {
	t.Helper()
	m := find(t, nameOrPath)
	q := Request{Strength: 1}
	if targets := m.Manifest.Targets(); len(targets) > 0 {
		q.To = targets[len(targets)-1]
	}
	if len(request) > 0 {
		q = request[0]
	}
	translator, err := r.NewTranslator(m, q, Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := translator.Close(); err != nil {
			t.Error(err)
		}
	})
	return translator
}

// run returns the first result.
func run(t testing.TB, translator *Translator, in Batch) Batch {
	t.Helper()
	out, err := translator.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

// images makes n images of no regular content, the same at each call.
func images(n, height, width int) Batch {
	b := Batch{N: n, Height: height, Width: width, Pixels: make([]byte, n*height*width*channels)}
	state := uint32(1)
	for i := range b.Pixels {
		state = state*1664525 + 1013904223
		b.Pixels[i] = byte(state >> 24)
	}
	return b
}
