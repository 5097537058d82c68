package models

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// libraryVariable is the environment variable that names the ONNX Runtime library.
const libraryVariable = "GTX_ONNXRUNTIME"

// openVINOFolder lies beside the plain library. It holds an ONNX Runtime with OpenVINO and its parts, which find
// one another there and not in the system's folders.
const openVINOFolder = "onnxruntime-openvino"

// LibraryError says that no ONNX Runtime library was found.
type LibraryError struct {
	Asked  string   // the option or variable that named the library; empty after a search
	Places []string // the named file, or the folders that were searched
}

func (e *LibraryError) Error() string {
	if e.Asked != "" {
		return fmt.Sprintf("%s names %q, which is not a file", e.Asked, e.Places[0])
	}
	return "no ONNX Runtime library (libonnxruntime.so) in " + strings.Join(e.Places, ", ")
}

// Hint says how to get the library.
func (e *LibraryError) Hint() string {
	return "run 'make deps', or take libonnxruntime.so from the wheel of PyPI's onnxruntime 1.24.1 or newer and set " +
		libraryVariable + " to its path"
}

// FindLibrary returns the absolute path of the ONNX Runtime library. An explicit path (the option
// --onnxruntime) wins over GTX_ONNXRUNTIME, and whichever is given must exist. With neither, FindLibrary
// searches the folders beside the program, then the user's, then the system's. The error is a *LibraryError
// if no library is found.
func FindLibrary(explicit string) (string, error) {
	return FindLibraryFor(explicit, Options{Device: deviceCPU})
}

// FindLibraryFor is FindLibrary for what a caller means to run. Of two libraries in a place it prefers the one with
// OpenVINO if the options may lead there. Otherwise it prefers the plain one, which is newer.
func FindLibraryFor(explicit string, o Options) (string, error) {
	named := []struct{ by, path string }{
		{"--onnxruntime", explicit},
		{libraryVariable, os.Getenv(libraryVariable)},
	}
	for _, n := range named {
		if n.path == "" {
			continue
		}
		if !isFile(n.path) {
			return "", &LibraryError{Asked: n.by, Places: []string{n.path}}
		}
		// A bare name would make the dynamic loader search its own folders.
		return filepath.Abs(n.path)
	}
	program, err := os.Executable()
	if err != nil {
		program = ""
	}
	folders := libraryFolders(program)
	for _, folder := range folders {
		places := []string{folder, filepath.Join(folder, openVINOFolder)}
		if o.wantOpenVINO() {
			slices.Reverse(places)
		}
		for _, folder := range places {
			if path := libraryIn(folder); path != "" {
				return path, nil
			}
		}
	}
	return "", &LibraryError{Places: folders}
}

// libraryFolders lists the folders to search, the nearest to the program first.
func libraryFolders(program string) []string {
	var folders []string
	if program != "" {
		if resolved, err := filepath.EvalSymlinks(program); err == nil {
			program = resolved
		}
		bin := filepath.Dir(program)
		lib := filepath.Join(filepath.Dir(bin), "lib")
		folders = append(folders, bin, filepath.Join(lib, "gtx"), lib)
	}
	if data := dataFolder(); data != "" {
		folders = append(folders, filepath.Join(data, "lib"))
	}
	triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
	folders = append(folders, "/usr/local/lib")
	if t := triplet[runtime.GOARCH]; t != "" {
		folders = append(folders, "/usr/lib/"+t)
	}
	return append(folders, "/usr/lib")
}

// libraryIn returns the library in a folder, or "".
func libraryIn(folder string) string {
	for _, name := range []string{"libonnxruntime.so", "libonnxruntime.so.1", "libonnxruntime.so.1.*"} {
		matches, err := filepath.Glob(filepath.Join(folder, name))
		if err != nil {
			continue // the name of the folder is not a valid pattern
		}
		for _, match := range matches {
			if isFile(match) {
				return match
			}
		}
	}
	return ""
}
