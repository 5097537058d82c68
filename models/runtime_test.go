package models

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOnlyOneRuntimeIsOpenAtATime(t *testing.T) {
	r := openRuntime(t)
	if !strings.HasPrefix(r.Version(), "1.") || !filepath.IsAbs(r.Library()) {
		t.Errorf("version %q, library %q", r.Version(), r.Library())
	}
	if _, err := Open(r.Library()); err == nil || !strings.Contains(err.Error(), "open already") {
		t.Errorf("second Open: %v", err)
	}
}

func TestRuntimeWithOpenSessionsStaysOpen(t *testing.T) {
	r := openRuntime(t)
	translator, err := r.NewTranslator(find(t, fixtures+"shift.onnx"), Request{To: "winter", Strength: 1}, Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err == nil {
		t.Fatal("closed under an open session")
	}
	run(t, translator, Batch{N: 1, Height: 8, Width: 8, Pixels: make([]byte, 192)})
	if err := translator.Close(); err != nil {
		t.Error(err)
	}
	if err := translator.Close(); err == nil {
		t.Error("a session was closed twice")
	}
	if _, err := translator.Run(t.Context(), Batch{N: 1, Height: 8, Width: 8, Pixels: make([]byte, 192)}); err == nil {
		t.Error("a closed session ran")
	}
}

// tooOld answers as an ONNX Runtime does that lacks the version of the interface asked for.
const tooOld = `
static const void *api(unsigned version) { return 0; }
static const char *version(void) { return "1.2.3"; }
static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = {api, version};
const void *OrtGetApiBase(void) { return &base; }
`

func TestUnusableLibrariesAreErrorsThatSayWhy(t *testing.T) {
	folder := t.TempDir()
	compile := func(name, source string) string {
		path := filepath.Join(folder, name)
		c := exec.Command("cc", "-shared", "-fPIC", "-x", "c", "-o", path, "-")
		c.Stdin = strings.NewReader(source)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return path
	}
	for _, c := range []struct{ path, want string }{
		{compile("old.so", tooOld), "too old: version 1.24 or later is needed"},
		{compile("other.so", "int x;"), "the library is not ONNX Runtime"},
		{write(t, filepath.Join(folder, "text.so"), []byte("no library")), "file too short"},
		{filepath.Join(folder, "none.so"), "cannot open shared object file"},
		{folder, "cannot read file data"},
	} {
		r, err := Open(c.path)
		if err == nil {
			r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), c.path) != 1 {
			t.Errorf("%s: %v, want …%s…", c.path, err, c.want)
		}
	}
	openRuntime(t) // and a usable one opens after all these
}

func TestProvidersSayWhyOneIsNotUsable(t *testing.T) {
	providers, err := openRuntime(t).Providers()
	if err != nil {
		t.Fatal(err)
	}
	if len(providers) != 3 || providers[0] != (Provider{Name: "cpu", Usable: true}) || providers[1].Name != "cuda" || providers[2].Name != "openvino" {
		t.Fatalf("%+v", providers)
	}
	for _, p := range providers {
		if p.Usable == (p.Reason != "") || p.BF16 && !p.Usable {
			t.Errorf("%+v", p)
		}
	}
}

// TestRunLeavesNoTraceOutside does its work in a process of its own, whose home is empty and whose
// environment shows that no continuous integration is going on.
func TestRunLeavesNoTraceOutside(t *testing.T) {
	const child = "GTX_TEST_TRACES"
	if os.Getenv(child) != "" {
		translator := openTranslator(t, fixtures+"shift.onnx")
		run(t, translator, Batch{N: 1, Height: 8, Width: 8, Pixels: make([]byte, 192)})
		descriptors, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range descriptors {
			if target, _ := os.Readlink("/proc/self/fd/" + d.Name()); strings.HasPrefix(target, "socket:") {
				t.Errorf("descriptor %s is a %s", d.Name(), target)
			}
		}
		return
	}
	home := t.TempDir()
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	c.Env = append(slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "XDG_") || strings.HasPrefix(entry, "CI=") || strings.HasPrefix(entry, "GOCOVERDIR=")
	}), "HOME="+home, "TMPDIR="+home, child+"=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	entries, err := os.ReadDir(home)
	if err != nil || len(entries) > 0 {
		t.Errorf("left in the home folder: %v, %v", entries, err)
	}
}
