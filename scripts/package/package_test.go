package package_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a command in a folder and returns what it prints, without the space around it.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	for _, variable := range os.Environ() { // nothing from outside helps gtx to find its parts
		if !strings.HasPrefix(variable, "GTX_") && !strings.HasPrefix(variable, "MAKE") {
			c.Env = append(c.Env, variable)
		}
	}
	c.Env = append(c.Env, "XDG_DATA_HOME="+t.TempDir())
	var messages bytes.Buffer
	c.Stderr = &messages
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", name, args, err, out, &messages)
	}
	return strings.TrimSpace(string(out))
}

// The commit decides what is built, and not the folder or git.
func TestSameCommitGivesTheSameProgramInAnyFolder(t *testing.T) {
	const root = "../.."
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("no git: there is nothing to compare")
	}
	commit := run(t, root, "git", "rev-parse", "HEAD")
	var programs [2][]byte
	for i, name := range []string{"here", "a/longer/way/down"} {
		folder := filepath.Join(t.TempDir(), name)
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		run(t, root, "sh", "-c", `git archive "$2" | tar -x -C "$1"`, "sh", folder, commit)
		run(t, folder, "make", "build")
		program, err := os.ReadFile(filepath.Join(folder, "build/bin/gtx"))
		if err != nil {
			t.Fatal(err)
		}
		programs[i] = program
		version := run(t, folder, filepath.Join(folder, "build/bin/gtx"), "--version")
		if tag := run(t, root, "git", "tag", "--points-at", commit); !strings.Contains(version, commit[:7]) && !strings.Contains(version, strings.TrimPrefix(tag, "v")) {
			t.Errorf("%q names neither commit %s nor tag %q", version, commit, tag)
		}
	}
	if !bytes.Equal(programs[0], programs[1]) {
		t.Error("the programs differ")
	}
}

// make install leaves nothing out, and what it installs finds its parts.
func TestInstalledProgramFindsItsParts(t *testing.T) {
	root := t.TempDir()
	if _, err := os.Stat("../../build/lib/libonnxruntime.so.1"); err != nil {
		t.Skipf("%v: run make deps", err)
	}
	run(t, "../..", "make", "install", "DESTDIR="+root, "PREFIX=/opt/gtx")
	installed := filepath.Join(root, "opt/gtx")
	for _, file := range []string{
		"share/man/man1/gtx.1", "share/man/man1/gtx-models-add.1", "share/bash-completion/completions/gtx",
		"share/zsh/site-functions/_gtx", "share/fish/vendor_completions.d/gtx.fish", "share/gtx/models/facades.onnx",
	} {
		if info, err := os.Stat(filepath.Join(installed, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	doctor := run(t, root, filepath.Join(installed, "bin/gtx"), "doctor")
	for _, part := range []string{"lib/gtx/", "share/gtx/models/facades.onnx", "seasons ran on"} {
		if !strings.Contains(doctor, part) {
			t.Errorf("gtx doctor finds no %s:\n%s", part, doctor)
		}
	}
	packaged := run(t, "../..", "scripts/package/stamp")
	if version := run(t, root, filepath.Join(installed, "bin/gtx"), "--version"); packaged != "" && !strings.Contains(version, packaged[:7]) && !strings.Contains(packaged, " v") {
		t.Errorf("%q does not name the commit of %q", version, packaged)
	}
}
