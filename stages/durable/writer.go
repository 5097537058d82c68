package durable

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// GroupMost is the largest number of results that wait to be published. Each keeps its files open.
const GroupMost = 32

// A Writer writes the results of a run in two steps, so that whoever makes a result need not wait for the disk.
// Close it at the end of the run. All methods may be called by several goroutines at once.
type Writer struct {
	room    chan struct{} // one token for each unfinished result
	syncing sync.Mutex

	mu         sync.Mutex
	unfinished map[*Files]struct{}
	changed    map[string]struct{} // folders in which folders were made, not synced yet
}

// NewWriter returns a Writer for one run.
func NewWriter() *Writer {
	return &Writer{room: make(chan struct{}, GroupMost), unfinished: map[*Files]struct{}{}, changed: map[string]struct{}{}}
}

// Files are the files of one result. They have temporary names until Publish.
type Files struct {
	writer *Writer
	drafts []*draft
}

// Begin begins a result. It waits while too many others are unfinished. Publish or End ends it.
func (w *Writer) Begin(ctx context.Context) (*Files, error) {
	if ctx.Err() != nil { // begin nothing after the end of the run
		return nil, context.Cause(ctx)
	}
	select {
	case w.room <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	f := &Files{writer: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unfinished[f] = struct{}{}
	return f, nil
}

// Add writes a file, given in pieces, under a temporary name. It makes missing folders. An error names the
// file's path.
func (f *Files) Add(p Place, pieces [][]byte) error {
	fill := func(file io.Writer) error {
		for _, piece := range pieces {
			if _, err := file.Write(piece); err != nil {
				return err
			}
		}
		return nil
	}
	d, err := newDraft(p, fill)
	if errors.Is(err, fs.ErrNotExist) {
		if err = f.writer.makeFolder(p); err == nil {
			d, err = newDraft(p, fill)
		}
	}
	if err != nil {
		return named(p.Path, err)
	}
	f.drafts = append(f.drafts, d)
	return nil
}

// makeFolder keeps the lock until changed is complete: other results may use the folder as soon as it exists.
func (w *Writer) makeFolder(p Place) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed, err := p.makeFolder()
	for _, folder := range changed {
		w.changed[folder] = struct{}{}
	}
	return err
}

// Discard removes the files that are not published.
func (f *Files) Discard() {
	for _, d := range f.drafts {
		d.discard()
	}
	f.drafts = nil
}

// End removes the files that are not published, and makes room for another result.
func (f *Files) End() {
	f.Discard()
	f.writer.mu.Lock()
	defer f.writer.mu.Unlock()
	delete(f.writer.unfinished, f)
	<-f.writer.room
}

// Publish makes a group of results durable and gives the files of each their names, in the order in which they
// were added. It returns an error or nil for each result. It syncs each folder once for the whole group. A group
// waits for the group before it. An element may be nil. After any error except from syncing a folder, the
// result's last file was not published.
func (w *Writer) Publish(ctx context.Context, group []*Files) []error {
	w.syncing.Lock()
	defer w.syncing.Unlock()
	errs := make([]error, len(group))
	var contents sync.WaitGroup // the disk joins the syncs that it gets at the same time
	for i, f := range group {
		if f != nil {
			defer f.End()
			contents.Go(func() { errs[i] = f.sync(ctx) })
		}
	}
	contents.Wait()
	for i, f := range group {
		for j := 0; f != nil && j < len(f.drafts) && errs[i] == nil; j++ {
			d := f.drafts[j]
			errs[i] = named(d.Path, d.publish())
		}
	}
	w.syncFolders(group, errs)
	return errs
}

// sync makes the content of the files durable, unless the run has ended.
func (f *Files) sync(ctx context.Context) error {
	for _, d := range f.drafts {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := d.sync(); err != nil {
			return named(d.Path, err)
		}
	}
	return nil
}

// syncFolders makes the names of published files durable, and those of the folders that were made for them.
func (w *Writer) syncFolders(group []*Files, errs []error) {
	made := w.syncChanged()
	synced := map[string]error{}
	for i, f := range group {
		if f == nil || errs[i] != nil {
			continue
		}
		errs[i] = made
		for _, d := range f.drafts {
			err, done := synced[d.dir()]
			if !done {
				err = syncFolder(d.folder)
				synced[d.dir()] = err
			}
			if errs[i] == nil {
				errs[i] = named(d.Path, err)
			}
		}
	}
}

// syncChanged makes the names of new folders durable.
func (w *Writer) syncChanged() (failed error) {
	w.mu.Lock()
	changed := slices.Collect(maps.Keys(w.changed))
	clear(w.changed)
	w.mu.Unlock()
	for _, path := range changed {
		folder, err := os.OpenRoot(path)
		if err == nil {
			err = syncFolder(folder)
			folder.Close()
		}
		// Somebody may have removed the folder, and a user who may write to it may not be allowed to read it.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			failed = named(path, err)
		}
	}
	return failed
}

// Close removes the files of results that were not published. Call it when nothing else uses the Writer.
func (w *Writer) Close() error {
	for _, f := range slices.Collect(maps.Keys(w.unfinished)) {
		f.End()
	}
	return nil
}

// Write writes a file, given in pieces, and publishes it. It makes missing folders.
func (w *Writer) Write(ctx context.Context, p Place, pieces [][]byte) error {
	f, err := w.Begin(ctx)
	if err != nil {
		return err
	}
	if err := f.Add(p, pieces); err != nil {
		f.End()
		return err
	}
	return w.Publish(ctx, []*Files{f})[0]
}

// TryFolder makes a folder if it is missing, with its name durable, and tries to write to it.
func TryFolder(dir string) error {
	w := NewWriter()
	if err := w.makeFolder(Place{Path: filepath.Join(dir, "file")}); err != nil {
		return err
	}
	if err := w.syncChanged(); err != nil {
		return err
	}
	folder, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	f, name, err := newTemporary(folder)
	if err != nil {
		return err
	}
	return errors.Join(folder.Remove(name), f.Close())
}
