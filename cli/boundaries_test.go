package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A room lists what a package may import beside the standard library, and what its tests may import in addition.
type room struct{ imports, tests []string }

// rooms lists every package of gtx. pipeline, stages and models know nothing of one another: cli joins
// them, and so do some scripts.
var rooms = map[string]room{
	"gtx":              {imports: []string{"gtx/cli"}},
	"gtx/cli/bench":    {imports: []string{"gtx/cli/exit", "gtx/cli/paths", "gtx/pipeline", "gtx/stages", "gtx/stages/raster", "golang.org/x/sys/unix"}},
	"gtx/cli/decoders": {imports: []string{"gtx/cli/exit", "gtx/cli/manual", "gtx/stages", "github.com/urfave/cli/v2"}},
	"gtx/cli/exit":     {},
	"gtx/cli/ledger":   {imports: []string{"gtx/cli/exit", "gtx/cli/paths", "gtx/pipeline", "gtx/stages", "gtx/stages/durable", "golang.org/x/sys/unix"}},
	"gtx/cli/page": {
		imports: []string{"gtx/cli/exit", "gtx/cli/ledger", "gtx/cli/paths", "gtx/cli/summary", "gtx/pipeline", "gtx/stages", "gtx/stages/durable"},
		tests: []string{
			"github.com/chromedp/chromedp", "github.com/chromedp/chromedp/kb", "github.com/chromedp/cdproto/emulation", "github.com/chromedp/cdproto/input",
			"github.com/chromedp/cdproto/log", "github.com/chromedp/cdproto/network", "github.com/chromedp/cdproto/performance", "github.com/chromedp/cdproto/runtime",
		},
	},
	"gtx/cli/reports": {imports: []string{
		"gtx/cli/bench", "gtx/cli/decoders", "gtx/cli/exit", "gtx/cli/ledger", "gtx/cli/manual", "gtx/cli/page", "gtx/cli/progress", "gtx/cli/summary", "gtx/pipeline", "gtx/stages", "github.com/urfave/cli/v2",
	}},
	"gtx/cli/outcomes": {imports: []string{
		"gtx/cli/exit", "gtx/cli/ledger", "gtx/cli/paths", "gtx/cli/progress", "gtx/cli/reports", "gtx/cli/streams", "gtx/pipeline", "gtx/stages",
	}},
	"gtx/cli/summary": {imports: []string{"gtx/cli/exit", "gtx/cli/ledger", "gtx/cli/paths", "gtx/pipeline", "gtx/stages"}},
	"gtx/cli/progress": {imports: []string{
		"gtx/cli/bench", "gtx/cli/ledger", "gtx/cli/paths", "gtx/pipeline", "gtx/stages", "github.com/mattn/go-isatty", "github.com/schollz/progressbar/v3", "golang.org/x/sys/unix",
	}},
	"gtx/cli/manual":  {imports: []string{"gtx/cli/exit", "gtx/cli/release", "github.com/urfave/cli/v2", "golang.org/x/sys/unix"}},
	"gtx/cli/release": {},
	"gtx/cli/paths":   {imports: []string{"gtx/cli/exit", "gtx/stages", "gtx/stages/durable", "golang.org/x/sys/unix"}},
	"gtx/cli/shards": {imports: []string{
		"gtx/cli/exit", "gtx/cli/ledger", "gtx/cli/manual", "gtx/cli/paths", "gtx/stages", "gtx/stages/durable", "github.com/mattn/go-isatty", "github.com/urfave/cli/v2", "golang.org/x/sys/unix",
	}},
	"gtx/cli/stdout": {imports: []string{"gtx/stages"}},
	"gtx/cli/streams": {imports: []string{
		"gtx/cli/exit", "gtx/cli/ledger", "gtx/cli/manual", "gtx/cli/paths", "gtx/pipeline", "gtx/stages", "gtx/stages/container", "gtx/stages/durable",
		"gtx/stages/frames", "gtx/stages/webdataset", "github.com/mattn/go-isatty", "github.com/urfave/cli/v2", "golang.org/x/sync/semaphore",
	}},
	"gtx/cli/repair": {imports: []string{"gtx/cli/exit", "gtx/cli/ledger", "gtx/cli/paths", "gtx/models", "gtx/models/graph", "gtx/stages", "gtx/stages/raster"}},
	"gtx/cli": {
		imports: []string{
			"gtx/cli/bench", "gtx/cli/decoders", "gtx/cli/exit", "gtx/cli/ledger", "gtx/cli/manual", "gtx/cli/outcomes", "gtx/cli/page", "gtx/cli/paths", "gtx/cli/progress", "gtx/cli/release", "gtx/cli/repair", "gtx/cli/reports", "gtx/cli/shards", "gtx/cli/stdout", "gtx/cli/streams", "gtx/pipeline", "gtx/stages", "gtx/stages/durable", "gtx/stages/raster", "gtx/models", "gtx/models/manifest", "gtx/models/graph",
			"gtx/models/propose",
			"github.com/google/renameio/v2", "github.com/mattn/go-isatty",
			"github.com/urfave/cli/v2", "golang.org/x/sync/errgroup", "golang.org/x/sys/unix",
		},
		tests: []string{"github.com/rogpeppe/go-internal/testscript", "golang.org/x/sys/cpu", "golang.org/x/image/tiff", "golang.org/x/image/webp"},
	},
	"gtx/pipeline":          {imports: []string{"golang.org/x/sync/errgroup"}},
	"gtx/stages":            {imports: []string{"gtx/stages/container", "gtx/stages/durable", "gtx/stages/raster", "gtx/stages/worker", "github.com/h2non/bimg"}},
	"gtx/stages/container":  {},
	"gtx/stages/durable":    {imports: []string{"golang.org/x/sys/unix"}},
	"gtx/stages/raster":     {},
	"gtx/stages/worker":     {imports: []string{"golang.org/x/sys/unix"}},
	"gtx/stages/frames":     {imports: []string{"gtx/stages/container"}},
	"gtx/stages/webdataset": {},
	"gtx/models": {
		imports: []string{
			"gtx/models/labelmap", "gtx/models/manifest", "gtx/models/onnx", "gtx/models/graph", "gtx/models/proof", "gtx/models/propose",
			"github.com/google/renameio/v2", "github.com/yalue/onnxruntime_go", "golang.org/x/sys/cpu",
		},
		tests: []string{"github.com/goccy/go-yaml", "golang.org/x/sync/errgroup"},
	},
	"gtx/models/labelmap": {imports: []string{"gtx/models/manifest"}},
	"gtx/models/manifest": {imports: []string{"github.com/goccy/go-yaml"}},
	"gtx/models/proof":    {imports: []string{"github.com/google/renameio/v2"}},
	"gtx/models/propose":  {imports: []string{"gtx/models/manifest", "gtx/models/onnx"}},
	"gtx/models/onnx":     {imports: []string{"google.golang.org/protobuf/encoding/protowire"}},
	"gtx/models/graph": {
		imports: []string{"gtx/models/onnx"},
		tests:   []string{"github.com/yalue/onnxruntime_go", "google.golang.org/protobuf/encoding/protowire"},
	},
	"gtx/scripts/bench":        {imports: []string{"gtx/models", "golang.org/x/sync/errgroup"}},
	"gtx/scripts/soak":         {imports: []string{"gtx/scripts/soak/hostile", "gtx/scripts/soak/watch", "golang.org/x/sys/unix"}},
	"gtx/scripts/soak/hostile": {},
	"gtx/scripts/soak/watch":   {imports: []string{"golang.org/x/sys/unix"}},
	"gtx/scripts/package":      {},
	"gtx/scripts/detail":       {imports: []string{"gtx/models", "gtx/stages", "gtx/stages/raster"}},
}

func TestPackagesKeepToTheirRooms(t *testing.T) {
	for _, pkg := range packages(t) {
		r, known := rooms[pkg.ImportPath]
		if !known {
			t.Errorf("%s has no room: add it to rooms", pkg.ImportPath)
		}
		for _, imp := range pkg.Imports {
			if !standard(imp) && !slices.Contains(r.imports, imp) {
				t.Errorf("%s imports %s", pkg.ImportPath, imp)
			}
		}
		for _, imp := range slices.Concat(pkg.TestImports, pkg.XTestImports) {
			if imp != pkg.ImportPath && !standard(imp) && !slices.Contains(slices.Concat(r.imports, r.tests), imp) {
				t.Errorf("the tests of %s import %s", pkg.ImportPath, imp)
			}
		}
	}
}

// A listed package is the part of go list's output that the test needs.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) (list []listed) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "gtx/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg listed
		if err := d.Decode(&pkg); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, pkg)
	}
}

// standard says whether a package is in the standard library. Only there has the first element of a path no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != "gtx" && !strings.Contains(first, ".")
}
