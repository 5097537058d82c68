package webdataset

import (
	"archive/tar"
	"bufio"
	"io"
	"time"
)

// Owner is the user and group of every file that a Writer writes.
const Owner = "gtx"

// A Writer writes a tar. Close or Cut ends it.
type Writer struct {
	out *bufio.Writer
	tar *tar.Writer
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer {
	out := bufio.NewWriterSize(w, 256<<10)
	return &Writer{out: out, tar: tar.NewWriter(out)}
}

// Add writes a file or, if data is nil, a folder. Nothing but name and content decides what is written.
func (w *Writer) Add(f File) error {
	if err := w.tar.WriteHeader(header(f.Name, f.Dir, int64(len(f.Data)))); err != nil {
		return err
	}
	_, err := w.tar.Write(f.Data)
	return err
}

// header is that of a file or a folder.
func header(name string, dir bool, size int64) *tar.Header {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Uname: Owner, Gname: Owner, ModTime: time.Unix(0, 0)}
	if dir {
		h.Typeflag, h.Mode, h.Size = tar.TypeDir, 0o755, 0
	}
	return h
}

// Flush writes out everything that was added.
func (w *Writer) Flush() error {
	if err := w.tar.Flush(); err != nil {
		return err
	}
	return w.out.Flush()
}

// Close writes the end-of-archive. It does not close the file.
func (w *Writer) Close() error {
	if err := w.tar.Close(); err != nil {
		return err
	}
	return w.out.Flush()
}

// Cut ends a tar that is not complete. Many readers take a missing end-of-archive for the end of the tar, so Cut ends
// with the header of a file that never follows.
func (w *Writer) Cut() error {
	if err := w.tar.WriteHeader(&tar.Header{Name: "cut-short", Size: 1, Mode: 0o644, ModTime: time.Unix(0, 0)}); err != nil {
		return err
	}
	return w.out.Flush()
}

// IsOwn tells whether a Writer made a tar, or whether the tar is empty, so that replacing it loses nothing.
func IsOwn(r io.Reader) bool {
	h, err := tar.NewReader(r).Next()
	return err == io.EOF || err == nil && h.Uname == Owner
}
