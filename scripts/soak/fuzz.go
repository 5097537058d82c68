package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// fuzzTime is how long each fuzz target runs.
const fuzzTime = "20s"

// fuzzers runs every fuzz target of the module in the current folder for a while.
func fuzzers(s *soak, r *result) error {
	if s.short {
		r.Skipped = "go test replays the corpora; the full form looks for more"
		return nil
	}
	targets, err := fuzzTargets(".")
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return fmt.Errorf("no fuzz targets below the current folder")
	}
	for i, t := range targets {
		if !s.wanted(i) {
			continue
		}
		cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", fuzzTime, "-fuzzminimizetime", "100x", "./"+t.folder)
		cmd.Env = append(os.Environ(), "GTX_ONNXRUNTIME="+s.library)
		out, err := cmd.CombinedOutput()
		var f flaws
		if err != nil {
			text := string(out)
			f.add("fuzz", "%v: %s", err, clip(text[max(0, len(text)-400):]))
		}
		r.add(s, i, t.folder+": "+t.name, f)
	}
	return nil
}

// A target is a fuzz test.
type target struct{ folder, name string }

// fuzzTargets finds the fuzz tests below a folder.
func fuzzTargets(root string) (targets []target, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || path == "build") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range parsed.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
				targets = append(targets, target{filepath.Dir(path), f.Name.Name})
			}
		}
		return nil
	})
	return targets, err
}
