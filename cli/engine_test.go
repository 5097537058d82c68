package cli

import (
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/models"
)

func TestWidthsFitTheProviderUnlessTheUserChooses(t *testing.T) {
	processors := runtime.GOMAXPROCS(0)
	for _, c := range []struct {
		name, provider string
		args           []string
		want           widths
	}{
		{"a CPU", "cpu", nil, widths{jobs: processors, sessions: processors, batch: 1}},
		{"a GPU", "cuda", nil, widths{jobs: processors, sessions: 2, batch: 8}},
		{"jobs on a CPU", "cpu", []string{"--jobs", "3"}, widths{jobs: 3, sessions: 3, batch: 1}},
		{"jobs on a GPU", "cuda", []string{"--jobs", "3"}, widths{jobs: 3, sessions: 2, batch: 8}},
		{"a batch on a CPU", "cpu", []string{"--jobs", "3", "--batch", "4"}, widths{jobs: 3, sessions: 3, batch: 4}},
		{"no batches on a GPU", "cuda", []string{"--jobs", "3", "--batch", "1"}, widths{jobs: 3, sessions: 2, batch: 1}},
	} {
		withContext(t, []string{"translate"}, c.args, func(ctx *cli.Context) {
			if got, err := widthsOf(ctx, c.provider); err != nil || got != c.want {
				t.Errorf("%s: %+v, %v", c.name, got, err)
			}
		})
	}
	for _, args := range [][]string{{"--jobs", "-1"}, {"--batch", "-1"}} {
		withContext(t, []string{"translate"}, args, func(ctx *cli.Context) {
			if _, err := widthsOf(ctx, "cpu"); exitCode(err) != exit.CodeUsage {
				t.Errorf("%q: %v", args, err)
			}
		})
	}
}

// Check has no --batch: it runs no network.
func TestWidthsNeedNoBatch(t *testing.T) {
	withContext(t, []string{"check"}, []string{"--jobs", "3"}, func(c *cli.Context) {
		if got, err := widthsOf(c, "cpu"); err != nil || got != (widths{jobs: 3, sessions: 3, batch: 1}) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestWhatIsInFlightFillsEveryStageAndSession(t *testing.T) {
	for _, w := range []widths{{1, 1, 1}, {2, 2, 1}, {16, 2, 8}, {3, 3, 4}} {
		if n := w.inFlight(); n < w.jobs+w.sessions*w.batch || n > 3*(w.jobs+w.sessions*w.batch) {
			t.Errorf("%+v: %d in flight", w, n)
		}
	}
}

func TestWithoutModelOrLibraryGtxCannotStart(t *testing.T) {
	for _, name := range []string{"nosuch", filepath.Join(t.TempDir(), "nosuch.onnx")} {
		if _, err := findModel(name); exitCode(err) != exit.CodeStart {
			t.Errorf("%q: %v", name, err)
		}
	}
	m, err := findModel(builtIn)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFiles(t, dir, "library.so")
	for path, want := range map[string]string{
		"/nowhere/lib.so":                "--onnxruntime names",
		filepath.Join(dir, "library.so"): "load ONNX Runtime from",
	} {
		withContext(t, []string{"translate"}, []string{"--onnxruntime", path}, func(c *cli.Context) {
			_, err := openEngine(c, load(c), m, models.Request{To: "winter", Strength: 1})
			if exitCode(err) != exit.CodeStart || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", path, err)
			}
		})
	}
	withContext(t, []string{"translate"}, []string{"--onnxruntime", "/nowhere/lib.so"}, func(c *cli.Context) {
		if _, err := openRuntime(c); !errors.As(err, new(exit.Hinted)) {
			t.Errorf("no hint: %v", err)
		}
	})
}
