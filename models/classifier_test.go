package models

import (
	"errors"
	"math"
	"slices"
	"testing"

	"gtx/models/manifest"
)

func openClassifier(t *testing.T, nameOrPath string) *Classifier {
	t.Helper()
	classifier, err := openRuntime(t).NewClassifier(find(t, nameOrPath), Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := classifier.Close(); err != nil {
			t.Error(err)
		}
	})
	return classifier
}

func TestClassifierGivesOneRowOfProbabilitiesAImage(t *testing.T) {
	classifier := openClassifier(t, fixtures+"brightness-classifier.onnx")
	in := Batch{N: 3, Height: 8, Width: 8, Pixels: slices.Concat(
		slices.Repeat([]byte{0}, 192), slices.Repeat([]byte{255}, 192), slices.Repeat([]byte{127, 128}, 96))}
	p, err := classifier.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(classifier.Classes(), []string{"summer", "winter"}) || len(p) != 6 {
		t.Fatalf("classes %q, %v", classifier.Classes(), p)
	}
	if p[0] < 0.99 || p[3] < 0.99 || math.Abs(float64(p[4])-0.5) > 1e-6 {
		t.Errorf("black, white and grey: %v", p)
	}
	for row := range slices.Chunk(p, 2) {
		if math.Abs(float64(row[0]+row[1]-1)) > 1e-6 {
			t.Errorf("%v does not add up to 1", row)
		}
	}
}

func TestBuiltInClassifierRuns(t *testing.T) {
	classifier := openClassifier(t, "seasons-classifier")
	in := images(2, 64, 96)
	p, err := classifier.Run(t.Context(), in)
	if err != nil || len(p) != 4 {
		t.Errorf("%v, %v", p, err)
	}
}

func TestActivationsGiveProbabilities(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		activation   manifest.Activation
		logits, want []float32
	}{
		{"softmax", []float32{0, 0}, []float32{0.5, 0.5}},
		{"softmax", []float32{1000, 0}, []float32{1, 0}},
		{"softmax", []float32{-1000, -1000, -1000, -1000}, []float32{0.25, 0.25, 0.25, 0.25}},
		{"sigmoid", []float32{0, 1000, -1000}, []float32{0.5, 1, 0}},
		{"none", []float32{0.25, 1, 0}, []float32{0.25, 1, 0}},
		{"none", []float32{1.5}, nil},
		{"softmax", []float32{nan, 0}, nil},
		{"softmax", []float32{0, inf}, nil},
		{"sigmoid", []float32{nan}, nil},
	} {
		got := slices.Clone(c.logits)
		err := activate(c.activation, got)
		if c.want == nil {
			if err == nil {
				t.Errorf("%s %v: %v", c.activation, c.logits, got)
			}
			continue
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s %v: %v, %v", c.activation, c.logits, got, err)
		}
	}
	if err := activate("softmax", []float32{nan}); !errors.Is(err, errNotFinite) {
		t.Errorf("%v", err)
	}
}
