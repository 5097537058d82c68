package cli_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gtx/models"
	"gtx/models/manifest"
)

var update = flag.Bool("update", false, "rewrite docs/families.md")

const familiesHead = `# Families of translators

gtx runs each of these families from its manifest: no code depends on the name of a family. Each row
describes a tiny network in [testdata/models](../testdata/models/families.py) whose output can be computed by
hand, and a script in [testdata/script](../testdata/script) that runs the network and checks the
pixels. ` + "`go test ./cli -run TestFamiliesPage -update`" + ` writes this page from both, and a test fails if
the page is out of date.

| family | takes | gives | command |
|---|---|---|---|
`

const familiesTail = `
[models/manifest](../models/manifest/manifest.go) describes the manifest's fields. To add a family with inputs and
outputs of these roles, write a manifest inside the .onnx file, or as NAME.onnx.yaml beside it.
` + "`gtx models add`" + ` writes most of it (see [models.md](models.md)).

A manifest cannot yet describe:

- features that a user edits area by area, as with pix2pixHD's encoder (gtx keeps them constant),
- a graph that runs more than once,
- text.
`

// The page must agree with the manifests and the scripts.
func TestFamiliesPage(t *testing.T) {
	scripts, err := filepath.Glob("../testdata/script/family-*.txtar")
	if err != nil || len(scripts) < 15 {
		t.Fatal(scripts, err)
	}
	page := familiesHead
	command := regexp.MustCompile(`(?m)^exec (gtx .*--model \$MODELS/(\S+\.onnx).*)$`)
	for _, path := range scripts {
		script, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		title, _, ok := strings.Cut(strings.TrimPrefix(string(script), "# "), "\n")
		first := command.FindStringSubmatch(string(script))
		if !ok || first == nil {
			t.Fatalf("%s: no title or no command", path)
		}
		m, err := models.Load(filepath.Join("../testdata/models", first[2]))
		if err != nil {
			t.Fatal(err)
		}
		family, what, _ := strings.Cut(title, ": ")
		run := strings.ReplaceAll(first[1], "$MODELS/", "")
		page += fmt.Sprintf("| **%s**: %s | %s | %s | `%s` |\n", family, what, takes(m.Manifest), gives(m.Manifest), run)
	}
	page += familiesTail
	const file = "../docs/families.md"
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if has, err := os.ReadFile(file); err != nil || string(has) != page {
		t.Errorf("%s is out of date (%v): go test ./cli -run TestFamiliesPage -update", file, err)
	}
}

func takes(m *manifest.Manifest) string {
	var list []string
	for _, in := range m.Inputs {
		words := string(in.Role)
		if in.Exemplar != nil && in.Exemplar.Several() {
			words = fmt.Sprintf("%d to %d exemplars", in.Exemplar.Min, in.Exemplar.Max)
		}
		switch {
		case in.Role == "latent":
			continue
		case in.Size != nil && in.Size.Mode == "fixed":
			words += fmt.Sprintf(" %d×%d, %s", in.Size.W, in.Size.H, in.Size.Fit)
		case in.Size != nil && in.Size.Mode == "multiple":
			words += fmt.Sprintf(", multiples of %d", in.Size.MultipleOf)
		case in.Size != nil:
			words += ", any size"
		case in.Role == "label":
			words += fmt.Sprintf(" (%s)", in.Label.Kind)
		case in.Role == "noise":
			words += fmt.Sprintf(" %s %v", in.Noise.Dist, in.Noise.Shape)
		}
		if in.Instance != nil && in.Instance.IDs {
			words += " (a map beside the label map)"
		}
		if in.Image != nil {
			words += fmt.Sprintf(", %s %s %s", in.DType, in.Layout, in.Image.Color)
		}
		list = appendNew(list, words)
	}
	return strings.Join(list, "; ")
}

func gives(m *manifest.Manifest) string {
	var list []string
	for _, out := range m.Outputs {
		if out.Role == "latent" {
			continue
		}
		words := string(out.Role)
		if out.Color != "" {
			words += fmt.Sprintf(", %s %s %s", out.DType, out.Layout, out.Color)
		}
		if out.Suffix != "" {
			words += ", `" + out.Suffix + "`"
		}
		list = appendNew(list, words)
	}
	return strings.Join(list, "; ")
}

// appendNew appends the words that are not in the list yet. The graphs of two directions often take the same inputs.
func appendNew(list []string, words string) []string {
	for _, there := range list {
		if there == words {
			return list
		}
	}
	return append(list, words)
}
