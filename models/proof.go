package models

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/renameio/v2"
)

// A proof says that graphs of a model passed their golden cases on OpenVINO, in a precision, with these libraries and on
// this kind of processor. To run the cases takes longer than to translate some images, so a proof is kept in the
// user's cache folder. Without such a folder, or if it cannot be written, the cases run at every start.
type proof struct {
	path string // "" if there is no cache folder
	text string // what is proven, and the content of the file: any other content proves nothing
}

func (r *Runtime) proofOf(m *Model, graphs []string, precision string) proof {
	var b strings.Builder
	fmt.Fprintf(&b, "golden cases passed\nmodel %s\ngraphs %s\nprecision %s\n", m.Digest, strings.Join(graphs, " "), precision)
	libraries, err := filepath.Glob(filepath.Join(filepath.Dir(r.library), "*.so*"))
	if err != nil {
		return proof{}
	}
	for _, path := range libraries {
		info, err := os.Stat(path)
		if err != nil {
			return proof{}
		}
		fmt.Fprintf(&b, "library %s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	fmt.Fprintf(&b, "processor %s", processor())
	cache, err := os.UserCacheDir()
	if err != nil {
		return proof{}
	}
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(b.String())))
	return proof{path: filepath.Join(cache, "gtx", "proofs", name), text: b.String()}
}

func (p proof) known() bool {
	text, err := os.ReadFile(p.path)
	return err == nil && p.text != "" && string(text) == p.text
}

// remember keeps a proof if it can.
func (p proof) remember() {
	if p.path == "" || os.MkdirAll(filepath.Dir(p.path), 0o755) != nil {
		return
	}
	_ = renameio.WriteFile(p.path, []byte(p.text), 0o644) // without it, the golden cases run again
}

// processor describes the first processor, with all that it can do, or else its architecture.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 8<<10))
	if err != nil {
		return runtime.GOARCH
	}
	first, _, _ := strings.Cut(string(head), "\n\n")
	var lines []string
	for line := range strings.Lines(first) {
		if strings.HasPrefix(line, "model name") || strings.HasPrefix(line, "flags") || strings.HasPrefix(line, "stepping") {
			lines = append(lines, line)
		}
	}
	return runtime.GOARCH + "\n" + strings.Join(lines, "")
}
