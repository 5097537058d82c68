package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// pipeline, stages and models know nothing of one another: cli joins them. And
// each foreign package has one place.
func TestPackagesKeepToTheirRooms(t *testing.T) {
	rooms := map[string][]string{ // package: what of ours, and of others', it may import
		"gtx":                 {"gtx/cli"},
		"gtx/cli":             {"gtx/pipeline", "gtx/stages", "gtx/models", "gtx/models/graph", "gtx/models/manifest", "github.com/urfave/cli/v2", "github.com/schollz/progressbar/v3", "github.com/mattn/go-isatty", "github.com/google/renameio/v2", "golang.org/x/sys/unix"},
		"gtx/pipeline":        {"golang.org/x/sync/errgroup"},
		"gtx/stages":          {"github.com/h2non/bimg", "github.com/google/renameio/v2"},
		"gtx/scripts/detail":  {"gtx/models", "gtx/stages"},
		"gtx/scripts/bench":   {"gtx/models", "golang.org/x/sync/errgroup"},
		"gtx/models/onnx":     {"google.golang.org/protobuf/encoding/protowire"},
		"gtx/models/graph":    {"gtx/models/onnx"},
		"gtx/models/manifest": {"github.com/goccy/go-yaml"},
		"gtx/models":          {"gtx/models/graph", "gtx/models/manifest", "gtx/models/onnx", "github.com/google/renameio/v2", "github.com/yalue/onnxruntime_go", "github.com/goccy/go-yaml"},
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		imports := strings.Fields(line)
		pkg := imports[0]
		allowed, known := rooms[pkg]
		if !known {
			t.Errorf("%s has no room of its own", pkg)
		}
		for _, imp := range imports[1:] {
			standard := !strings.Contains(strings.Split(imp, "/")[0], ".") && !strings.HasPrefix(imp, "gtx/")
			if !standard && !slices.Contains(allowed, imp) {
				t.Errorf("%s imports %s", pkg, imp)
			}
		}
	}
}
