package stages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"syscall"

	"gtx/stages/container"
	"gtx/stages/durable"
	"gtx/stages/worker"
)

// A File is an input that has been read but not decoded.
type File struct {
	container.Header // parsed once, for all stages
	Source           Source
	Data             []byte
	Digest           string // SHA-256 of Data, in hexadecimal, or of the digests of Data and instances

	instances []byte    // the file of the instance map that belongs to a label map, or nil
	maxPixels int       // as in OpenOptions
	decoding  *decoding // nil if the file is decoded in this process
}

// OpenOptions says which inputs to refuse.
type OpenOptions struct {
	MaxPixels int  // larger images are an error; 0 for no limit
	OwnToo    bool // read files that gtx made; otherwise they are skipped

	Decoders *Decoders // for formats that are isolated; nil to decode all in this process
}

var errTooLarge = worker.ErrTooLarge

// Open returns the stage that reads a file. It makes sure that the file is complete,
// holds one still image of at most MaxPixels, and has a format that gtx reads.
func Open(o OpenOptions) func(context.Context, Source) (File, error) {
	return func(ctx context.Context, s Source) (File, error) {
		if s.Err != nil {
			return File{}, s.Err
		}
		data := s.Data
		if data == nil {
			var err error
			if data, err = o.readFile(s.In); err != nil {
				return File{}, err
			}
		}
		if len(data) == 0 {
			return File{}, errors.New("the file is empty")
		}
		h, err := container.Parse(data)
		if err != nil {
			return File{}, err
		}
		if err := checkPixels(h.Width, h.Height, o.MaxPixels); err != nil {
			return File{}, err
		}
		if !o.OwnToo && container.ReadIdentity(data) != "" || s.Out != Stdout && isMap(data) {
			return File{}, Skip{OwnOutput}
		}
		if (h.Format == AVIF || h.Format == HEIF) && !o.Decoders.isolates(h.Format) {
			loadHEIF()
		}
		digest := sha256.Sum256(data)
		return File{
			Header: h, Source: s, Data: data, Digest: fmt.Sprintf("%x", digest),
			maxPixels: o.MaxPixels, decoding: newDecoding(ctx, o.Decoders, h.Format),
		}, nil
	}
}

func (o OpenOptions) readFile(path string) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, WithoutPath(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, WithoutPath(err)
	}
	return o.read(f, info.Size())
}

// Read reads an image from a stream. Like Open, it reads no more than the head of what is no image.
func (o OpenOptions) Read(r io.Reader) ([]byte, error) { return o.read(r, 0) }

var errNoImage = errors.New("not an image that gtx can read")

// read reads a file that may have the given size, or 0 if its size is not known. It goes on after the head
// only if that begins an image, and never reads more than an image of this size can have.
func (o OpenOptions) read(r io.Reader, size int64) ([]byte, error) {
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(r, container.HeadLength)); err != nil {
		return nil, WithoutPath(err)
	}
	format := container.Sniff(b.Bytes())
	if b.Len() < container.HeadLength {
		return b.Bytes(), nil // the head is the whole file: Open says what is wrong with it
	}
	if format == "" {
		return nil, errNoImage
	}
	most := container.MaxBytes(format, b.Bytes(), o.MaxPixels)
	if most == 0 {
		most = math.MaxInt64 - 1
	}
	if size <= most {
		b.Grow(int(max(0, size-int64(b.Len()))) + bytes.MinRead)
		if _, err := b.ReadFrom(io.LimitReader(r, most+1-int64(b.Len()))); err != nil {
			return nil, WithoutPath(err)
		}
	}
	if size > most || int64(b.Len()) > most {
		return nil, fmt.Errorf("more than %d MB: too large for a %s image of its size", most/1_000_000, format)
	}
	return b.Bytes(), nil
}

// Probe returns the format of the file at path, from its first bytes, or "" if gtx
// cannot read it.
func Probe(path string) (Format, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return "", WithoutPath(err)
	}
	defer f.Close()
	head := make([]byte, container.SniffLength)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", WithoutPath(err)
	}
	return container.Sniff(head[:n]), nil
}

// ownHead is how much of a file IsOwn reads first. In most files the identity lies within.
const ownHead = 128 << 10

// IsOwn reports whether gtx made the file at path. It is false for what cannot be read.
func IsOwn(path string) bool {
	f, err := OpenRegular(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, ownHead)
	n, err := io.ReadFull(f, head)
	if container.ReadIdentity(head[:n]) != "" || isMap(head[:n]) {
		return true
	}
	if err != nil {
		return false // the head is the whole file, or cannot be read
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false
	}
	whole, err := io.ReadAll(f)
	return err == nil && container.ReadIdentity(whole) != ""
}

var errIrregular = errors.New("not a regular file: gtx does not open pipes, devices or sockets by name")

// OpenRegular opens a file for reading. It refuses folders and what may block or never end.
func OpenRegular(path string) (*os.File, error) {
	info, err := os.Stat(path) // to open a device may change its state
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, errIrregular
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // to open a FIFO would block
	if err != nil {
		return nil, err
	}
	info, err = f.Stat() // it may be another file by now
	switch {
	case err != nil:
	case info.IsDir():
		err = syscall.EISDIR
	case !info.Mode().IsRegular():
		err = errIrregular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// WithoutPath drops the path from a file error, because the caller reports the path.
func WithoutPath(err error) error { return durable.WithoutPath(err) }
