package durable

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// A draft is a whole file under a temporary name, in the folder where publish gives it its own name.
type draft struct {
	Place
	folder          *os.Root
	base, temporary string // names in folder; temporary is "" once the file has its own
	file            *os.File
}

// newDraft writes a file, whose content fill makes, under a temporary name. Without fill the file is empty. The folder
// must exist.
func newDraft(p Place, fill func(io.Writer) error) (_ *draft, err error) {
	d := &draft{Place: p}
	if d.folder, d.base, err = p.openFolder(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.discard()
		}
	}()
	if d.file, d.temporary, err = newTemporary(d.folder); err != nil {
		return nil, err
	}
	if old, err := d.folder.Lstat(d.base); err == nil && old.Mode().IsRegular() {
		if err := d.file.Chmod(old.Mode().Perm()); err != nil {
			return nil, err
		}
	}
	if fill == nil {
		return d, nil
	}
	if err := fill(d.file); err != nil {
		return nil, err
	}
	d.startSync()
	return d, nil
}

// OpenPipe opens a pipe or a device for writing, where nothing is kept. A FIFO without a reader is an error.
func OpenPipe(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
}

// Replace writes a file, whose content fill makes, and publishes it. The folder must exist. An error may name a
// temporary file.
func Replace(p Place, fill func(io.Writer) error) error {
	d, err := newDraft(p, fill)
	if err != nil {
		return err
	}
	defer d.discard()
	if err := d.sync(); err != nil {
		return err
	}
	if err := d.publish(); err != nil {
		return err
	}
	return syncFolder(d.folder)
}

// startSync lets the kernel begin to write the content to the disk, so that the files of a group need not wait
// for one another. An error shows again in sync.
func (d *draft) startSync() {
	const write = 2 // SYNC_FILE_RANGE_WRITE
	syscall.SyncFileRange(int(d.file.Fd()), 0, 0, write)
}

// sync makes the content durable.
func (d *draft) sync() error { return d.file.Sync() }

// publish gives the file its name in one step. The name is durable once the folder is synced.
func (d *draft) publish() error {
	err := d.folder.Rename(d.temporary, d.base)
	if err == nil {
		d.temporary = ""
	}
	return err
}

// discard removes the file unless it is published. The draft cannot be used any more.
func (d *draft) discard() {
	if d.temporary != "" {
		d.folder.Remove(d.temporary)
	}
	if d.file != nil {
		d.file.Close() // drops the lock
	}
	d.folder.Close()
}

// syncFolder makes the names in a folder durable.
func syncFolder(folder *os.Root) error {
	f, err := folder.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil // this file system cannot sync a folder
	}
	return err
}
