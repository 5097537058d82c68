package stages

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

var (
	errLeaves          = errors.New("a symbolic link leads its output out of the output folder")
	errIrregularOutput = errors.New("the output exists and is not a regular file")
)

// openOutput opens a result of an earlier run for reading. It refuses folders and what may block or never end.
func (s Source) openOutput() (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK // to open a FIFO would block
	var f *os.File
	err := s.atOutput(s.Out, func(root *os.Root, path string) (err error) {
		if root == nil {
			f, err = os.OpenFile(path, flags, 0)
		} else {
			f, err = root.OpenFile(path, flags, 0)
		}
		return err
	})
	if errors.Is(err, syscall.ENXIO) { // a socket
		return nil, errIrregularOutput
	}
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, errIrregularOutput
	}
	return f, nil
}

// atOutput calls do with the path of a result below s.Below. If a result may lie anywhere, do gets no
// root and the path as it is.
func (s Source) atOutput(path string, do func(root *os.Root, path string) error) error {
	if s.Below == "" {
		return do(nil, path)
	}
	relative, err := filepath.Rel(s.Below, path)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(s.Below)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(s.Below, 0o777); err == nil {
			root, err = os.OpenRoot(s.Below)
		}
	}
	if err != nil {
		return err
	}
	defer root.Close()
	err = do(root, relative)
	// The standard library exports no error for this.
	if err != nil && strings.HasSuffix(err.Error(), "path escapes from parent") {
		return errLeaves
	}
	return err
}

// write writes a result, given in pieces, in one step. No symbolic link leads it out of s.Below.
func (s Source) write(path string, pieces [][]byte) error {
	return s.atOutput(path, func(root *os.Root, path string) error {
		if root == nil {
			return writeFile(path, pieces)
		}
		return writeIn(root, path, pieces)
	})
}

// writeIn is writeFile below a root.
func writeIn(root *os.Root, path string, pieces [][]byte) (err error) {
	dir := filepath.Dir(path)
	if err := root.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	temporary := filepath.Join(dir, ".gtx-"+rand.Text())
	f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			root.Remove(temporary)
		}
	}()
	if old, err := root.Lstat(path); err == nil && old.Mode().IsRegular() {
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	for _, piece := range pieces {
		if _, err := f.Write(piece); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return root.Rename(temporary, path)
}
