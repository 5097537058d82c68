package models

import (
	"os"
	"path/filepath"
)

// Folder returns the folder of the user's own models, which are called NAME.onnx, or "" for a user without
// a home.
func Folder() string {
	if data := dataFolder(); data != "" {
		return filepath.Join(data, "models")
	}
	return ""
}

// modelFolders lists the folders in which models are found by name: the user's own, then the one of a program that
// is installed as PREFIX/bin/gtx, which is PREFIX/share/gtx/models.
func modelFolders(program string) []string {
	var folders []string
	if own := Folder(); own != "" {
		folders = append(folders, own)
	}
	if program == "" {
		return folders
	}
	if resolved, err := filepath.EvalSymlinks(program); err == nil {
		program = resolved
	}
	return append(folders, filepath.Join(filepath.Dir(program), "..", "share", "gtx", "models"))
}

// dataFolder returns the user's data folder of gtx, or "" for a user without a home.
func dataFolder() string {
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // the XDG base directory specification says to ignore relative paths
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "gtx")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
