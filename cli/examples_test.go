package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gtx/cli/manual"
)

// exampleFiles are what the examples find, beside the files of a page.
const exampleFiles = checkout + `cp $MODELS/pggan.onnx noise.onnx
cp $MODELS/foreign-style.onnx foreign.onnx
cp $MODELS/upsampling/deconv-k3s2.onnx faulty.onnx
env HOME=$WORK
`

// The examples in the help of each command run, and succeed.
func TestExamplesRun(t *testing.T) {
	scripts := t.TempDir()
	for name, list := range manual.Examples {
		var script, files strings.Builder
		for i, e := range list {
			if i == 0 && !strings.Contains(e.Line, name) {
				t.Errorf("the first example of %s does not call it: %s", name, e.Line)
			}
			fmt.Fprintf(&script, "# %s\nexec bash -o pipefail .example/%d.sh\n", e.Does, i)
			fmt.Fprintf(&files, "-- .example/%d.sh --\n%s\n", i, e.Line)
		}
		file := filepath.Join(scripts, strings.ReplaceAll(name, " ", "-")+".txtar")
		if err := os.WriteFile(file, []byte(exampleFiles+script.String()+files.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	runScripts(t, scripts, map[string]string{"ROOT": "..", "MODELS": "../testdata/models"})
}

// groff and mandoc, which read manual pages, have nothing to say about ours.
func TestManualPagesAreClean(t *testing.T) {
	for _, program := range []string{"man", "mandoc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%v: apt-get install man-db mandoc", err)
		}
	}
	dir := t.TempDir()
	if out, err := exec.Command("gtx", "man", "--out", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(pages) != len(manual.Examples) {
		t.Fatalf("%d pages for %d commands: %v", len(pages), len(manual.Examples), err)
	}
	for _, page := range pages {
		for _, check := range [][]string{
			{"mandoc", "-T", "lint", "-W", "all", page},
			{"man", "--warnings", "-l", "-Tutf8", "-Z", page},
		} {
			c := exec.Command(check[0], check[1:]...)
			var warnings strings.Builder
			c.Stderr = &warnings
			out, err := c.Output()
			if check[0] == "mandoc" {
				warnings.Write(out)
			}
			if err != nil || warnings.Len() > 0 {
				t.Errorf("%v: %v\n%s", check, err, &warnings)
			}
		}
	}
}
