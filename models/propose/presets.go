package propose

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed presets/*.yaml
var presets embed.FS

// Presets lists the names that Preset knows.
func Presets() []string {
	files, err := fs.Glob(presets, "presets/*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(path.Base(file), ".yaml")
	}
	return files
}

// Preset returns the manifest that the networks of a family share. It leaves out what Manifest reads from
// the network.
func Preset(name string) ([]byte, error) {
	known, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no preset %q; the presets are %s", name, strings.Join(Presets(), ", "))
	}
	return known, nil
}
