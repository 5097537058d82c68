package paths

import (
	"path/filepath"
	"strings"
)

// Mark divides an entry into a folder and the path below it, as in rsync -R.
const Mark = "/./"

// split reads an entry of a list or an argument. DIR/./PATH is the file DIR/PATH, and PATH is its path below the
// output folder. For any other entry, folder is "".
func split(entry string) (path, folder string) {
	before, after, found := strings.Cut(entry, Mark)
	if !found || !filepath.IsLocal(after) {
		return entry, ""
	}
	if before == "" {
		before = "/"
	}
	return filepath.Join(before, after), before
}

// Entry returns a list entry that gives an input again, with the same path below the output folder. This holds if the
// base is then the current folder, or the same as before.
func Entry(in, relative string) string {
	if relative == "" || !strings.Contains(in, Mark) && filepath.Clean(in) == relative {
		return in
	}
	paths := []string{in}
	if abs, err := filepath.Abs(in); err == nil {
		paths = append(paths, abs)
	}
	for _, path := range paths {
		if folder, ok := strings.CutSuffix(filepath.Clean(path), "/"+relative); ok {
			return folder + Mark + relative
		}
	}
	return in
}
