package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// An object is something other than an image that a path may lead to. make puts it at a path.
type object struct {
	name string
	make func(path string) error
}

const danglingLink = "dangling link"

var objects = []object{
	{"FIFO", func(path string) error { return syscall.Mkfifo(path, 0o666) }},
	{"socket", func(path string) error {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			return err
		}
		l.SetUnlinkOnClose(false)
		return l.Close()
	}},
	{"endless device", linkTo("/dev/zero")},
	{"full device", linkTo("/dev/full")},
	{"empty device", linkTo("/dev/null")},
	{"link to itself", func(path string) error { return os.Symlink(filepath.Base(path), path) }},
	{danglingLink, linkTo("nowhere/at/all")},
	{"link to a FIFO", func(path string) error {
		return errors.Join(syscall.Mkfifo(path+".fifo", 0o666), os.Symlink(filepath.Base(path)+".fifo", path))
	}},
	{"folder", func(path string) error { return os.Mkdir(path, 0o777) }},
	{"folder that holds itself", func(path string) error {
		return errors.Join(os.Mkdir(path, 0o777), os.Symlink(".", filepath.Join(path, "again")))
	}},
	{"process memory", linkTo("/proc/self/mem")},
	{"kernel file of no size", linkTo("/proc/self/status")},
}

func linkTo(target string) func(string) error {
	return func(path string) error { return os.Symlink(target, path) }
}

// A place is where gtx meets an object. The exit codes are those that it may end with.
type place struct {
	name  string
	at    string // where the object is put, relative to the world
	run   func(w *world, at string) (outcome, error)
	codes []int
	good  bool // the images beside the object are translated all the same
}

var places = []place{
	{"an argument", "odd.png", func(w *world, at string) (outcome, error) {
		return w.soak.run(w.dir, []string{"-o", folderOut, "--report", reportFile, at, folderIn}, &disturbance{})
	}, []int{1}, true},
	{"a line of the list on standard input", "odd.png", func(w *world, at string) (outcome, error) {
		return w.soak.run(w.dir, []string{"-o", folderOut, "--base", folderIn, "--report", reportFile}, &disturbance{stdin: at + "\n" + strings.Join(w.inputs, "\n") + "\n"})
	}, []int{1}, true},
	{"in a folder", "in/odd.png", func(w *world, _ string) (outcome, error) { return w.run(nil) }, []int{0, 1}, true},
	{"a list", "list", func(w *world, at string) (outcome, error) {
		return w.soak.run(w.dir, []string{"-o", folderOut, "--files-from", at}, &disturbance{})
	}, []int{1, 2}, false},
	{"where a result goes", "out/0000.jpg", func(w *world, _ string) (outcome, error) { return w.run(nil) }, []int{0, 1}, false},
	{"the output folder", "elsewhere", func(w *world, at string) (outcome, error) {
		return w.soak.run(w.dir, []string{"-o", at, folderIn}, &disturbance{})
	}, []int{0, 1, 2, 3}, false},
	{"the report", "report", func(w *world, at string) (outcome, error) {
		return w.soak.run(w.dir, []string{"-o", folderOut, "--report", at, folderIn}, &disturbance{})
	}, []int{0, 1, 2, 3}, false},
	{"the model", "model.onnx", func(w *world, at string) (outcome, error) {
		return w.runGtx(w.dir, []string{"translate", "--model", at, "--to", "winter", "-o", folderOut, folderIn}, &disturbance{})
	}, []int{2, 3}, false},
	{"the manifest", "beside.onnx.yaml", func(w *world, _ string) (outcome, error) {
		b, err := os.ReadFile(w.model)
		if err == nil {
			err = os.WriteFile(filepath.Join(w.dir, "beside.onnx"), b, 0o666)
		}
		if err != nil {
			return outcome{}, err
		}
		return w.runGtx(w.dir, []string{"translate", "--model", "beside.onnx", "--to", "winter", "--device", "cpu", "-o", folderOut, folderIn}, &disturbance{})
	}, []int{0, 2, 3}, false},
	{"an image to classify", "odd.png", func(w *world, at string) (outcome, error) {
		return w.runGtx(w.dir, []string{"classify", "--device", "cpu", at}, &disturbance{})
	}, []int{1}, false},
	{"an image to check", "odd.png", func(w *world, at string) (outcome, error) {
		return w.runGtx(w.dir, []string{"check", at}, &disturbance{})
	}, []int{1}, false},
}

// oddities puts every object in every place.
func oddities(s *soak, r *result) error {
	w, err := s.newWorld(2, false)
	if err != nil {
		return err
	}
	number := 0
	for _, p := range places {
		for _, o := range objects {
			number++
			if s.short && number%4 != int(s.seed%4) || !s.wanted(number) {
				continue
			}
			f, err := w.odd(p, o)
			if err != nil {
				return fmt.Errorf("%s as %s: %w", o.name, p.name, err)
			}
			r.add(s, number, fmt.Sprintf("%s as %s", o.name, p.name), f)
		}
	}
	return nil
}

// odd puts an object in a place, runs gtx, and takes it away again.
func (w *world) odd(p place, o object) (f flaws, err error) {
	at := filepath.Join(w.dir, p.at)
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return nil, err
	}
	if err := o.make(at); err != nil {
		return nil, err
	}
	before, err := os.Lstat(at)
	if err != nil {
		return nil, err
	}
	out, err := p.run(w, p.at)
	if err != nil {
		return nil, err
	}
	if out.timedOut {
		f.add("hang", "%s", out)
	}
	if crash.MatchString(out.stderr) || out.signalled {
		f.add("crash", "%s", out)
	}
	if !slices.Contains(p.codes, out.code) {
		f.add("exit code", "%s", out)
	}
	after, err := os.Lstat(at)
	lost := err != nil || after.Mode().Type() != before.Mode().Type()
	if lost && !(o.name == danglingLink && p.at == folderOut+"/0000.jpg") { // a result may replace a link to nothing
		f.add("object", "it was replaced: %v, %v", after, err)
	}
	if p.good {
		for path, want := range w.want {
			if got, err := os.ReadFile(filepath.Join(w.dir, path)); err != nil || string(got) != string(want) {
				f.add("result", "%s is missing or wrong: %s", path, out)
			}
		}
	}
	for _, rest := range []string{at, at + ".fifo", filepath.Join(w.dir, "beside.onnx"), filepath.Join(w.dir, folderOut), filepath.Join(w.dir, reportFile)} {
		if err := os.RemoveAll(rest); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return f, nil
}
