// Package durable writes files so that each is complete and survives a crash, or is not there at all.
//
// A Place says where a file goes. A Writer writes files in two steps: Files.Add puts the content into a temporary
// file, Publish makes a group of files durable under their names. A Sweeper removes the temporary files of runs
// that were killed.
//
// No file leaves the folder that its Place names by a symbolic link. A file that exists is replaced in one step
// and keeps its permissions. If its name is a symbolic link, the link is replaced.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Errors of places. The caller names the input.
var (
	ErrLeaves    = errors.New("a symbolic link leads its output out of the output folder")
	ErrIrregular = errors.New("the output exists and is not a regular file")
)

// A Place says where a file is or goes.
type Place struct {
	Path  string
	Below string // folder that the file does not leave by symbolic links, and the beginning of Path; empty for any place
}

// Open opens a file for reading. It refuses folders and what may block or never end.
func (p Place) Open() (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK // to open a FIFO would block
	var f *os.File
	err := p.within(func(root *os.Root, path string) (err error) {
		if root == nil {
			f, err = os.OpenFile(path, flags, 0)
		} else {
			f, err = root.OpenFile(path, flags, 0)
		}
		return err
	})
	if errors.Is(err, syscall.ENXIO) { // a socket
		return nil, ErrIrregular
	}
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, ErrIrregular
	}
	return f, nil
}

// Touch sets the times of a file to now.
func (p Place) Touch() error {
	now := time.Now()
	return named(p.Path, p.within(func(root *os.Root, path string) error {
		if root == nil {
			return os.Chtimes(path, now, now)
		}
		return root.Chtimes(path, now, now)
	}))
}

// within calls do with the path below p.Below. If the file may lie anywhere, do gets no root and the path as it
// is.
func (p Place) within(do func(root *os.Root, path string) error) error {
	if p.Below == "" {
		return do(nil, p.Path)
	}
	relative, err := filepath.Rel(p.Below, p.Path)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(p.Below)
	if err != nil {
		return err
	}
	defer root.Close()
	err = do(root, relative)
	// The standard library exports no error for this.
	if err != nil && strings.HasSuffix(err.Error(), "path escapes from parent") {
		return ErrLeaves
	}
	return err
}

// dir is the path of the folder.
func (p Place) dir() string { return filepath.Dir(p.Path) }

// openFolder opens the folder, and returns the file's name in it.
func (p Place) openFolder() (folder *os.Root, base string, err error) {
	err = p.within(func(root *os.Root, path string) (err error) {
		if root == nil {
			folder, err = os.OpenRoot(filepath.Dir(path))
		} else {
			folder, err = root.OpenRoot(filepath.Dir(path))
		}
		return err
	})
	return folder, filepath.Base(p.Path), err
}

// makeFolder makes the folder and those above it. It returns the folders that have a new entry.
func (p Place) makeFolder() (changed []string, err error) {
	for dir := p.dir(); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		changed = append(changed, filepath.Dir(dir))
	}
	if p.Below != "" {
		if err := os.MkdirAll(p.Below, 0o777); err != nil {
			return changed, err
		}
	}
	return changed, p.within(func(root *os.Root, path string) error {
		if root == nil {
			return os.MkdirAll(filepath.Dir(path), 0o777)
		}
		return root.MkdirAll(filepath.Dir(path), 0o777)
	})
}

// named makes an error of the file system say that path could not be written. The error itself may name a
// temporary file.
func named(path string, err error) error { return saying("write", path, err) }

// Unreadable makes an error of the file system say that the file could not be read.
func (p Place) Unreadable(err error) error { return saying("read", p.Path, err) }

func saying(verb, path string, err error) error {
	if err == nil || errors.Is(err, ErrLeaves) || errors.Is(err, ErrIrregular) {
		return err
	}
	return fmt.Errorf("cannot %s %q: %w", verb, path, WithoutPath(err))
}

// WithoutPath drops the path from a file error, because the caller reports the path.
func WithoutPath(err error) error {
	var (
		one *fs.PathError
		two *os.LinkError
	)
	switch {
	case errors.As(err, &one):
		return one.Err
	case errors.As(err, &two):
		return two.Err
	}
	return err
}
