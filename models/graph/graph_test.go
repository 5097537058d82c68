package graph

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"gtx/models/onnx"
)

func TestLayersAreJudgedByTheirPhases(t *testing.T) {
	for _, c := range []struct {
		model, layer, op string
		verdict          Verdict
		remainder        []int
	}{
		{"deconv-k3s2", "up", "ConvTranspose", Faulty, []int{1, 1}},
		{"deconv-k3s2-even", "up", "ConvTranspose", Sound, []int{1, 1}},
		{"deconv-k4s2", "up", "ConvTranspose", Faulty, []int{0, 0}},
		{"deconv-k4s2-even", "up", "ConvTranspose", Sound, []int{0, 0}},
		{"deconv-k1s2", "up", "ConvTranspose", Faulty, []int{1, 1}},
		{"deconv-half", "up", "ConvTranspose", Faulty, []int{0, 0}},
		{"deconv-dynamic", "up", "ConvTranspose", CannotTell, nil},
		{"shuffle", "shuffle", "DepthToSpace", Faulty, nil},
		{"shuffle-icnr", "shuffle", "DepthToSpace", Sound, nil},
		{"shuffle-written-out", "turn", "DepthToSpace", Faulty, nil},
		{"nearest-conv", "up", "Resize", Sound, nil},
		{"bilinear-conv", "up", "Resize", Sound, nil},
	} {
		layers := parse(t, fixture(t, c.model)).Layers()
		if len(layers) != 1 {
			t.Errorf("%s: %d layers", c.model, len(layers))
			continue
		}
		l := layers[0]
		if l.Name != c.layer || l.Op != c.op || l.Verdict != c.verdict || !slices.Equal(l.Remainder, c.remainder) {
			t.Errorf("%s: %+v", c.model, l)
		}
		if (l.Verdict == CannotTell) != (l.Reason != "") || (l.Verdict == CannotTell) != (l.Imbalance < 0) {
			t.Errorf("%s: imbalance %g, reason %q", c.model, l.Imbalance, l.Reason)
		}
	}
}

// The verdict comes from the graph alone; running the model must confirm it.
func TestVerdictsAgreeWithFlatImages(t *testing.T) {
	for _, name := range []string{
		"deconv-k3s2", "deconv-k3s2-even", "deconv-k4s2", "deconv-k4s2-even", "deconv-k1s2", "deconv-half",
		"shuffle", "shuffle-icnr", "shuffle-written-out", "nearest-conv", "bilinear-conv",
	} {
		model := fixture(t, name)
		response := flatResponse(t, model)
		if faulty := parse(t, model).Layers()[0].Verdict == Faulty; faulty != (response > 0.01) {
			t.Errorf("%s: faulty %v, but the flat response is %g", name, faulty, response)
		}
	}
}

func TestImbalanceIsTheSpreadOfPhaseSums(t *testing.T) {
	// 3×3 ones at stride 2: sums of 4, 2, 2 and 1.
	d := &deconvolution{
		&tensor{dims: []int{1, 1, 3, 3}, values: slices.Repeat([]float64{1}, 9)}, []int{2, 2}, []int{1, 1},
	}
	s := d.sums()
	if !slices.Equal(s.values, []float64{4, 2, 2, 1}) {
		t.Errorf("sums %v", s.values)
	}
	want := math.Sqrt((1.75*1.75 + 2*0.25*0.25 + 1.25*1.25) / 25)
	if got := s.imbalance(); math.Abs(got-want) > 1e-12 {
		t.Errorf("imbalance %g, want %g", got, want)
	}
	if (&sums{phases: 4, values: make([]float64, 8)}).imbalance() != 0 {
		t.Error("weights of zero have an imbalance")
	}
	// Dilation 2 leaves all taps in one phase.
	d.dilation = []int{2, 2}
	if s = d.sums(); !slices.Equal(s.values, []float64{9, 0, 0, 0}) {
		t.Errorf("dilated: sums %v", s.values)
	}
}

func TestRepairKeepsFlatImagesFlat(t *testing.T) {
	for _, name := range []string{"deconv-k3s2", "deconv-k4s2", "deconv-k1s2", "deconv-half", "shuffle", "shuffle-written-out"} {
		model := fixture(t, name)
		before := flatResponse(t, model)
		for _, method := range Methods {
			g := parse(t, model)
			changes, err := g.Repair(method)
			if name == "shuffle-written-out" && method == Notch {
				if err != errNoOutputLayer { // it ends in a Reshape whose channels the graph does not state
					t.Errorf("%s by %s: %v", name, method, err)
				}
				continue
			}
			if err != nil || len(changes) != 1 {
				t.Errorf("%s by %s: %v, %v", name, method, changes, err)
				continue
			}
			repaired := g.Model()
			after := flatResponse(t, repaired)
			most := 1e-4
			if name == "deconv-half" && method == Notch {
				most = 5e-3 // the result is rounded to half precision again, by up to 1/16 grey level
			}
			if after > most*before {
				t.Errorf("%s by %s: flat response %g of %g", name, method, after, before)
			}
			if l := parse(t, repaired).Layers()[0]; l.Verdict != Sound || (l.Reason != "") != (changes[0].Method != Phases) {
				t.Errorf("%s by %s: still %+v", name, method, l)
			}
			p := psnr(run(t, repaired, photograph()), run(t, model, photograph()))
			t.Logf("%-20s %-6s flat %.2e of %.3f, %.1f dB", name, changes[0].Method, after/before, before, p)
		}
	}
}

func TestRepairLeavesSoundAndUnknownLayersAlone(t *testing.T) {
	for _, name := range []string{"deconv-k3s2-even", "nearest-conv", "shuffle-icnr", "deconv-dynamic"} {
		model := fixture(t, name)
		g := parse(t, model)
		changes, err := g.Repair(Phases)
		if err != nil || len(changes) != 0 || !bytes.Equal(g.Model(), model) {
			t.Errorf("%s: %v, %v", name, changes, err)
		}
	}
}

func TestMetadataIsReplaced(t *testing.T) {
	g := parse(t, fixture(t, "nearest-conv"))
	g.SetMetadata("gtx.manifest", "new")
	g.SetMetadata("other", "one")
	d, err := onnx.ReadDeclaration(g.Model())
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(d.Metadata, map[string]string{"gtx.manifest": "new", "other": "one"}) {
		t.Errorf("%q", d.Metadata)
	}
}

func TestTruncatedModelsAndJunkAreErrors(t *testing.T) {
	model := fixture(t, "deconv-k3s2")
	for n := range model {
		if _, err := Parse(model[:n]); err == nil {
			// A cut between two fields of the model leaves a smaller model.
			if _, err := onnx.Split(model[:n]); err != nil {
				t.Errorf("%d of %d bytes are taken for a model", n, len(model))
			}
		}
	}
	for _, junk := range [][]byte{nil, []byte("no model"), {8, 8}} {
		if _, err := Parse(junk); err == nil {
			t.Errorf("%q is taken for a model", junk)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"deconv-k3s2", "shuffle-written-out", "deconv-dynamic"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, model []byte) {
		for _, method := range Methods {
			g, err := Parse(model)
			if err != nil {
				return
			}
			g.Layers()
			if _, err := g.Repair(method); err != nil {
				continue
			}
			if _, err := Parse(g.Model()); err != nil {
				t.Errorf("%s: %v", method, err)
			}
		}
	})
}

func TestMalformedGraphsCannotBeTold(t *testing.T) {
	relu := operator("Relu", "relu", []string{"r"}, "r")
	up := operator("DepthToSpace", "up", []string{"r"}, "y", onnx.IntAttribute("blocksize", 2))
	g := parse(t, written([]onnx.Message{relu, up}, nil))
	if l := g.Layers(); len(l) != 1 || l[0].Verdict != CannotTell {
		t.Errorf("a cycle: %+v", l)
	}
	for _, s := range []int{1 << 62, math.MaxInt, 9, 16} {
		period := periodOf([]Layer{{Verdict: Faulty, Stride: []int{2, 2}}, {Stride: []int{s, -s}}})
		if period[0] < 1 || period[0] > notchPeriod || period[1] != 2 {
			t.Errorf("strides of 2 and %d give a period of %v", s, period)
		}
	}
	kernel := &tensor{dims: []int{1, 1, 3, 3}, element: onnx.Float32, values: make([]float64, 9)}
	n := parse(t, written([]onnx.Message{
		operator("ConvTranspose", "up", []string{"x", "kernel"}, "y", onnx.IntAttribute("group", -1)),
	}, []onnx.Message{kernel.encode("kernel")}))
	if _, err := n.withChannels(n.nodes[0]); err != errNoOutputLayer {
		t.Errorf("-1 groups: %v", err)
	}
}

func TestDeepBranchesAreAnError(t *testing.T) {
	nested := func(levels int) []byte {
		var branch onnx.Message
		for range levels {
			var branches, outer onnx.Message
			branches.Text(onnx.AttributeName, "then_branch")
			branches.Bytes(onnx.AttributeGraph, branch)
			outer.Bytes(onnx.GraphNode, operator("If", "if", []string{"c"}, "y", branches))
			branch = outer
		}
		var model onnx.Message
		model.Number(onnx.ModelIRVersion, 8)
		model.Bytes(onnx.ModelGraph, branch)
		return model
	}
	if _, err := Parse(nested(20)); err != nil {
		t.Errorf("20 branches inside one another: %v", err)
	}
	deep := nested(2000)
	if _, err := Parse(deep); err != onnx.ErrTooDeep {
		t.Errorf("2000 branches: %v", err)
	}
	if err := onnx.CheckSelfContained(deep); err != onnx.ErrTooDeep {
		t.Errorf("weights in 2000 branches: %v", err)
	}
}

func TestRepairGivesTheSameBytesEachTime(t *testing.T) {
	model := fixture(t, "deconv-k3s2")
	var first []byte
	for range 8 {
		g := parse(t, model)
		if _, err := g.Repair(Notch); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = g.Model()
		} else if !bytes.Equal(g.Model(), first) {
			t.Fatal("two repairs of one model differ")
		}
	}
}

func TestTypesOfWeights(t *testing.T) {
	for _, v := range []float64{0, 1, -2.5, 0.1, 65504, 6e-8, 6.1e-5, 1023.7, -1e-30} {
		for element, relative := range map[onnx.ElementType]float64{onnx.Float64: 0, onnx.Float32: 6e-8, onnx.Float16: 5e-4, onnx.BFloat16: 4e-3} {
			got, bits := rounded(element, v)
			if valueOf(element, bits) != got || math.Abs(got-v) > relative*math.Abs(v)+3e-8 {
				t.Errorf("%s: %g becomes %g", element, v, got)
			}
			w := &tensor{dims: []int{1}, element: element, values: []float64{v}}
			if read, err := readTensor(w.encode("w")); err != nil || read.values[0] != got {
				t.Errorf("%s: %g is read as %v, %v", element, v, read, err)
			}
		}
	}
	for bits := range 1 << 16 { // reading is exact, so that writing gives the same bits
		v := fromHalf(uint16(bits))
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		if back := toHalf(v); back != uint16(bits) {
			t.Fatalf("half %#x is %g, and back %#x", bits, v, back)
		}
	}
	// float_data may be packed or not.
	var packed, single, external onnx.Message
	for _, m := range []*onnx.Message{&packed, &single, &external} {
		m.Number(onnx.TensorDims, 2)
		m.Number(onnx.TensorType, uint64(onnx.Float32))
	}
	var content []byte
	for _, v := range []float32{1.5, -3} {
		content = protowire.AppendFixed32(content, math.Float32bits(v))
		single = protowire.AppendFixed32(protowire.AppendTag(single, onnx.TensorFloatData, protowire.Fixed32Type), math.Float32bits(v))
	}
	packed.Bytes(onnx.TensorFloatData, content)
	external.Number(onnx.TensorDataLocation, 1)
	for _, m := range []onnx.Message{packed, single} {
		if w, err := readTensor(m); err != nil || !slices.Equal(w.values, []float64{1.5, -3}) {
			t.Errorf("%v, %v", w, err)
		}
	}
	if _, err := readTensor(external); err != errExternal {
		t.Errorf("external data: %v", err)
	}
}

// written returns a model of nodes and weights that has what Layers reads.
func written(nodes []onnx.Message, weights []onnx.Message) []byte {
	var inner, opset, whole onnx.Message
	for _, n := range nodes {
		inner.Bytes(onnx.GraphNode, n)
	}
	for _, w := range weights {
		inner.Bytes(onnx.GraphInitializer, w)
	}
	opset.Number(onnx.OpsetVersion, 13)
	whole.Number(onnx.ModelIRVersion, 8)
	whole.Bytes(onnx.ModelGraph, inner)
	whole.Bytes(onnx.ModelOpset, opset)
	return whole
}

func operator(op, name string, inputs []string, output string, attributes ...[]byte) onnx.Message {
	var m onnx.Message
	for _, in := range inputs {
		m.Text(onnx.NodeInput, in)
	}
	m.Text(onnx.NodeOutput, output)
	m.Text(onnx.NodeName, name)
	m.Text(onnx.NodeOpType, op)
	for _, a := range attributes {
		m.Bytes(onnx.NodeAttribute, a)
	}
	return m
}

func TestLayersOutOfReachCannotBeTold(t *testing.T) {
	strides := onnx.IntsAttribute("strides", []int{2, 2})
	kernel := onnx.Message((&tensor{dims: []int{1, 1, 3, 3}, element: onnx.Float32, values: make([]float64, 9)}).encode("kernel"))
	outside, infinite := slices.Clone(kernel), onnx.Message((&tensor{
		dims: []int{1, 1, 1, 1}, element: onnx.Float32, values: []float64{math.Inf(1)},
	}).encode("kernel"))
	outside.Number(onnx.TensorDataLocation, 1)
	up := operator("ConvTranspose", "up", []string{"x", "kernel"}, "y", strides)
	var branch, branches onnx.Message
	branch.Bytes(onnx.GraphNode, up)
	branches.Text(onnx.AttributeName, "then_branch")
	branches.Bytes(onnx.AttributeGraph, branch)
	for reason, model := range map[string][]byte{
		"its kernel is kept in another file":           written([]onnx.Message{up}, []onnx.Message{outside}),
		"its weights are not all finite":               written([]onnx.Message{up}, []onnx.Message{infinite}),
		"it is part of a branch of If":                 written([]onnx.Message{operator("If", "if", []string{"c"}, "y", branches)}, []onnx.Message{kernel}),
		"its kernel is not floating-point":             written([]onnx.Message{operator("DequantizeLinear", "dq", []string{"q"}, "kernel"), up}, nil),
		"its channels come from InstanceNormalization": written([]onnx.Message{operator("InstanceNormalization", "norm", []string{"x"}, "n"), operator("DepthToSpace", "up", []string{"n"}, "y", onnx.IntAttribute("blocksize", 2))}, nil),
		"its channels are inputs of the network":       written([]onnx.Message{operator("DepthToSpace", "up", []string{"x"}, "y", onnx.IntAttribute("blocksize", 2))}, nil),
		"its block size is malformed":                  written([]onnx.Message{operator("DepthToSpace", "up", []string{"x"}, "y")}, nil),
		"its kernel is of a shape that contradicts its attributes": written([]onnx.Message{
			operator("ConvTranspose", "up", []string{"x", "kernel"}, "y", onnx.IntsAttribute("strides", []int{2, 2, 2})),
		}, []onnx.Message{kernel}),
	} {
		g := parse(t, model)
		layers := g.Layers()
		if len(layers) != 1 || layers[0].Verdict != CannotTell || layers[0].Reason != reason || layers[0].Name != "up" {
			t.Errorf("%s: %+v", reason, layers)
		}
		if changes, err := g.Repair(Phases); err != nil || len(changes) > 0 {
			t.Errorf("%s: repaired: %v, %v", reason, changes, err)
		}
	}
}

func TestALayerWithoutAStrideIsNotListed(t *testing.T) {
	kernel := onnx.Message((&tensor{dims: []int{1, 1, 3, 3}, element: onnx.Float32, values: make([]float64, 9)}).encode("kernel"))
	model := written([]onnx.Message{operator("ConvTranspose", "same", []string{"x", "kernel"}, "y")}, []onnx.Message{kernel})
	if layers := parse(t, model).Layers(); len(layers) != 0 {
		t.Errorf("%+v", layers)
	}
}

func TestWeightsThatOthersReadStay(t *testing.T) {
	rising := &tensor{dims: []int{1, 1, 3, 3}, element: onnx.Float32, values: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}}
	strides := onnx.IntsAttribute("strides", []int{2, 2})
	up := operator("ConvTranspose", "up", []string{"x", "kernel"}, "y", strides)
	conv := operator("Conv", "conv", []string{"y", "kernel"}, "z")
	g := parse(t, written([]onnx.Message{up, conv}, []onnx.Message{rising.encode("kernel")}))
	if _, err := g.Repair(Phases); err != nil {
		t.Fatal(err)
	}
	g = parse(t, g.Model())
	if w, err := g.constant("kernel"); err != nil || !slices.Equal(w.values, rising.values) {
		t.Errorf("the kernel of both is %v, %v", w, err)
	}
	if l := g.Layers(); len(l) != 1 || l[0].Verdict != Sound {
		t.Errorf("%+v", l)
	}
}
