package models

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"gtx/models/manifest"
)

func TestTranslationIsWhatTheNetworkComputes(t *testing.T) {
	r := openRuntime(t)
	for _, q := range []Request{{To: "summer", Strength: 1}, {To: "winter", Strength: 0.5}, {To: "winter", Strength: 1.5}} {
		in := images(3, 16, 24)
		before := slices.Clone(in.Pixels)
		out := run(t, openedBeside(t, r, fixtures+"shift.onnx", q), in)
		if out.N != 3 || out.Height != 16 || out.Width != 24 || len(out.Pixels) != len(in.Pixels) {
			t.Fatalf("%d images of %d×%d", out.N, out.Width, out.Height)
		}
		change := int(40 * q.Strength)
		if q.To == "summer" {
			change = -change
		}
		for i, b := range in.Pixels {
			if want := min(max(int(b)+change, 0), 255); int(out.Pixels[i]) != want {
				t.Fatalf("byte %d: %d + %d is %d, want %d", i, b, change, out.Pixels[i], want)
			}
		}
		if !bytes.Equal(in.Pixels, before) {
			t.Error("the input was changed")
		}
	}
}

// translateBlueSlowly is the reference for cyclegan-fixed.onnx, one pixel at a time in float64:
// what the network calls channel 0 is blue.
func translateBlueSlowly(pixels []byte) []byte {
	out := slices.Clone(pixels)
	for i := 2; i < len(out); i += channels {
		net := float64(pixels[i])/127.5 - 1
		out[i] = byte((-net+1)*127.5 + 0.5)
	}
	return out
}

func TestForeignLayoutColourOrderAndScaleAreHonoured(t *testing.T) {
	translator := openTranslator(t, fixtures+"cyclegan-fixed.onnx")
	in := images(1, 64, 64)
	if out := run(t, translator, in); !bytes.Equal(out.Pixels, translateBlueSlowly(in.Pixels)) {
		t.Errorf("first pixels %v became %v", in.Pixels[:6], out.Pixels[:6])
	}
}

func TestGraphOfFixedBatchRunsInParts(t *testing.T) {
	translator := openTranslator(t, fixtures+"cyclegan-fixed.onnx")
	in := images(3, 64, 64)
	out := run(t, translator, in)
	if out.N != 3 || !bytes.Equal(out.Pixels, translateBlueSlowly(in.Pixels)) {
		t.Errorf("%d images, %d bytes", out.N, len(out.Pixels))
	}
}

func TestLastPartOfAFixedBatchIsPadded(t *testing.T) {
	// shift.onnx takes any batch, so one may also say that it takes two.
	path := write(t, filepath.Join(t.TempDir(), "pairs.onnx"), pairs(t))
	r := openRuntime(t)
	in := images(5, 8, 8)
	whole := run(t, openedBeside(t, r, fixtures+"shift.onnx"), in)
	if out := run(t, openedBeside(t, r, path), in); out.N != 5 || !bytes.Equal(out.Pixels, whole.Pixels) {
		t.Errorf("%d images differ from those of one batch", out.N)
	}
}

// pairs is shift.onnx with a manifest that fixes its batch at 2.
func pairs(t *testing.T) []byte {
	old, now := []byte(`"batch":"dynamic"`), []byte(`"batch":2        `)
	return bytes.Replace(read(t, fixtures+"shift.onnx"), old, now, 1)
}

func TestFloatsComeBackByTheirOwnAffine(t *testing.T) {
	out := &manifest.Output{Layout: manifest.LayoutNHWC, Color: manifest.ColorRGB, Scale: []float64{0.5, 1, -2}, Offset: []float64{-1, 0, 10}, Clip: new(true)}
	for _, c := range []struct {
		values []float32
		want   []byte
		fails  bool
	}{
		{[]float32{-1, 0, 10}, []byte{0, 0, 0}, false},
		{[]float32{0, 7.4, 0}, []byte{2, 7, 5}, false},
		{[]float32{126.5, 7.5, -500}, []byte{255, 8, 255}, false},
		{[]float32{-3, 300, 12}, []byte{0, 255, 0}, false},
		{[]float32{1e30, -1e30, -1e30}, []byte{255, 0, 255}, false},
	} {
		got, err := unpackFloats(c.values, 1, out)
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%v became %v, %v; want %v", c.values, got, err, c.want)
		}
	}
	strict := *out
	strict.Clip = new(false)
	if _, err := unpackFloats([]float32{-1, 300, 10}, 1, &strict); err == nil || !strings.Contains(err.Error(), "gave 300, beyond") {
		t.Errorf("without clip: %v", err)
	}
	if got, err := unpackFloats([]float32{-1, 255.4, 10}, 1, &strict); err != nil || got[1] != 255 {
		t.Errorf("what rounds to white is white: %v, %v", got, err)
	}
}

func TestPackAndUnpackAreInverse(t *testing.T) {
	in := images(2, 3, 5)
	for _, layout := range []manifest.Layout{manifest.LayoutNHWC, manifest.LayoutNCHW} {
		for _, color := range []manifest.Color{manifest.ColorRGB, manifest.ColorBGR} {
			scale, offset := []float64{1 / 127.5, 1, 0.02}, []float64{-1, 3, -2}
			for _, dtype := range manifest.DTypes() {
				input := &manifest.Input{DType: dtype, Layout: layout, Image: &manifest.Affine{Color: color, Scale: scale, Offset: offset}}
				output := &manifest.Output{DType: dtype, Layout: layout, Color: color, Scale: scale, Offset: offset, Clip: new(false)}
				back, err := unpack(pack(in.Pixels, in.N, in.Height, in.Width, input), output)
				if err != nil || back.N != in.N || back.Height != in.Height || back.Width != in.Width || !bytes.Equal(back.Pixels, in.Pixels) {
					t.Errorf("%s %s %s: %v", dtype, layout, color, err)
				}
			}
		}
	}
}

func TestNaNIsAnErrorAndNoImage(t *testing.T) {
	translator := openTranslator(t, fixtures+"nan.onnx")
	if _, err := translator.Run(t.Context(), images(1, 8, 8)); !errors.Is(err, errNotFinite) {
		t.Errorf("%v", err)
	}
}

func TestBatchesThatDoNotFitAreErrors(t *testing.T) {
	translator := openTranslator(t, fixtures+"shift.onnx")
	ok := images(2, 8, 8)
	for _, c := range []struct {
		change func(b *Batch)
		want   string
	}{
		{func(b *Batch) { b.N = 0 }, "a batch of 0 images"},
		{func(b *Batch) { b.Height = 1 << 40 }, "a batch of"},
		{func(b *Batch) { b.Pixels = b.Pixels[1:] }, "383 bytes for 2 images of 8×8"},
		{func(b *Batch) { b.From = []string{"summer"} }, "1 domains for 2 images"},
		{func(b *Batch) { b.Seeds = []uint64{1, 2, 3} }, "3 seeds for 2 images"},
		{func(b *Batch) { b.Width, b.Height = 16, 4 }, "does not accept images of 16×4"},
	} {
		b := ok
		c.change(&b)
		if _, err := translator.Run(t.Context(), b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestManifestThatDiffersFromTheNetworkFailsAtOpening(t *testing.T) {
	r := openRuntime(t)
	path := write(t, filepath.Join(t.TempDir(), "shift.onnx"), read(t, fixtures+"shift.onnx"))
	for _, c := range []struct{ old, new, field, problem string }{
		{"name: image", "name: picture", "inputs[0].name", `the network has no "picture"; it has ["image" "code"]`},
		{"name: translation", "name: y", "outputs[0].name", `no "y"`},
		{"dtype: uint8, layout: NHWC, shape", "dtype: float32, layout: NHWC, shape", "inputs[0].dtype", "float32 is not the network's uint8"},
		{"role: image, dtype: uint8", "role: image, dtype: float32", "outputs[0].dtype", "float32 is not"},
		{"dtype: uint8, layout: NHWC, shape", "dtype: float32, layout: NCHW, shape", "inputs[0].dtype", "float32 is not"},
		{"[-1, -1, -1, 3]", "[1, -1, -1, 3]", "inputs[0].shape", "[1 -1 -1 3] is not the network's [-1 -1 -1 3]"},
		{"- {graph: main, name: code, dtype: float32, role: label,\n   label: {kind: scalar, strength: {op: scale, min: 0, max: 1.5, neutral: 0}}}\n", "", "inputs", `also takes "code"`},
	} {
		text := strings.Replace(coded, c.old, c.new, 1)
		if c.field == "inputs" {
			text = strings.NewReplacer(", code: -1", "", ", code: 1", "").Replace(text) +
				"directions: [{from: any, to: winter, graph: main}]\n"
		}
		write(t, path+ManifestSuffix, []byte(text))
		translator, err := r.NewTranslator(find(t, path), Request{To: "winter", Strength: 1}, Options{Device: "cpu"})
		if err == nil {
			translator.Close()
		}
		var wrong *manifest.Error
		if !errors.As(err, &wrong) || wrong.Field != c.field || !strings.Contains(wrong.Problem, c.problem) {
			t.Errorf("%s: %v, want %s: …%s…", c.new, err, c.field, c.problem)
		}
	}
	fixed := write(t, filepath.Join(t.TempDir(), "fixed.onnx"), read(t, fixtures+"cyclegan-fixed.onnx"))
	text := strings.NewReplacer("batch: 1", "batch: dynamic", "name: x", "name: input", "name: y", "name: output").Replace(plain)
	write(t, fixed+ManifestSuffix, []byte(text))
	_, err := r.NewTranslator(find(t, fixed), Request{To: "mosaic", Strength: 1}, Options{Device: "cpu"})
	if err == nil || !strings.Contains(err.Error(), "inputs[0].shape: the network takes [1 3 64 64]: its dimension 0 is fixed at 1, not free") {
		t.Errorf("a fixed batch called dynamic: %v", err)
	}
}

func TestModelThatChangedSinceItWasLoadedIsAnError(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "shift.onnx"), read(t, fixtures+"shift.onnx"))
	m := find(t, path)
	write(t, path, read(t, fixtures+"identity.onnx"))
	_, err := openRuntime(t).NewTranslator(m, Request{To: "winter", Strength: 1}, Options{Device: "cpu"})
	if err == nil || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("%v", err)
	}
}

func TestSameImageGivesTheSameBytesAloneInABatchAndConcurrently(t *testing.T) {
	translator := openTranslator(t, "seasons")
	in := images(4, 64, 96)
	together := run(t, translator, in)
	for i := range in.N {
		if alone := run(t, translator, in.part(i, i+1)); !bytes.Equal(alone.Pixels, together.part(i, i+1).Pixels) {
			t.Errorf("image %d differs alone", i)
		}
	}
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			for range 3 {
				out, err := translator.Run(t.Context(), in)
				if err != nil {
					return err
				}
				if !bytes.Equal(out[0].Pixels, together.Pixels) {
					return errors.New("a concurrent run differs")
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func TestCancelledRunReturnsPromptlyAndLeaksNothing(t *testing.T) {
	translator := openTranslator(t, "seasons")
	in := images(16, 256, 256)
	goroutines := runtime.NumGoroutine()
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		start := time.Now()
		_, err := translator.Run(ctx, in)
		took := time.Since(start)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || took > time.Second {
			t.Errorf("%v after %v", err, took)
		}
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines became %d", goroutines, now)
	}
	// The session is as good as before.
	run(t, translator, in.part(0, 1))
}

func TestCancelledBeforehandDoesNotRun(t *testing.T) {
	translator := openTranslator(t, fixtures+"shift.onnx")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := images(1, 8, 8)
	if _, err := translator.Run(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestTranslatorAndClassifierAreToldApart(t *testing.T) {
	r := openRuntime(t)
	if _, err := r.NewTranslator(find(t, fixtures+"brightness-classifier.onnx"), Request{To: "winter", Strength: 1}, Options{}); err == nil {
		t.Error("a classifier became a translator")
	}
	if _, err := r.NewClassifier(find(t, fixtures+"shift.onnx"), Options{}); err == nil {
		t.Error("a translator became a classifier")
	}
}

func TestFixturesAreTiny(t *testing.T) {
	paths, err := filepath.Glob(fixtures + "*.onnx")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%q, %v", paths, err)
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Size() > 4096 {
			t.Errorf("%s: %d bytes, %v", path, info.Size(), err)
		}
	}
}
