package models

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"gtx/models/labelmap"
	"gtx/models/manifest"
	"gtx/models/onnx"
)

// The exporter's tests say the same of its own.
func TestGoldenImageIsTheExporters(t *testing.T) {
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
		{strings.Replace(golden(shifted, "1"), `"output":{"h":64`, `"output":{"h":32`, 1), "an image of 64×64, not 64×32"},
		{strings.Replace(golden(shifted, "1"), "winter", "summer", 1), "the mean"},
	} {
		checks := r.Verify(context.Background(), withGolden(t, "shift.onnx", c.golden), Options{Device: "cpu"})
		if len(checks) != 1 || !checks[0].Known {
			t.Fatalf("%v", checks)
		}
		if err := checks[0].Err; (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("got %v, want %q", err, c.fails)
		}
	}
	judged := withGolden(t, "brightness-classifier.onnx",
		`[{"inputs":{"picture":"ramps","h":64,"w":64},"output":{"probabilities":[0.9,0.1]},"tol":0.1}]`)
	checks := r.Verify(context.Background(), judged, Options{Device: "cpu"})
	if len(checks) != 1 || checks[0].Err == nil || !strings.Contains(checks[0].Err.Error(), "not 0.9000") {
		t.Errorf("%v", checks)
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
	checks := r.Verify(context.Background(), find(t, fixtures+"checker.onnx"), Options{Device: "cpu"})
	if len(checks) != 2 || checks[0].Known || checks[0].Err != nil || checks[1].To != "winter" {
		t.Errorf("%+v", checks)
	}
	checks = r.Verify(context.Background(), find(t, fixtures+"nan.onnx"), Options{Device: "cpu"})
	if len(checks) != 1 || checks[0].Err == nil {
		t.Errorf("%+v", checks)
	}
}

// Ramps have colours that belong to no class. Label maps whose classes are the nearest colours take them.
func TestTheGoldenLabelMapHasClasses(t *testing.T) {
	size := manifest.Golden{Inputs: manifest.GoldenInputs{H: 64, W: 64}}
	for name, ramps := range map[string]bool{"spade.onnx": true, "pix2pixhd.onnx": false} {
		m := find(t, fixtures+name).Manifest
		pixels := goldenInput(m, size).Pixels
		if ramps != slices.Equal(pixels, Ramps(64, 64)) || ramps == slices.Equal(pixels, make([]byte, len(pixels))) {
			t.Errorf("%s: %v", name, pixels[:12])
		}
		if _, err := labelmap.Classes(m.Image().LabelMap, pixels); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// restless is a network that adds random numbers from 0 to 1 to its image.
func restless() []byte {
	info := func(name string) []byte {
		var shape, tensor, kind, out onnx.Message
		for _, n := range []uint64{1, 3, 8, 8} {
			var dim onnx.Message
			dim.Number(onnx.DimValue, n)
			shape.Bytes(onnx.ShapeDim, dim)
		}
		tensor.Number(onnx.TypeElement, uint64(onnx.Float32))
		tensor.Bytes(onnx.TypeShape, shape)
		kind.Bytes(onnx.TypeTensor, tensor)
		out.Text(onnx.InfoName, name)
		out.Bytes(onnx.InfoType, kind)
		return out
	}
	node := func(op, output string, inputs ...string) []byte {
		var out onnx.Message
		for _, in := range inputs {
			out.Text(onnx.NodeInput, in)
		}
		out.Text(onnx.NodeOutput, output)
		out.Text(onnx.NodeOpType, op)
		return out
	}
	const graphName onnx.Number = 2
	var graph, opset, model onnx.Message
	graph.Bytes(onnx.GraphNode, node("RandomUniformLike", "noise", "x"))
	graph.Bytes(onnx.GraphNode, node("Add", "y", "x", "noise"))
	graph.Text(graphName, "restless")
	graph.Bytes(onnx.GraphInput, info("x"))
	graph.Bytes(onnx.GraphOutput, info("y"))
	opset.Number(onnx.OpsetVersion, 13)
	model.Number(onnx.ModelIRVersion, 8)
	model.Bytes(onnx.ModelGraph, graph)
	model.Bytes(onnx.ModelOpset, opset)
	return model
}

func TestVerifyFindsAGraphThatIsNotDeterministic(t *testing.T) {
	const text = `
schema: gtx.model/1
name: restless
graphs: {main: {batch: 1, deterministic: CLAIM}}
inputs:
- {graph: main, name: x, dtype: float32, layout: NCHW, role: image, image: {channels: 3, color: RGB},
   size: {mode: fixed, h: 8, w: 8}}
outputs: [{graph: main, name: y, role: image, dtype: float32, layout: NCHW, color: RGB}]
domains: [{id: noise}]
`
	r := openRuntime(t)
	path := write(t, filepath.Join(t.TempDir(), "restless.onnx"), restless())
	for claim, want := range map[string]error{"true": errNotDeterministic, "false": nil} {
		write(t, path+ManifestSuffix, []byte(strings.Replace(text, "CLAIM", claim, 1)))
		checks := r.Verify(context.Background(), find(t, path), Options{Device: "cpu"})
		if len(checks) != 1 || !errors.Is(checks[0].Err, want) {
			t.Errorf("deterministic: %s: %+v", claim, checks)
		}
	}
}
