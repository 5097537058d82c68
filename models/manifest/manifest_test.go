package manifest

import (
	_ "embed"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// coded is a manifest like that of the built-in translator, in YAML.
//
//go:embed testdata/coded.yaml
var coded string

// plain has no code: one graph that leads one way.
//
//go:embed testdata/plain.yaml
var plain string

// judge is a classifier.
//
//go:embed testdata/judge.yaml
var judge string

func parse(t testing.TB, text string) *Manifest {
	t.Helper()
	m, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestManifestIsReadWithItsDefaults(t *testing.T) {
	m := parse(t, coded)
	if m.Title != "Été and winter" || m.Graphs["main"].Batch != 0 || !m.Graphs["main"].Deterministic {
		t.Errorf("head: %+v", m)
	}
	in, out := m.Image(), m.Outputs[0]
	if in.Size.Fit != "stretch" || in.Size.Restore != "source" || !slices.Equal(in.Image.Scale, []float64{1, 1, 1}) {
		t.Errorf("input: %+v %+v", in.Size, in.Image)
	}
	if !*out.Clip || !slices.Equal(out.Offset, []float64{0, 0, 0}) {
		t.Errorf("output: %+v", out)
	}
	if got := parse(t, plain).Graphs["main"].Batch; got != 1 {
		t.Errorf("batch: %d", got)
	}
	if got := parse(t, judge).Classifier.Policy; got != "best" {
		t.Errorf("policy: %q", got)
	}
}

// covers are an opacity and a cover for coded.
const covers = "- {graph: main, name: o, role: opacity, dtype: uint8, layout: NHWC, color: GRAY}\n" +
	"- {graph: main, name: c, role: cover, dtype: uint8, layout: NHWC, color: RGB}\n"

func TestOpacityAndCoverBelongToTheImageOfTheirGraph(t *testing.T) {
	m := parse(t, strings.Replace(coded, "color: RGB}\ndomains", "color: RGB}\n"+covers+"stages: [{graph: main}]\ndomains", 1))
	opacity, cover := m.Over("main")
	if opacity == nil || opacity.Name != "o" || cover == nil || cover.Name != "c" {
		t.Errorf("opacity %+v, cover %+v", opacity, cover)
	}
	if results := m.Results("winter"); len(results) != 1 || results[0].Role != RoleImage {
		t.Errorf("results %+v", results)
	}
	if got := m.StageOf("main").Combine; got != CombineOver {
		t.Errorf("combine %q", got)
	}
}

// exemplars returns plain with a second input, which takes exemplars.
func exemplars(count, more string) string {
	return strings.Replace(plain, "outputs:", `- {graph: main, name: e, dtype: float32, layout: NCHW, role: exemplar,
   image: {channels: 3, color: RGB}, size: {mode: fixed, h: 8, w: 8}, `+more+` exemplar: {`+count+`}}
outputs:`, 1)
}

func TestAnInputTakesOneOrSeveralExemplars(t *testing.T) {
	for _, c := range []struct {
		count    string
		min, max int
	}{
		{"", 0, 1}, {"min: 1", 1, 1}, {"max: 5", 0, 5}, {"min: 3", 3, 3}, {"min: 2, max: 64", 2, 64},
	} {
		e := parse(t, exemplars(c.count, "")).Exemplars()[0].Exemplar
		if e.Min != c.min || e.Max != c.max || e.Several() != (c.max > 1) {
			t.Errorf("{%s}: %+v", c.count, e)
		}
	}
	parse(t, exemplars("max: 5", "shape: [-1, -1, 3, 8, 8],"))
	for _, c := range []struct{ count, more, want string }{
		{"min: 2, max: 1", "", "exemplar: 2 to 1 exemplars; an input takes 0 to 64"},
		{"min: -1", "", "exemplar: -1 to 1 exemplars"},
		{"max: 65", "", "exemplar: 0 to 65 exemplars"},
		{"max: 5", "shape: [-1, 3, 8, 8],", "shape: 4 dimensions; an image has 5"},
	} {
		if _, err := Parse([]byte(exemplars(c.count, c.more))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("{%s} %s: %v, want %s", c.count, c.more, err, c.want)
		}
	}
}

// wrongManifests are valid manifests with one text replaced by a wrong one, and the error that follows.
var wrongManifests = []struct {
	base, old, new string
	field, problem string
}{
	// Unknown fields, values, types and versions.
	{coded, "title:", "titel:", "titel", "unknown field"},
	{coded, "mode: multiple", "mood: multiple", "inputs[0].size.mood", "unknown field"},
	{coded, "op: scale", "op: scale, to: 1", "inputs[1].label.strength.to", "unknown field"},
	{coded, "gtx.model/1", "gtx.model/2", "schema", `"gtx.model/2" is not gtx.model/1`},
	{coded, "schema: gtx.model/1", "", "schema", "missing"},
	{coded, "mode: multiple", "mode: foo", "inputs[0].size.mode", `"foo" is not one of fixed, multiple, any`},
	{coded, "layout: NHWC, shape", "layout: HWC, shape", "inputs[0].layout", `"HWC" is not one of NHWC, NCHW`},
	{coded, "dtype: uint8, layout: NHWC, shape", "layout: NHWC, shape", "inputs[0].dtype", "missing; it is one of uint8, float32"},
	{coded, "op: scale", "op: add", "inputs[1].label.strength.op", `"add" is not one of scale, lerp`},
	{coded, "max: 512", "max: 512, filter: sharp", "inputs[0].size.filter", "not one of nearest, bilinear"},
	{coded, `version: "1"`, "version: 1", "version", "1 is not a string"},
	{coded, "h: 256", "h: tall", "inputs[0].size.h", `"tall" is not a whole number`},
	{coded, "h: 256", "h: 2.5", "inputs[0].size.h", "2.5 is not a whole number"},
	{coded, "code: -1", "code: cold", "domains[0].code", `"cold" is not a number`},
	{coded, "deterministic: true", "deterministic: 1", "graphs.main.deterministic", "1 is not true or false"},
	{coded, "batch: dynamic", "batch: some", "graphs.main.batch", `"some" is neither dynamic nor a number`},
	{coded, "batch: dynamic", "batch: 0", "graphs.main.batch", "0 is neither"},
	{coded, "domains: [{id: summer, code: -1}, {id: winter, code: 1}]", "domains: summer", "domains", `"summer" is not a list`},

	// Contradictions.
	{coded, "name: seasons", "name: ../seasons", "name", "is not a name"},
	{coded, "- {graph: main, name: image", "- {graph: side, name: image", "inputs[0].graph", `"side" is not in graphs`},
	{coded, "role: label", "role: image", "inputs[1].label", "of role image has none"},
	{coded, "multiple_of: 8", "multiple_of: 7", "inputs[0].size", "breaks its own bounds"},
	{coded, "multiple_of: 8, ", "", "inputs[0].size.multiple_of", "missing"},
	{coded, "min: 64, max: 512", "min: 65, max: 71", "inputs[0].size.max", "no multiple of 8 lies within 65 to 71"},
	{coded, "h: 256", "h: 0", "inputs[0].size.h", "0 is not within 1 to"},
	{coded, "max: 512", "max: 99999999999", "inputs[0].size.max", "is not within"},
	{coded, "mode: multiple", "mode: fixed", "inputs[0].size", "contradict the mode fixed"},
	{coded, "max: 1.5", "max: 0.5", "inputs[1].label.strength", "leaves out 1"},
	{coded, "max: 1.5", "max: 1.5, full: -1", "inputs[1].label.strength.full", "-1 is below 0"},
	{coded, "max: 1.5", "max: .nan", "inputs[1].label.strength", "not a finite number"},
	{coded, "code: 1}", "code: .inf}", "domains[1].code", "not a finite number"},
	{coded, "id: winter, code: 1", "id: winter", "domains[1].code", "missing"},
	{coded, "id: winter", "id: summer", "domains[1].id", "appears twice"},
	{coded, "id: winter", "id: any", "domains[1].id", "another meaning"},
	{coded, "id: winter", "id: a/b", "domains[1].id", "is not a name"},
	{coded, "title:", "directions: [{from: summer, to: winter, graph: main}]\ntitle:", "directions", "contradict"},
	{coded, "title:", "tiling: {halo: -1}\ntitle:", "tiling.halo", "negative"},
	{plain, "scale: [0.5, 0.5, 0.5]", "scale: [0.5]", "inputs[0].image.scale", "1 numbers for 3 channels"},
	{plain, "scale: [0.5, 0.5, 0.5]", "scale: [0.5, 0, 0.5]", "inputs[0].image.scale", "0 would make"},
	{plain, "role: image,\n   image: {channels: 3, color: BGR, scale: [0.5, 0.5, 0.5], offset: [-1, -1, -1]}", "role: labelmap, labelmap: {encoding: index, classes: 3, nearest: true}", "inputs[0].labelmap.nearest", "only colours of a palette"},
	{plain, "id: mosaic", "id: mosaic, code: 1", "domains[1].code", "the network takes none"},
	{plain, "to: mosaic", "to: cubism", "directions[0].to", `"cubism" is not in domains`},
	{plain, "from: any", "from: cubism", "directions[0].from", `"cubism" is not in domains`},
	{plain, "directions: [", "directions: [{from: mosaic, to: photo, graph: main}, ", "directions[1].to", "cannot lead to both"},
	{plain, "directions: [{from: any, to: mosaic, graph: main}]", "", "directions", "missing"},
	{judge, "role: logits, dtype: float32", "role: image, dtype: float32, layout: NCHW, color: RGB", "classifier.graph", "must have exactly one output, of role logits"},
	{coded, "color: RGB},", "color: RGB, scale: [2, 2, 2]},", "inputs[0].image.scale", "bytes have no scale"},
	{coded, "color: RGB},", "color: GRAY},", "inputs[0].image.channels", "3 is not the 1 of GRAY"},
	{coded, "name: code, dtype: float32", "name: code, dtype: uint8", "inputs[1].dtype", "uint8 is for images"},
	{coded, "role: label", "role: label, value: 3", "inputs[1].value", "of role label has none"},
	{coded, "role: label", "role: latent", "inputs[1].label", "of role latent has none"},
	{coded, "kind: scalar", "kind: scalar, mask: true", "inputs[1].label", "not for a label of kind scalar"},
	{coded, "kind: scalar", "kind: onehot, names: [autumn]", "inputs[1].label.names[0]", `"autumn" is not in domains`},
	{coded, "kind: scalar", "kind: onehot, names: [winter, winter]", "inputs[1].label.names[1]", "appears twice"},
	{coded, "kind: scalar", "kind: onehot, parts: [2]", "inputs[1].label.parts", "belong to the kind concat"},
	{coded, "kind: scalar", "kind: concat, parts: [3]", "inputs[1].label.parts", "add up to 3, not to the 2 names"},
	{coded, "kind: scalar", "kind: onehot, mask: true", "inputs[1].label.mask", "only a label of kind concat"},
	{coded, "kind: scalar", "kind: multihot, exclusive_groups: [[red]]", "inputs[1].label.exclusive_groups[0]", `"red" is not in names`},
	{coded, "kind: scalar", "kind: onehot", "domains[0].code", "the network takes none"},
	{coded, "id: winter", "id: not-summer", "domains[1].id", "another meaning"},
	{coded, "main: {batch", "m.n: {batch", "graphs.m.n", "is not a name of letters"},
	{coded, "main: {batch", "side: {}, main: {batch", "graphs", "2 graphs have no file"},
	{coded, "main: {batch", "side: {file: ../x.onnx}, main: {batch", "graphs.side.file", "is not the name of a file in the model's own folder"},
	{coded, "main: {batch", "side: {file: x.onnx}, main: {batch", "inputs", "graph side has none"},
	{coded, "title:", "stages: [{graph: side}]\ntitle:", "stages[0].graph", `"side" is not in graphs`},
	{coded, "title:", "stages: [{graph: main, feed: {picture: source}}]\ntitle:", "stages[0].feed.picture", `has no input "picture"`},
	{coded, "title:", "stages: [{graph: main, feed: {code: source}}]\ntitle:", "stages[0].feed.code", "cannot feed an input of role label"},
	{coded, "title:", "stages: [{graph: main, feed: {code: main.x}}]\ntitle:", "stages[0].feed.code", "neither source nor GRAPH.OUTPUT"},
	{coded, "title:", "stages: [{graph: main, upsample: 2}]\ntitle:", "stages[0].upsample", "takes no image of a number type other than uint8"},
	{coded, "title:", "stages: [{graph: main, combine: add}]\ntitle:", "stages[0].combine", `which need "replace"`},
	{coded, "color: RGB}\ndomains", "color: RGB}\n- {graph: main, name: o, role: opacity, dtype: uint8, layout: NHWC, color: GRAY}\ndomains", "outputs[1].role", "both an opacity and a cover"},
	{coded, "color: RGB}\ndomains", "color: RGB}\n- {graph: main, name: o, role: opacity, dtype: uint8, layout: NHWC, color: RGB}\ndomains", "outputs[1].color", "one channel"},
	{coded, "color: RGB}\ndomains", "color: RGB}\n" + covers + "- {graph: main, name: d, role: cover, dtype: uint8, layout: NHWC, color: RGB}\ndomains", "outputs[2].role", "another cover"},
	{coded, "translation, role: image, dtype: uint8, layout: NHWC, color: RGB}\n", "translation, role: latent, dtype: float32}\n" + covers, "outputs[1].role", "no image to cover"},
	{coded, "color: RGB}\ndomains", "color: RGB}\n" + covers + "stages: [{graph: main, combine: replace}]\ndomains", "stages[0].combine", `which need "over"`},
	{coded, "translation, role: image, dtype: uint8", "translation, role: residual, dtype: float32", "outputs[0].role", "a residual must be added to an image"},
	{coded, "translation, role: image", "translation, role: mask", "outputs[0].role", `"mask" is not one of`},
	{coded, "color: RGB}\ndomains", "color: RGB, suffix: -b}\ndomains", "outputs[0].suffix", "must have none"},
	{coded, "color: RGB}\ndomains", "color: RGB}\n- {graph: main, name: z, role: image, dtype: uint8, layout: NHWC, color: RGB}\ndomains", "outputs[1].suffix", "another result already has"},
	{coded, "color: RGB}\ndomains", "color: RGB}\n- {graph: main, name: translation, role: latent, dtype: float32}\ndomains", "outputs[1].name", "twice"},
	{coded, "max: 512", "max: 512, fit: fill", "inputs[0].size.fit", `"fill" is not one of stretch, crop, pad`},
	{judge, "classifier: {graph: main, activation: softmax, classes: [summer, winter], threshold: 0.5}", "", "classifier", "missing"},
	{judge, "classes: [summer, winter]", "classes: [summer, autumn]", "classifier.classes[1]", `"autumn" is not in domains`},
	{judge, "classes: [summer, winter]", "classes: [summer]", "classifier.classes", "at least 2"},
	{judge, "threshold: 0.5", "threshold: 2", "classifier.threshold", "2 is not within 0 to 1"},
	{judge, "softmax", "tanh", "classifier.activation", `"tanh" is not one of softmax, sigmoid, none`},
}

func TestManifestErrorsNameTheField(t *testing.T) {
	for _, c := range wrongManifests {
		if strings.Count(c.base, c.old) == 0 {
			t.Fatalf("no %q to replace", c.old)
		}
		_, err := Parse([]byte(strings.Replace(c.base, c.old, c.new, 1)))
		var wrong *Error
		if !errors.As(err, &wrong) || wrong.Field != c.field || !strings.Contains(wrong.Problem, c.problem) {
			t.Errorf("%s → %s: got %v, want %s: …%s…", c.old, c.new, err, c.field, c.problem)
		}
	}
}

func TestManifestThatIsNoMappingIsAnError(t *testing.T) {
	for _, text := range []string{"", "[]", "7", "{", "a: b: c", "\x00", strings.Repeat("#", 1<<20)} {
		var wrong *Error
		if _, err := Parse([]byte(text)); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCodeFollowsDomainAndStrength(t *testing.T) {
	lerp := strings.Replace(coded, "op: scale, min: 0, max: 1.5, neutral: 0", "op: lerp, min: -1, max: 2, neutral: 0.5", 1)
	fixed := strings.Replace(coded, ", strength: {op: scale, min: 0, max: 1.5, neutral: 0}", "", 1)
	pair := strings.Replace(lerp, "kind: scalar", "kind: pair", 1)
	labels := func(spec string) string {
		text := strings.NewReplacer("{id: summer, code: -1}, {id: winter, code: 1}", "{id: summer}, {id: winter}, {id: snow}").Replace(coded)
		return strings.Replace(text, "kind: scalar, strength: {op: scale, min: 0, max: 1.5, neutral: 0}", spec, 1)
	}
	onehot := labels("kind: onehot, off: -1, strength: {op: lerp, min: 0, max: 2}")
	multihot := labels("kind: multihot, base: source, exclusive_groups: [[summer, winter]], strength: {op: lerp, min: 0, max: 2}")
	zeros := labels("kind: multihot, strength: {op: scale, min: 0, max: 2}")
	strong := strings.Replace(multihot, "max: 2}", "max: 2, full: 3}", 1)
	concat := labels("kind: concat, names: [winter, summer, snow], parts: [2, 1], mask: true, base: source")
	for _, c := range []struct {
		name, manifest, to string
		strength           float64
		from               string
		want               []float32
		fails              string
	}{
		{"full", coded, "winter", 1, "", []float32{1}, ""},
		{"half", coded, "summer", 0.5, "", []float32{-0.5}, ""},
		{"upper bound", coded, "winter", 1.5, "", []float32{1.5}, ""},
		{"beyond", coded, "winter", 1.6, "", nil, "strength 1.6 is outside 0 to 1.5"},
		{"negative", coded, "winter", -0.1, "", nil, "outside 0 to 1.5"},
		{"not a number", coded, "winter", math.NaN(), "", nil, "outside 0 to 1.5"},
		{"unknown", coded, "autumn", 1, "", nil, `no domain "autumn"; this model has summer, winter`},
		{"lerp", lerp, "winter", 0.5, "", []float32{0.75}, ""},
		{"lerp from neutral", lerp, "summer", 0, "", []float32{0.5}, ""},
		{"no strength", fixed, "winter", 1, "", []float32{1}, ""},
		{"no strength to change", fixed, "winter", 0.5, "", nil, "this model has only 1"},
		{"no code", plain, "mosaic", 1, "", nil, ""},
		{"wrong way", plain, "photo", 1, "", nil, `no domain "photo"; this model has mosaic`},
		{"pair", pair, "winter", 0.5, "", []float32{0.25, 0.75}, ""},
		{"onehot", onehot, "winter", 1, "", []float32{-1, 1, -1}, ""},
		{"onehot takes one", onehot, "winter,snow", 1, "", nil, `no domain "winter,snow"`},
		{"onehot lerp", onehot, "winter", 0.5, "", []float32{-1, 0, -1}, ""},
		{"multihot keeps the image's labels", multihot, "snow", 1, "summer", []float32{1, 0, 1}, ""},
		{"one of a group", multihot, "winter", 1, "summer,snow", []float32{0, 1, 1}, ""},
		{"group by half", multihot, "winter", 0.5, "summer", []float32{0.5, 0.5, 0}, ""},
		{"absence", multihot, "not-summer,snow", 1, "summer", []float32{0, 0, 1}, ""},
		{"labels of none", multihot, "snow", 1, "none", []float32{0, 0, 1}, ""},
		{"unknown labels", multihot, "snow", 1, "", nil, "depends on the domain of the image, which is not known"},
		{"foreign labels", multihot, "snow", 1, "autumn", nil, "the domain of the image, autumn, is not one"},
		{"three times the step", strong, "snow", 1, "summer", []float32{1, 0, 3}, ""},
		{"three times the step by half", strong, "not-summer", 0.5, "summer", []float32{-0.5, 0, 0}, ""},
		{"nothing to change", strong, "summer", 1, "summer", []float32{1, 0, 0}, ""},
		{"scalar at twice the code", strings.Replace(coded, "neutral: 0", "neutral: 0, full: 2", 1), "summer", 0.5, "", []float32{-1}, ""},
		{"zeros need no labels", zeros, "winter,snow", 0.5, "", []float32{0, 0.5, 0.5}, ""},
		{"concat first part", concat, "summer", 1, "snow,winter", []float32{1, 1, 0, 1, 0}, ""},
		{"concat second part", concat, "snow", 1, "winter", []float32{0, 0, 1, 0, 1}, ""},
		{"concat across parts", concat, "summer,snow", 1, "winter", nil, "labels of different datasets"},
	} {
		got, err := parse(t, c.manifest).Code(c.to, c.strength, c.from)
		if !slices.Equal(got, c.want) || (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %g, %v; want %g, %q", c.name, got, err, c.want, c.fails)
		}
	}
	var unknown *DomainError
	if _, err := parse(t, coded).Code("autumn", 1, ""); !errors.As(err, &unknown) || !slices.Equal(unknown.Known, []string{"summer", "winter"}) {
		t.Errorf("unknown domain: %v", err)
	}
}

func FuzzParseManifestNeverPanics(f *testing.F) {
	for _, text := range []string{coded, plain, judge, "{}", "a: &a [*a]", "? [a]\n: b"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := Parse(data); err == nil && m.Image() != nil && len(m.Image().Size.Fit) == 0 {
			t.Error("an incomplete manifest was accepted")
		}
	})
}
