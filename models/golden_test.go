package models

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"gtx/models/manifest"
	"gtx/models/onnx"
)

// The exporter's tests say the same of its own.
func TestGoldenPictureIsTheExporters(t *testing.T) {
	ramps := Ramps(64, 64)
	for at, want := range map[[2]int][]byte{{0, 63}: {255, 0, 255}, {63, 0}: {0, 255, 255}, {10, 20}: {80, 40, 255}} {
		i := (at[0]*64 + at[1]) * channels
		if got := ramps[i : i+channels]; !slices.Equal(got, want) {
			t.Errorf("row %d, column %d: %v, want %v", at[0], at[1], got, want)
		}
	}
	image := Batch{N: 1, Height: 16, Width: 20, Pixels: make([]byte, 16*20*channels)}
	set := func(y, x int, rgb ...byte) { copy(image.Pixels[(y*20+x)*channels:], rgb) }
	for _, at := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		set(at[0], at[1], 10, 20, 30)
	}
	set(2, 2, 40, 40, 40)
	set(3, 2, 40, 40, 40)
	means := cellMeans(image)
	if got := means[:3]; !slices.Equal(got, []float64{10, 20, 30}) {
		t.Errorf("first cell: %v", got)
	}
	if got := means[(manifest.Cells+1)*channels]; got < 13.3 || got > 13.4 {
		t.Errorf("second cell of the second row: %g", got)
	}
}

// withGolden copies a fixture and puts a manifest with golden cases beside it.
func withGolden(t *testing.T, fixture, golden string) *Model {
	t.Helper()
	network, err := os.ReadFile(fixtures + fixture)
	if err != nil {
		t.Fatal(err)
	}
	declared, err := onnx.ReadDeclaration(network)
	if err != nil {
		t.Fatal(err)
	}
	document := map[string]any{}
	if err := yaml.Unmarshal([]byte(declared.Metadata[MetadataKey]), &document); err != nil {
		t.Fatal(err)
	}
	var cases []any
	if err := yaml.Unmarshal([]byte(golden), &cases); err != nil {
		t.Fatal(err)
	}
	document["golden"] = cases
	beside, err := yaml.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), fixture)
	for name, data := range map[string][]byte{
		path: network, path + ManifestSuffix: beside,
	} {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return find(t, path)
}

func TestVerifySaysWhatDiffers(t *testing.T) {
	// What shift makes of the ramps can be computed: 40 times the code is added to each byte.
	means := cellMeans(Batch{N: 1, Height: 64, Width: 64, Pixels: Ramps(64, 64)})
	shifted := make(manifest.CellMeans, len(means))
	for i := range shifted {
		sum := 0.0
		for _, v := range cellOf(i) {
			sum += min(float64(v)+40, 255)
		}
		shifted[i] = byte(sum/64 + 0.5)
	}
	golden := func(means manifest.CellMeans, tol string) string {
		return `[{"inputs":{"picture":"ramps","h":64,"w":64},"args":{"to":"winter"},"output":{"h":64,"w":64,"means":"` +
			means.String() + `"},"tol":` + tol + `}]`
	}
	off := slices.Clone(shifted)
	off[1] += 3
	r := openRuntime(t)
	for _, c := range []struct {
		golden, fails string
	}{
		{golden(shifted, "0.5"), ""},
		{golden(off, "3.5"), ""},
		{golden(off, "2"), "the mean green of cell 1,1 of 8×8 is 54.0, not 57"},
		{strings.Replace(golden(shifted, "1"), `"output":{"h":64`, `"output":{"h":32`, 1), "a picture of 64×64, not 64×32"},
		{strings.Replace(golden(shifted, "1"), "winter", "summer", 1), "the mean"},
	} {
		checks, err := r.Verify(context.Background(), withGolden(t, "shift.onnx", c.golden), Options{Device: "cpu"})
		if err != nil || len(checks) != 1 || !checks[0].Known {
			t.Fatalf("%v, %v", checks, err)
		}
		if err := checks[0].Err; (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("got %v, want %q", err, c.fails)
		}
	}
	judged := withGolden(t, "brightness-classifier.onnx",
		`[{"inputs":{"picture":"ramps","h":64,"w":64},"output":{"probabilities":[0.9,0.1]},"tol":0.1}]`)
	checks, err := r.Verify(context.Background(), judged, Options{Device: "cpu"})
	if err != nil || len(checks) != 1 || checks[0].Err == nil || !strings.Contains(checks[0].Err.Error(), "not 0.9000") {
		t.Errorf("%v, %v", checks, err)
	}
}

// cellOf lists the bytes of the ramps that make one mean.
func cellOf(mean int) []byte {
	cell, channel := mean/channels, mean%channels
	ramps := Ramps(64, 64)
	var found []byte
	for y := range 8 {
		for x := range 8 {
			found = append(found, ramps[((cell/manifest.Cells*8+y)*64+cell%manifest.Cells*8+x)*channels+channel])
		}
	}
	return found
}

func TestVerifyTriesEveryTargetOfAModelWithoutGoldenCases(t *testing.T) {
	r := openRuntime(t)
	checks, err := r.Verify(context.Background(), find(t, fixtures+"checker.onnx"), Options{Device: "cpu"})
	if err != nil || len(checks) != 2 || checks[0].Known || checks[0].Err != nil || checks[1].To != "winter" {
		t.Errorf("%+v, %v", checks, err)
	}
	checks, err = r.Verify(context.Background(), find(t, fixtures+"nan.onnx"), Options{Device: "cpu"})
	if err != nil || len(checks) != 1 || checks[0].Err == nil {
		t.Errorf("%+v, %v", checks, err)
	}
}
