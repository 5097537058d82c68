package models

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// openOpenVINO opens the library with OpenVINO, or skips the test.
func openOpenVINO(t *testing.T) *Runtime {
	t.Helper()
	path, err := filepath.Abs("../build/lib/" + openVINOFolder + "/libonnxruntime.so.1")
	if err != nil || !isFile(path) {
		t.Skip("no ONNX Runtime with OpenVINO: 'make deps' fetches it for x86-64")
	}
	t.Setenv(libraryVariable, path)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	return openRuntime(t)
}

func needBF16(t *testing.T) {
	t.Helper()
	if !computesBF16() {
		t.Skip("this processor has no bf16")
	}
}

// withBF16 pretends that the processor computes in bf16, or does not.
func withBF16(t *testing.T, can bool) {
	original := computesBF16
	computesBF16 = func() bool { return can }
	t.Cleanup(func() { computesBF16 = original })
}

func opened(t *testing.T, r *Runtime, m *Model, q Request, o Options) *Translator {
	t.Helper()
	translator, err := r.NewTranslator(m, q, o)
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	return translator
}

func TestPrecisionsAreParsed(t *testing.T) {
	for text, want := range map[string]string{"": "auto", "auto": "auto", "f32": "f32", "bf16": "bf16", "f16": "", "BF16": ""} {
		got, err := parsePrecision(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestPrecisionThatCannotBeHadIsAnError(t *testing.T) {
	withBF16(t, false)
	r := openOpenVINO(t)
	m, q := find(t, "seasons"), Request{To: "winter", Strength: 1}
	for _, o := range []Options{
		{Precision: "bf16"}, {Device: "openvino", Precision: "bf16"}, {Device: "cpu", Precision: "bf16"},
		{Device: "cuda", Precision: "bf16"}, {Precision: "f16"},
	} {
		_, err := r.NewTranslator(m, q, o)
		if refused := (*PrecisionError)(nil); !errors.As(err, &refused) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for o, want := range map[Options]string{
		{}:                   "cpu f32",
		{Precision: "f32"}:   "cpu f32",
		{Device: "openvino"}: "openvino f32",
	} {
		translator := opened(t, r, m, q, o)
		if got := translator.Provider() + " " + translator.Precision(); got != want {
			t.Errorf("%+v: %s, not %s", o, got, want)
		}
		translator.Close()
	}
}

func TestFailedGoldenCaseKeepsAutoOnTheCPU(t *testing.T) {
	needBF16(t)
	r := openOpenVINO(t)
	m, q := find(t, "seasons"), Request{To: "winter", Strength: 1}
	m.Manifest.Golden[0].Output.Means[0] += 50
	translator := opened(t, r, m, q, Options{})
	if err := translator.Fallback(); translator.Provider() != "cpu" || err == nil || !strings.Contains(err.Error(), "a golden case fails in bf16") {
		t.Errorf("auto: %s, %v", translator.Provider(), err)
	}
	translator.Close()
	for _, o := range []Options{{Device: "openvino"}, {Precision: "bf16"}} {
		_, err := r.NewTranslator(m, q, o)
		if refused := (*DeviceError)(nil); !errors.As(err, &refused) || !strings.Contains(refused.Reason, "a golden case fails") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// In both precisions an image's result is the same in any batch, with any number of calls at once and after a new
// start.
func TestOpenVINOGivesTheSameBytesEachTime(t *testing.T) {
	r := openOpenVINO(t)
	m, q := find(t, "seasons"), Request{To: "winter", Strength: 1}
	for _, size := range [][2]int{{64, 96}, {192, 256}} { // one that is common, and one that is not
		testSameBytes(t, r, m, q, images(4, size[0], size[1]))
	}
}

func testSameBytes(t *testing.T, r *Runtime, m *Model, q Request, in Batch) {
	for _, precision := range []string{"f32", "bf16"} {
		if precision == "bf16" {
			needBF16(t)
		}
		var want []byte
		for _, calls := range []int{1, 2, 5} {
			translator := opened(t, r, m, q, Options{Device: "openvino", Precision: precision, Calls: calls})
			if want == nil {
				want = run(t, translator, in).Pixels
			}
			var together sync.WaitGroup
			for range calls {
				together.Go(func() {
					for i := range in.N {
						_, err := translator.Run(t.Context(), images(1, 64, 64)) // other shapes between
						_, err1 := translator.Run(t.Context(), images(1, 256, 256))
						out, err2 := translator.Run(t.Context(), in.part(i, i+1))
						if err := errors.Join(err, err1, err2); err != nil {
							t.Error(err)
							return
						}
						got := out[0].Pixels
						if size := len(got); !bytes.Equal(got, want[i*size:(i+1)*size]) {
							t.Errorf("%s, %d calls: image %d differs", precision, calls, i)
						}
					}
				})
			}
			together.Wait()
			translator.Close()
		}
	}
}

// What passed the golden cases once is not tried again, as long as the proof in the cache is whole.
func TestProofsReplaceGoldenCases(t *testing.T) {
	needBF16(t)
	r := openOpenVINO(t)
	q := Request{To: "winter", Strength: 1}
	good, bad := find(t, "seasons"), find(t, "seasons")
	bad.Manifest.Golden[0].Output.Means[0] += 50 // its digest stays the same
	provider := func(m *Model) string {
		translator := opened(t, r, m, q, Options{})
		defer translator.Close()
		return translator.Provider()
	}
	if got := provider(bad); got != "cpu" {
		t.Fatalf("without a proof, a failed case leads to %s", got)
	}
	if got := provider(good); got != "openvino" {
		t.Fatalf("passed cases lead to %s", got)
	}
	if got := provider(bad); got != "openvino" {
		t.Errorf("a proof leads to %s", got)
	}
	proofs, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "gtx", "proofs", "*"))
	if err != nil || len(proofs) != 1 {
		t.Fatalf("proofs: %q, %v", proofs, err)
	}
	if err := os.WriteFile(proofs[0], []byte("golden cases passed\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := provider(bad); got != "cpu" {
		t.Errorf("a damaged proof leads to %s", got)
	}
	provider(good)
	if text, err := os.ReadFile(proofs[0]); err != nil || !strings.Contains(string(text), good.Digest) {
		t.Errorf("the proof was not made again: %q, %v", text, err)
	}
}

func TestUnwritableCacheOnlyCostsTime(t *testing.T) {
	needBF16(t)
	r := openOpenVINO(t)
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", blocked)
	translator := opened(t, r, find(t, "seasons"), Request{To: "winter", Strength: 1}, Options{})
	defer translator.Close()
	if got := translator.Provider(); got != "openvino" || translator.Fallback() != nil {
		t.Errorf("on %s, %v", got, translator.Fallback())
	}
}

// OpenVINO leaves a signal stack behind that is gone with its plugin. Go signals a thread that runs long.
func TestGoRunsOnAfterOpenVINOIsUnloaded(t *testing.T) {
	r := openOpenVINO(t)
	m := find(t, fixtures+"shift.onnx")
	for range 10 {
		opened(t, r, m, Request{To: "winter", Strength: 1}, Options{Device: "openvino", Precision: "f32"}).Close()
		for start := time.Now(); time.Since(start) < 30*time.Millisecond; {
		}
	}
}

// Every network of the tests runs on OpenVINO as on the CPU, or is refused.
func TestFixturesRunOnOpenVINOOrAreRefused(t *testing.T) {
	r := openOpenVINO(t)
	refused := map[string]bool{"nan.onnx": true, "infinite.onnx": true, "opset.onnx": true}
	files, err := filepath.Glob(fixtures + "*.onnx")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, file := range files {
		m, err := Load(file)
		if err != nil || !m.Manifest.Translates() {
			continue
		}
		q := Request{Strength: 1}
		if targets := m.Manifest.GoldenTargets(); len(targets) > 0 {
			q = goldenRequest(m.Manifest, targets[0])
		}
		name := filepath.Base(file)
		translator, err := r.NewTranslator(m, q, Options{Device: "openvino", Precision: "f32"})
		if refused[name] {
			if err == nil {
				translator.Close()
				t.Errorf("%s is not refused", name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, checked := range r.Verify(t.Context(), m, Options{Device: "openvino", Precision: "f32"}) {
			if checked.Err != nil && name != "crash.onnx" {
				t.Errorf("%s: %v", name, checked.Err)
			}
		}
		translator.Close()
		ran++
	}
	if ran < 20 {
		t.Errorf("only %d networks ran", ran)
	}
}

func TestLibraryFitsTheOptions(t *testing.T) {
	data := t.TempDir()
	t.Setenv(libraryVariable, "")
	t.Setenv("XDG_DATA_HOME", data)
	folder := filepath.Join(data, "gtx", "lib")
	var plain, withOpenVINO string
	for _, place := range []string{folder, filepath.Join(folder, openVINOFolder)} {
		if err := os.MkdirAll(place, 0o755); err != nil {
			t.Fatal(err)
		}
		plain, withOpenVINO = withOpenVINO, filepath.Join(place, "libonnxruntime.so.1")
		if err := os.WriteFile(withOpenVINO, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, bf16 := range []bool{false, true} {
		withBF16(t, bf16)
		automatic := plain
		if bf16 {
			automatic = withOpenVINO
		}
		for o, want := range map[Options]string{
			{}: automatic, {Device: "auto", Precision: "auto"}: automatic, {Device: "cpu"}: plain, {Device: "cuda:1"}: plain,
			{Precision: "f32"}: plain, {Precision: "bf16"}: withOpenVINO, {Device: "openvino", Precision: "f32"}: withOpenVINO,
		} {
			if got, err := FindLibraryFor("", o); got != want {
				t.Errorf("%+v: %q, %v; want %q", o, got, err, want)
			}
		}
	}
}
