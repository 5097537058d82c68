package stages

import (
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// writeFile writes a file, given in pieces, in one step: it creates missing folders, and path
// never holds a part of the file.
func writeFile(path string, pieces [][]byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o666), renameio.WithExistingPermissions(), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	for _, piece := range pieces {
		if _, err := f.Write(piece); err != nil {
			return err
		}
	}
	return f.CloseAtomicallyReplace()
}
