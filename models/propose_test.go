package models

import (
	"errors"
	"os"
	"slices"
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
		layout, channels, err := imageLayout(TensorInfo{Name: "x", Shape: c.shape})
		if layout != c.layout || channels != c.channels || (err != nil) != (c.layout == "") {
			t.Errorf("%v: %q, %d, %v; want %q, %d", c.shape, layout, channels, err, c.layout, c.channels)
		}
	}
}

// proposed runs a proposer on what a network of float32 images declares.
func proposed(t *testing.T, known string, inputs, outputs []TensorInfo) (*manifest.Manifest, error) {
	t.Helper()
	draft, err := manifest.ParseDraft([]byte(known))
	if err != nil {
		t.Fatal(err)
	}
	p := newProposer(draft, &onnx.Declaration{Inputs: inputs, Outputs: outputs}, hints{stem: "foreign", values: rangeSigned})
	if err := p.propose(); err != nil {
		return nil, err
	}
	text, err := manifest.Marshal(&draft.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse(text)
	if err != nil {
		return nil, err
	}
	_, err = newSignature(m, "main", p.declared)
	return m, err
}

func TestEveryPresetDescribesItsFamily(t *testing.T) {
	nchw := []int{1, 3, 128, 128}
	label := TensorInfo{Name: "label", DType: "float32", Shape: []int{1, 5}}
	mask := TensorInfo{Name: "mask", DType: "float32", Shape: []int{1, 1, 128, 128}}
	for _, name := range Presets() {
		known, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, shape := range [][]int{nchw, {-1, -1, -1, 3}} {
			image := TensorInfo{Name: "in", DType: "float32", Shape: shape}
			inputs, outputs := []TensorInfo{image}, []TensorInfo{{Name: "out", DType: "float32", Shape: shape}}
			switch name {
			case "stargan":
				inputs = append(inputs, label)
				inputs[0].Shape, outputs[0].Shape = nchw, nchw // one label, one image
			case "u2net":
				outputs = []TensorInfo{mask, {Name: "side", DType: "float32", Shape: mask.Shape}}
			}
			m, err := proposed(t, string(known), inputs, outputs)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if m.Family != name || len(m.Targets()) == 0 {
				t.Errorf("%s: family %q, targets %q", name, m.Family, m.Targets())
			}
			if in := m.Image(); slices.Equal(shape, nchw) && (in.Size.Mode != manifest.SizeFixed || in.Size.W != 128 || in.Layout != manifest.LayoutNCHW) {
				t.Errorf("%s: %+v", name, in)
			}
		}
	}
}

func TestWhatIsKnownWinsOverWhatANetworkShows(t *testing.T) {
	shape := []int{1, 3, -1, -1}
	m, err := proposed(t, `
name: stated
inputs:
- {role: image, image: {color: BGR, scale: [2, 2, 2]}, size: {mode: any, h: 100, w: 80}}
outputs: [{role: image, name: second}]
`, []TensorInfo{{Name: "in", DType: "float32", Shape: shape}},
		[]TensorInfo{{Name: "first", DType: "float32", Shape: shape}, {Name: "second", DType: "float32", Shape: shape}})
	if err != nil {
		t.Fatal(err)
	}
	in := m.Image()
	if m.Name != "stated" || in.Image.Color != manifest.ColorBGR || in.Image.Scale[0] != 2 || in.Size.H != 100 || m.Outputs[0].Name != "second" {
		t.Errorf("%+v %+v %+v", in, in.Size, m.Outputs)
	}
	if out := m.Outputs[0]; out.Scale[0] != 1/127.5 || out.Offset[0] != -1 {
		t.Errorf("the range of what is not stated: %v %v", out.Scale, out.Offset)
	}
}

func TestVagueOutputsAreAsTheImageThatGoesIn(t *testing.T) {
	for _, in := range [][]int{{1, 3, -1, -1}, {1, -1, -1, 3}, {-1, 1, 64, 64}} {
		for _, out := range [][]int{{-1, -1, -1, -1}, nil} {
			m, err := proposed(t, "{}", []TensorInfo{{Name: "x", DType: "float32", Shape: in}}, []TensorInfo{{Name: "y", DType: "float32", Shape: out}})
			if err != nil {
				t.Errorf("%v → %v: %v", in, out, err)
				continue
			}
			if m.Outputs[0].Layout != m.Inputs[0].Layout || m.Outputs[0].Color != m.Inputs[0].Image.Color {
				t.Errorf("%v → %v: %+v", in, out, m.Outputs[0])
			}
		}
	}
	// A layout that is stated decides where nothing can be seen.
	known := "inputs: [{role: image, name: x, layout: NHWC, size: {mode: any, h: 64, w: 64}}]"
	for _, in := range [][]int{{1, -1, -1, -1}, {1, 3, 64, 3}} {
		m, err := proposed(t, known, []TensorInfo{{Name: "x", DType: "float32", Shape: in}}, []TensorInfo{{Name: "y", DType: "float32", Shape: in}})
		if err != nil && in[1] == manifest.AnyDim {
			t.Errorf("%v: %v", in, err)
		} else if err == nil && m.Inputs[0].Layout != manifest.LayoutNHWC {
			t.Errorf("%v: %+v", in, m.Inputs[0])
		}
	}
	for _, shape := range [][]int{nil, {1}, {1, -1, 3}, {-1, -1, -1, -1, -1}} {
		if _, err := proposed(t, known, []TensorInfo{{Name: "x", DType: "float32", Shape: shape}}, []TensorInfo{{Name: "y", DType: "float32", Shape: shape}}); err == nil {
			t.Errorf("%v passed for an image", shape)
		}
	}
}

func TestAmbiguousNetworksNeedAWord(t *testing.T) {
	image := func(name string) TensorInfo {
		return TensorInfo{Name: name, DType: "float32", Shape: []int{1, 3, -1, -1}}
	}
	code := TensorInfo{Name: "code", DType: "float32", Shape: []int{1, 5}}
	for _, c := range []struct {
		inputs, outputs []TensorInfo
		field           string
	}{
		{[]TensorInfo{image("a"), image("b")}, []TensorInfo{image("y")}, "inputs"},
		{[]TensorInfo{image("a"), code}, []TensorInfo{image("y")}, "inputs"},
		{[]TensorInfo{code}, []TensorInfo{image("y")}, "inputs"},
		{[]TensorInfo{image("a")}, []TensorInfo{image("y"), image("z")}, "outputs"},
		{[]TensorInfo{image("a")}, []TensorInfo{code}, "outputs"},
		{[]TensorInfo{{Name: "a", DType: "int32", Shape: []int{1, 3, -1, -1}}}, []TensorInfo{image("y")}, ""},
	} {
		_, err := proposed(t, "{}", c.inputs, c.outputs)
		var wrong *manifest.Error
		if c.field == "" {
			if err != nil {
				t.Errorf("%v: %v", c.inputs, err)
			}
		} else if !errors.As(err, &wrong) || wrong.Field != c.field {
			t.Errorf("%v %v: %v, want a word on %s", c.inputs, c.outputs, err, c.field)
		}
	}
}

func TestFinalRangeIsThatOfTheLastLayer(t *testing.T) {
	for file, want := range map[string]valueRange{
		"foreign-tanh.onnx": rangeSigned, "foreign-style.onnx": rangeUnknown, "foreign-upscaler.onnx": rangeUnknown, "no-manifest.onnx": rangeBytes,
	} {
		network, err := os.ReadFile(fixtures + file)
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
	network, err := os.ReadFile(fixtures + "foreign-tanh.onnx")
	if err != nil {
		t.Fatal(err)
	}
	p, err := propose(network, hints{known: known, stem: "swap", to: []string{"winter"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := manifest.Marshal(p.manifest)
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
	network, err := os.ReadFile(fixtures + "foreign-tanh.onnx")
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
		if p, err := propose(network, hints{known: []byte(known), stem: "x"}); err == nil {
			manifest.Marshal(p.manifest)
		}
	})
}
