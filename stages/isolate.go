package stages

/*
#include <stdlib.h>
#include "isolate.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"gtx/stages/container"
	"gtx/stages/worker"
)

// Isolation says which files are decoded in processes of their own.
type Isolation string

const (
	IsolateAuto Isolation = "auto" // all but JPEG and PNG, which libvips decodes in strips
	IsolateAll  Isolation = "all"
	IsolateNone Isolation = "none"
)

// DecoderOptions bound what decoding may take.
type DecoderOptions struct {
	Isolate   Isolation
	Processes int           // at most, 1 or more
	Timeout   time.Duration // for decoding an image once, in a process of its own; 0 for no limit
	Memory    int64         // in bytes, for one image in a process of its own; 0 for no limit
}

// Decoders are processes that decode images. They start when they are needed. The program must call RunDecoder first
// thing.
type Decoders struct {
	pool  *worker.Pool
	o     DecoderOptions
	spare atomic.Int64 // bytes that are left for kept pictures
}

// NewDecoders makes decoders. They end with the program, or by Close.
func NewDecoders(o DecoderOptions) *Decoders { return &Decoders{pool: worker.New(o.Processes), o: o} }

// Keep lets decoded images be kept for Encode, up to so many bytes in total. Encode decodes the others again. Call
// it before the first image.
func (d *Decoders) Keep(bytes int64) { d.spare.Store(bytes) }

// Close ends the processes. Those at work end when they are done.
func (d *Decoders) Close() { d.pool.Close() }

// RunDecoder runs a decoder if the command line, os.Args, is that of one. The program must then exit with the code.
func RunDecoder(args []string) (code int, is bool) {
	if len(args) != 2 || args[1] != worker.Argument {
		return 0, false
	}
	return worker.Serve(func() { Setup(); loadHEIF() }), true
}

// isolates reports whether files of a format are decoded in a process of their own.
func (d *Decoders) isolates(f Format) bool {
	switch {
	case d == nil || d.o.Isolate == IsolateNone:
		return false
	case d.o.Isolate == IsolateAll:
		return true
	}
	return f != JPEG && f != PNG
}

// A decoding is what the copies of a File share: the decoders, and the picture that is kept for Encode.
type decoding struct {
	by  *Decoders
	ctx context.Context // of the run

	mu     sync.Mutex
	kept   *worker.Picture // with all of its pixels, or nil
	strict strictness      // of kept
}

func newDecoding(ctx context.Context, by *Decoders, f Format) *decoding {
	if !by.isolates(f) {
		return nil
	}
	return &decoding{by: by, ctx: ctx}
}

// A decoderError is a failure to decode for which the image is given up: another attempt would fail as well.
type decoderError struct{ error }

func (e decoderError) Unwrap() error { return e.error }

// header makes a picture that is only good for what the file says of it. Formats that are always decoded whole are
// decoded already.
func (s *scope) header(f File, strict strictness) picture {
	if f.decoding == nil {
		return s.open(f.coded(), "", true, strict)
	}
	return s.isolated(f, "", strict, f.Format == JPEG || f.Format == WebP)
}

// file makes a picture of a file. The arguments are those of open.
func (s *scope) file(f File, options string, downwards bool, strict strictness) picture {
	if f.decoding == nil {
		return s.open(f.coded(), options, downwards, strict)
	}
	return s.isolated(f, options, strict, false)
}

// coded is what libvips reads of a file.
func (f File) coded() []byte {
	if f.Format == PNG {
		return container.WithoutText(f.Data)
	}
	return f.Data
}

func (s *scope) isolated(f File, options string, strict strictness, header bool) picture {
	if s.failed != nil {
		return s.keep(nil)
	}
	d := f.decoding
	d.mu.Lock()
	defer d.mu.Unlock()
	s.ends = append(s.ends, func() { runtime.KeepAlive(d) })
	whole := options == "" && !header
	if whole && d.kept != nil && d.strict == strict {
		return s.pictureOf(d.kept)
	}
	s.leave() // another process decodes
	got, err := d.by.pool.Decode(d.ctx, worker.Request{
		File: f.coded(), Options: options, FailOn: int(strict), Header: header,
		Limits: worker.Limits{Memory: d.by.o.Memory, Pixels: f.maxPixels, Timeout: d.by.o.Timeout},
	})
	s.enter()
	switch {
	case errors.Is(err, worker.ErrCorrupt):
		return s.keep(nil)
	case err != nil:
		s.failed = decoderError{err}
		return s.keep(nil)
	}
	p := s.pictureOf(got)
	if !whole || d.kept != nil {
		s.ends = append(s.ends, got.Close)
	} else if d.kept, d.strict = got, strict; !d.keep() {
		s.ends = append(s.ends, func() { got.Close(); d.kept = nil })
	}
	return p
}

// keep keeps the picture beyond the current scope if there is room for it. The room is given back by release or, for
// images that never reach Encode, by the garbage collector.
func (d *decoding) keep() bool {
	size := d.kept.Size()
	if d.by.spare.Add(-size) < 0 {
		d.by.spare.Add(size)
		return false
	}
	runtime.AddCleanup(d, keeping.end, keeping{d.by, d.kept, size})
	return true
}

// A keeping is a picture with the room that it takes.
type keeping struct {
	by      *Decoders
	picture *worker.Picture
	size    int64
}

func (k keeping) end() {
	if k.picture.Size() > 0 { // it is not closed yet
		k.picture.Close()
		k.by.spare.Add(k.size)
	}
}

// release frees the picture that is kept.
func (f File) release() {
	if d := f.decoding; d != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.kept != nil {
			keeping{d.by, d.kept, d.kept.Size()}.end()
			d.kept = nil
		}
	}
}

// pictureOf makes a picture of what a worker has decoded.
func (s *scope) pictureOf(w *worker.Picture) picture {
	pixels := unsafe.Pointer(unsafe.SliceData(w.Pixels))
	image := C.gtx_isolated(pixels, C.size_t(len(w.Pixels)), C.int(w.Width), C.int(w.Height), C.int(w.Bands), C.int(w.Format),
		C.int(w.Interpretation), C.int(w.Coding))
	p := s.keep(image)
	if image == nil {
		return p
	}
	p.resolve(resolution{w.XRes, w.YRes, w.Unit})
	if p.image == nil {
		return p
	}
	for name, value := range w.Ints {
		field := C.CString(name)
		C.gtx_set_int(p.image, field, C.int(value))
		C.free(unsafe.Pointer(field))
	}
	// Only the profile is attached: libvips would parse Exif data immediately.
	if profile := w.Blobs[fieldProfile]; len(profile) > 0 {
		p.attach(profile)
	}
	p.blobs = w.Blobs
	return p
}

// checkPixels is an error if an image has more pixels than most, or 0 for no limit.
func checkPixels(width, height, most int) error {
	if most > 0 && width > most/height {
		return fmt.Errorf("%d×%d: %w (%d)", width, height, errTooLarge, most)
	}
	return nil
}
