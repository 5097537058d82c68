package propose

import (
	"os"
	"strings"
	"testing"

	"gtx/models/manifest"
	"gtx/models/onnx"
)

func TestImageLayoutFollowsFromThePlaceOfTheChannels(t *testing.T) {
	for _, c := range []struct {
		shape    []int
		layout   manifest.Layout
		channels int
	}{
		{[]int{1, 3, 256, 256}, manifest.LayoutNCHW, 3},
		{[]int{-1, 3, -1, -1}, manifest.LayoutNCHW, 3},
		{[]int{-1, -1, -1, 3}, manifest.LayoutNHWC, 3},
		{[]int{1, 1, 320, 320}, manifest.LayoutNCHW, 1},
		{[]int{1, 28, 28, 1}, manifest.LayoutNHWC, 1},
		{[]int{1, 3, 1, 1}, "", 0},
		{[]int{1, 3, 64, 3}, "", 0},
		{[]int{1, -1, -1, -1}, "", 0},
		{[]int{1, 5, 64, 64}, "", 0},
		{[]int{1, 1, 1, 100}, "", 0},
		{[]int{3, 64, 64}, "", 0},
		{nil, "", 0},
	} {
		layout, channels, err := imageLayout(onnx.TensorInfo{Name: "x", Shape: c.shape})
		if layout != c.layout || channels != c.channels || (err != nil) != (c.layout == "") {
			t.Errorf("%v: %q, %d, %v; want %q, %d", c.shape, layout, channels, err, c.layout, c.channels)
		}
	}
}

func TestFinalRangeIsThatOfTheLastLayer(t *testing.T) {
	for file, want := range map[string]Range{
		"foreign-tanh.onnx": RangeSigned, "foreign-style.onnx": RangeUnknown, "foreign-upscaler.onnx": RangeUnknown, "no-manifest.onnx": RangeBytes,
	} {
		network, err := os.ReadFile("../../testdata/models/" + file)
		if err != nil {
			t.Fatal(err)
		}
		declared, err := onnx.ReadDeclaration(network)
		if err != nil {
			t.Fatal(err)
		}
		if got := finalRange(network, declared.Outputs[0]); got != want {
			t.Errorf("%s: %v, want %v", file, got, want)
		}
	}
}

func TestProposalsKeepLinesShort(t *testing.T) {
	known, err := Preset("cyclegan")
	if err != nil {
		t.Fatal(err)
	}
	network, err := os.ReadFile("../../testdata/models/foreign-tanh.onnx")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Manifest(network, Hints{Known: known, Stem: "swap", To: []string{"winter"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := manifest.Marshal(p.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if len(line) > 106 {
			t.Errorf("%d bytes: %s", len(line), line)
		}
	}
	if !strings.Contains(string(text), "domains: [{id: winter}]\n") {
		t.Errorf("%s", text)
	}
}

func FuzzProposeNeverPanics(f *testing.F) {
	network, err := os.ReadFile("../../testdata/models/foreign-tanh.onnx")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range Presets() {
		known, err := Preset(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(known))
	}
	for _, text := range []string{"", "[]", "inputs: []", "inputs: [{}]", "graphs: {a: 1}", "outputs: [{role: image, scale: []}]"} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, known string) {
		if p, err := Manifest(network, Hints{Known: []byte(known), Stem: "x"}); err == nil {
			manifest.Marshal(p.Manifest)
		}
	})
}
