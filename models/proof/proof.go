// Package proof remembers, in the user's cache folder, that a network passed its golden cases on a machine. Running
// the cases takes longer than translating a few images. Without such a folder, or if it cannot be written, they run at
// every start.
package proof

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

// A Proof is valid for the libraries and the kind of processor that it was made with.
type Proof struct {
	path string // "" if there is no cache folder
	text string // what is proven, and the content of the file: any other content proves nothing
}

// Of returns the proof of a claim, which names a model and what it runs on, with the libraries in a folder.
func Of(claim, folder string) Proof {
	var b strings.Builder
	fmt.Fprintf(&b, "golden cases passed\n%s\n", claim)
	libraries, err := filepath.Glob(filepath.Join(folder, "*.so*"))
	if err != nil {
		return Proof{}
	}
	for _, path := range libraries {
		info, err := os.Stat(path)
		if err != nil {
			return Proof{}
		}
		fmt.Fprintf(&b, "library %s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	fmt.Fprintf(&b, "processor %s", processor())
	cache, err := os.UserCacheDir()
	if err != nil {
		return Proof{}
	}
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(b.String())))
	return Proof{path: filepath.Join(cache, "gtx", "proofs", name), text: b.String()}
}

// Known reports whether the proof was given before.
func (p Proof) Known() bool {
	text, err := os.ReadFile(p.path)
	return err == nil && p.text != "" && string(text) == p.text
}

// Remember keeps a proof if it can.
func (p Proof) Remember() {
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
