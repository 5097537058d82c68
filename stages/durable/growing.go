package durable

import "errors"

// A Growing file is written bit by bit under a temporary name. It has its own name, and is complete, after Publish.
type Growing struct {
	writer *Writer
	draft  *draft
}

// Create begins a file and makes missing folders. Publish or Discard ends it.
func (w *Writer) Create(p Place) (*Growing, error) {
	if err := w.makeFolder(p); err != nil {
		return nil, named(p.Path, err)
	}
	d, err := newDraft(p, nil)
	if err != nil {
		return nil, named(p.Path, err)
	}
	return &Growing{w, d}, nil
}

// Write appends to the file. An error names the file's path.
func (g *Growing) Write(b []byte) (int, error) {
	n, err := g.draft.file.Write(b)
	return n, named(g.draft.Path, err)
}

// Publish makes the file durable under its name.
func (g *Growing) Publish() error {
	d := g.draft
	defer d.discard()
	err := d.sync()
	if err == nil {
		err = d.publish()
	}
	if err == nil {
		err = errors.Join(syncFolder(d.folder), g.writer.syncChanged())
	}
	return named(d.Path, err)
}

// Discard removes the file.
func (g *Growing) Discard() { g.draft.discard() }
