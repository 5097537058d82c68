package models

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func touch(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("?"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNamedLibraryWinsAndDoesNotFallThrough(t *testing.T) {
	option := touch(t, filepath.Join(t.TempDir(), "option.so"))
	variable := touch(t, filepath.Join(t.TempDir(), "variable.so"))
	for _, c := range []struct {
		option, variable, want, asked string
	}{
		{option, variable, option, ""},
		{"", variable, variable, ""},
		{"/missing.so", variable, "", "--onnxruntime"},
		{"", "/missing.so", "", "GTX_ONNXRUNTIME"},
		{filepath.Dir(option), "", "", "--onnxruntime"},
	} {
		t.Setenv(libraryVariable, c.variable)
		got, err := FindLibrary(c.option)
		var missing *LibraryError
		switch {
		case c.want != "" && (got != c.want || err != nil):
			t.Errorf("FindLibrary(%q) with %q = %q, %v", c.option, c.variable, got, err)
		case c.want == "" && (!errors.As(err, &missing) || missing.Asked != c.asked):
			t.Errorf("FindLibrary(%q) with %q: %v", c.option, c.variable, err)
		}
	}
}

func TestLibraryIsFoundInTheUsersFolderByAnyOfItsNames(t *testing.T) {
	t.Setenv(libraryVariable, "")
	for _, name := range []string{"libonnxruntime.so", "libonnxruntime.so.1", "libonnxruntime.so.1.32.0"} {
		t.Setenv("XDG_DATA_HOME", t.TempDir())
		want := touch(t, filepath.Join(os.Getenv("XDG_DATA_HOME"), "gtx", "lib", name))
		if got, err := FindLibrary(""); got != want || err != nil {
			t.Errorf("FindLibrary = %q, %v; want %q", got, err, want)
		}
	}
}

func TestLibraryFoldersGoFromTheProgramToTheSystem(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", "/data")
	got := libraryFolders("/opt/gtx/bin/gtx")
	if want := []string{"/opt/gtx/bin", "/opt/gtx/lib/gtx", "/opt/gtx/lib", "/data/gtx/lib", "/usr/local/lib"}; !slices.Equal(got[:5], want) {
		t.Errorf("libraryFolders = %q, want %q first", got, want)
	}
}

func TestLibraryErrorNamesThePlacesAndTheWayForward(t *testing.T) {
	err := &LibraryError{Places: []string{"/a", "/b"}}
	if !strings.Contains(err.Error(), "/a, /b") || !strings.Contains(err.Hint(), "make deps") {
		t.Errorf("%v; hint: %s", err, err.Hint())
	}
}
