package models

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gtx/models/manifest"
)

func TestNoiseIsOfItsDistributionAndOfItsSeedOnly(t *testing.T) {
	const n = 20000
	for dist, deviation := range map[manifest.Dist]float64{manifest.DistNormal: 1, manifest.DistUniform: 1 / math.Sqrt(3), manifest.DistZeros: 0} {
		noise := &manifest.Noise{Dist: dist, Shape: []int{n}}
		values := draw(noise, 7, "z", 0, 0)
		var sum, squares, most float64
		for _, v := range values {
			sum, squares, most = sum+float64(v), squares+float64(v)*float64(v), max(most, math.Abs(float64(v)))
		}
		if math.Abs(sum/n) > 0.03 || math.Abs(math.Sqrt(squares/n)-deviation) > 0.03 || dist == manifest.DistUniform && most > 1 {
			t.Errorf("%s: mean %.3f, deviation %.3f, largest %.3f", dist, sum/n, math.Sqrt(squares/n), most)
		}
		if !slices.Equal(values, draw(noise, 7, "z", 0, 0)) {
			t.Errorf("%s: the same seed gives other numbers", dist)
		}
		if dist != manifest.DistZeros && (slices.Equal(values, draw(noise, 8, "z", 0, 0)) || slices.Equal(values, draw(noise, 7, "y", 0, 0))) {
			t.Errorf("%s: another seed or input gives the same numbers", dist)
		}
	}
	sphere := &manifest.Noise{Dist: manifest.DistNormal, Shape: []int{2, -1, -1}, Hypersphere: true}
	values, squares := draw(sphere, 1, "z", 3, 5), 0.0
	for _, v := range values {
		squares += float64(v) * float64(v)
	}
	if len(values) != 30 || math.Abs(squares/30-1) > 1e-6 {
		t.Errorf("%d numbers of mean square %g", len(values), squares/30)
	}
}

func TestEnlargingIsBilinearCentreOnCentre(t *testing.T) {
	in := tensor{shape: []int64{1, 1, 1, 2}, floats: []float32{0, 4}}
	out := in.upsampled(2, manifest.LayoutNCHW)
	if want := []float32{0, 1, 3, 4, 0, 1, 3, 4}; !slices.Equal(out.floats, want) || !slices.Equal(out.shape, []int64{1, 1, 2, 4}) {
		t.Errorf("%v %v", out.shape, out.floats)
	}
	// The two layouts agree, image by image and channel by channel.
	const n, depth, h, w, k = 2, 3, 4, 5, 3
	chw := tensor{shape: imageShape(manifest.LayoutNCHW, n, depth, h, w)}
	for i := range n * depth * h * w {
		chw.floats = append(chw.floats, float32(i*i%31))
	}
	hwc := tensor{shape: imageShape(manifest.LayoutNHWC, n, depth, h, w), floats: make([]float32, len(chw.floats))}
	transpose := func(from, to []float32, area int) {
		for i := range n * depth * area {
			p, c, at := i/(depth*area), i/area%depth, i%area
			to[(p*area+at)*depth+c] = from[i]
		}
	}
	transpose(chw.floats, hwc.floats, h*w)
	large := chw.upsampled(k, manifest.LayoutNCHW)
	want := make([]float32, len(large.floats))
	transpose(large.floats, want, h*w*k*k)
	if got := hwc.upsampled(k, manifest.LayoutNHWC); !slices.Equal(got.floats, want) {
		t.Error("NHWC differs from NCHW")
	}
}

func TestResidualsAreAddedToTheEnlargedImage(t *testing.T) {
	q := Request{To: "sharp", Strength: 1}
	translator := openTranslator(t, fixtures+"lapgan.onnx", q)
	in := images(2, 8, 12)
	in.Seeds = []uint64{3, 4}
	out := run(t, translator, in)
	if out.Height != 16 || out.Width != 24 || out.N != 2 {
		t.Fatalf("%d images of %d×%d", out.N, out.Width, out.Height)
	}
	// By hand: half the image, enlarged, a quarter and a tenth of the noise.
	noise := &manifest.Noise{Dist: manifest.DistUniform, Shape: []int{1, -1, -1}}
	for p := range in.N {
		grain := draw(noise, in.Seeds[p], "noise", 16, 24)
		coarse := tensor{shape: []int64{1, 8, 12, 3}}
		for _, b := range in.part(p, p+1).Pixels {
			coarse.floats = append(coarse.floats, (float32(b)/127.5-1)/2)
		}
		large := coarse.upsampled(2, manifest.LayoutNHWC)
		for i, b := range out.part(p, p+1).Pixels {
			want := (float64(large.floats[i]) + 0.25 + 0.1*float64(grain[i/3]) + 1) * 127.5
			if want = min(max(want, 0), 255); math.Abs(float64(b)-want) > 0.51 {
				t.Fatalf("image %d, byte %d: %d, want %.2f", p, i, b, want)
			}
		}
	}
}

func TestLabelMapsBecomeChannels(t *testing.T) {
	// 0 0 1
	// 0 2 1
	classes := []byte{0, 0, 1, 0, 2, 1}
	edges := []float32{0, 1, 1, 1, 1, 1}
	for _, c := range []struct {
		l    manifest.LabelMap
		want []float32
	}{
		{manifest.LabelMap{Encoding: manifest.EncodingIndex, Classes: 3}, []float32{0, 0, 1, 0, 2, 1}},
		{manifest.LabelMap{Encoding: manifest.EncodingOnehot, Classes: 3}, []float32{1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0}},
		{manifest.LabelMap{Encoding: manifest.EncodingIndex, Classes: 3, Edges: true}, append([]float32{0, 0, 1, 0, 2, 1}, edges...)},
	} {
		if got := packClasses(&c.l, classes, 1, 2, 3, manifest.LayoutNCHW); !slices.Equal(got.floats, c.want) || got.shape[1] != int64(c.l.Depth()) {
			t.Errorf("%+v: %v %v", c.l, got.shape, got.floats)
		}
	}
	if got := packEdges(classes, 1, 2, 3, manifest.LayoutNHWC); !slices.Equal(got.floats, edges) {
		t.Errorf("edges %v", got.floats)
	}
	objects := instancesOf(Batch{Pixels: make([]byte, 18), Instances: []byte{0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1}})
	if got := packEdges(objects, 1, 2, 3, manifest.LayoutNCHW); !slices.Equal(got.floats, []float32{0, 1, 1, 0, 0, 1}) {
		t.Errorf("edges of objects %v", got.floats)
	}
}

func TestImagesOfOneBatchMayGoDifferentWays(t *testing.T) {
	q := Request{To: "winter", Strength: 1}
	translator := openTranslator(t, fixtures+"routed.onnx", q)
	in := Batch{N: 4, Height: 8, Width: 8, Pixels: bytes.Repeat([]byte{128}, 4*192), From: []string{"autumn", "summer", "summer", "autumn"}}
	out := run(t, translator, in)
	for i, want := range []byte{77, 179, 179, 77} { // 128 ∓ 0.4·127.5
		if got := out.part(i, i+1).Pixels; got[0] != want || got[1] != 128 {
			t.Errorf("image %d, from %s: %v", i, in.From[i], got[:3])
		}
	}
	in.From[2] = ""
	var unknown *manifest.SourceError
	if _, err := translator.Run(t.Context(), in); !errors.As(err, &unknown) {
		t.Errorf("from nowhere: %v", err)
	}
}

func TestSeedsAreTheImagesOwnWhateverTheBatch(t *testing.T) {
	r := openRuntime(t)
	for _, batch := range []string{`"dynamic"`, `2`} {
		path := write(t, filepath.Join(t.TempDir(), "bicyclegan.onnx"), bytes.ReplaceAll(read(t, fixtures+"bicyclegan.onnx"),
			[]byte(`"batch":"dynamic"`), []byte(`"batch":`+batch+strings.Repeat(" ", 9-len(batch)))))
		write(t, filepath.Join(filepath.Dir(path), "bicyclegan-encoder.onnx"), read(t, fixtures+"bicyclegan-encoder.onnx"))
		translator := openedBeside(t, r, path, Request{To: "day", Strength: 1, Seed: 9})
		in := images(3, 8, 8)
		in.Seeds = []uint64{1, 2, 3}
		together := run(t, translator, in)
		for i := range in.N {
			if alone := run(t, translator, in.part(i, i+1)); !bytes.Equal(alone.Pixels, together.part(i, i+1).Pixels) {
				t.Errorf("batch %s: image %d differs alone", batch, i)
			}
		}
		in.Seeds = nil
		if other := run(t, translator, in); bytes.Equal(other.Pixels, together.Pixels) {
			t.Errorf("batch %s: the run's seed gives what the images' own gave", batch)
		}
	}
}

func TestExemplarsAreCheckedBeforeAnythingRuns(t *testing.T) {
	r := openRuntime(t)
	grey := func(side int) Batch {
		return Batch{N: 1, Height: side, Width: side, Pixels: make([]byte, side*side*3)}
	}
	for _, c := range []struct {
		model     string
		to        string
		exemplars map[string]Batch
		want      string
	}{
		{"genegan", "smiling", nil, "an exemplar is needed"},
		{"genegan", "smiling", map[string]Batch{"": grey(31)}, "exemplar: the model does not accept images of 31×31"},
		{"genegan", "smiling", map[string]Batch{"": grey(32), "hat": grey(32)}, `the model takes no exemplar of "hat"`},
		{"shift", "winter", map[string]Batch{"": grey(32)}, "the model takes no exemplar"},
		{"genegan", "smiling", map[string]Batch{"": {N: 2, Height: 32, Width: 32, Pixels: make([]byte, 2*32*32*3)}}, "exemplar: 2 images; the model takes 1 to 1"},
	} {
		q := Request{To: c.to, Strength: 1, Exemplars: c.exemplars}
		if _, err := r.NewTranslator(find(t, fixtures+c.model+".onnx"), q, Options{Device: "cpu"}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.model, err, c.want)
		}
	}
}

func TestFurtherGraphsCountForTheDigest(t *testing.T) {
	folder := t.TempDir()
	copyOf := func(name string) string {
		return write(t, filepath.Join(folder, name), read(t, fixtures+name))
	}
	path, part := copyOf("cyclegan.onnx"), copyOf("cyclegan-to-winter.onnx")
	m := find(t, path)
	write(t, part, read(t, fixtures+"unit-encode-summer.onnx"))
	if _, err := m.networks(); err == nil || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("%v", err)
	}
	if other := find(t, path); other.Digest == m.Digest {
		t.Error("another graph, the same digest")
	}
}

func TestGraphsOfAModelAreNoModelsOfTheirOwn(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_DATA_HOME", home)
	for _, name := range []string{"cyclegan.onnx", "cyclegan-to-winter.onnx"} {
		write(t, filepath.Join(home, "gtx", "models", name), read(t, fixtures+name))
	}
	found, err := List()
	if err != nil || len(found) != 3 {
		t.Errorf("%d models, %v", len(found), err)
	}
	write(t, filepath.Join(home, "gtx", "models", "no-manifest.onnx"), read(t, fixtures+"no-manifest.onnx"))
	if _, err := List(); !errors.As(err, new(*ManifestMissingError)) {
		t.Errorf("%v", err)
	}
}
