// Package worker decodes images in processes of their own. A fault in a codec then costs one image and not the
// run, and the memory and the time that an image takes are bounded.
//
// A worker is the same program as its parent, started with Argument as its only argument: main calls Serve then. A
// Pool starts workers when they are needed, uses them again, and replaces those that die.
//
// Parent and worker talk over a socket that keeps messages apart. The parent copies a file into memory that both
// share and sends a request. The worker answers twice: at once, to say that the image is now its responsibility,
// and when it is done, with a description of the picture and a file descriptor of its pixels. That memory is sealed, so
// a worker cannot change or shorten it afterwards. The parent believes nothing that a worker says: it checks all sizes
// against one another, against the limits and against the memory that it got.
//
// A worker ends with its parent. Signals of the terminal do not reach it.
package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Argument is the only argument of a worker's command line.
const Argument = "decode-worker"

// Limits bound what an image may take. 0 is no limit.
type Limits struct {
	Memory  int64 // bytes that the worker takes for it, pixels included
	Pixels  int
	Timeout time.Duration // from the moment at which a worker takes the image
}

// A Request asks for an image.
type Request struct {
	File    []byte
	Options string // of libvips' loader, such as "[shrink=2]"
	FailOn  int    // a VipsFailOn: which faults of the file to refuse
	Header  bool   // make no pixels
	Limits  Limits
}

// Errors of an image. The worker is still fine.
var (
	ErrCorrupt  = errors.New("libvips failed")
	ErrTooLarge = errors.New("more pixels than --max-pixels allows")
	ErrMemory   = errors.New("decoding it takes more memory than --max-memory allows")
	ErrUnclear  = errors.New("cannot be decoded: corrupt, or takes more memory than --max-memory allows")
)

// ErrTimeout means that an image took too long.
var ErrTimeout = errors.New("decoding it takes longer than --timeout allows")

const version = 1

// An order is a request as it travels. The file lies in shared memory.
type order struct {
	Version int
	Size    int64 // of the file, in bytes
	Options string
	FailOn  int
	Header  bool
	Limits  Limits
}

// An answer is what a worker says: once when it has started, and twice to an order.
type answer struct {
	Version int
	Began   bool // the first answer to an order
	Failure failure
	Shape   Shape
	Ints    map[string]int
	Blobs   []blob // they lie after the pixels, in this order
}

type blob struct {
	Name string
	Size int64
}

type failure string

const (
	failedCorrupt  failure = "corrupt"
	failedTooLarge failure = "too large"
	failedMemory   failure = "memory"
	failedUnclear  failure = "unclear"
)

func (f failure) err() error {
	switch f {
	case failedTooLarge:
		return ErrTooLarge
	case failedMemory:
		return ErrMemory
	case failedUnclear:
		return ErrUnclear
	}
	return ErrCorrupt
}

const (
	// messageMost is the length in bytes of the longest message.
	messageMost = 64 << 10
	// blobsMost and blobsBytesMost bound the metadata of an image.
	blobsMost      = 64
	blobsBytesMost = 64 << 20
	// sideMost is libvips' longest side, in pixels.
	sideMost = 10_000_000
)

// A Shape describes pixels as libvips does.
type Shape struct {
	Width, Height, Bands           int
	Format, Interpretation, Coding int     // a VipsBandFormat, a VipsInterpretation, a VipsCoding
	XRes, YRes                     float64 // pixels per millimetre
	Unit                           string  // "in" or "cm" for the unit that the file states it in, or ""
}

// sampleBytes are the sizes of libvips' sample formats.
var sampleBytes = []int{1, 1, 2, 2, 4, 4, 4, 8, 8, 16}

const (
	formatUchar   = 0
	codingNone    = 0
	codingLABQ    = 2
	codingRAD     = 6
	interpretMost = 64 // all of libvips' are smaller
)

// bytes is the size of the pixels. It is an error if libvips could not have such an image or if it exceeds a limit.
func (s Shape) bytes(l Limits) (int64, error) {
	if s.Width < 1 || s.Height < 1 || s.Width > sideMost || s.Height > sideMost ||
		s.Bands < 1 || s.Bands > math.MaxUint16 || s.Format < 0 || s.Format >= len(sampleBytes) ||
		s.Interpretation < 0 || s.Interpretation >= interpretMost {
		return 0, fmt.Errorf("impossible picture: %+v", s)
	}
	switch s.Coding {
	case codingNone:
	case codingLABQ, codingRAD:
		if s.Bands != 4 || s.Format != formatUchar {
			return 0, fmt.Errorf("impossible coding: %+v", s)
		}
	default:
		return 0, fmt.Errorf("unknown coding: %+v", s)
	}
	pixels := int64(s.Width) * int64(s.Height)
	if l.Pixels > 0 && pixels > int64(l.Pixels) {
		return 0, ErrTooLarge
	}
	size := pixels * int64(sampleBytes[s.Format]) // below 2^51
	if size > math.MaxInt64/int64(s.Bands) || l.Memory > 0 && size*int64(s.Bands) > l.Memory {
		return 0, ErrMemory
	}
	return size * int64(s.Bands), nil
}

// resolution returns the resolution, or libvips' default if that makes no sense.
func (s Shape) resolution() (x, y float64) {
	if s.XRes > 0 && s.YRes > 0 && s.XRes < 1e9 && s.YRes < 1e9 {
		return s.XRes, s.YRes
	}
	return 1, 1
}

// unit returns the unit, or "" if libvips has no such unit.
func (s Shape) unit() string {
	if s.Unit == "in" || s.Unit == "cm" {
		return s.Unit
	}
	return ""
}

// blobsBytes is the total size of blobs.
func blobsBytes(blobs []blob) (int64, error) {
	if len(blobs) > blobsMost {
		return 0, errors.New("too many metadata")
	}
	total := int64(0)
	for _, b := range blobs {
		if b.Size < 0 || b.Size > blobsBytesMost-total || b.Name == "" || strings.Contains(b.Name, "\x00") {
			return 0, errors.New("impossible metadata")
		}
		total += b.Size
	}
	return total, nil
}

func encode(message any) ([]byte, error) {
	data, err := json.Marshal(message)
	if err == nil && len(data) > messageMost {
		err = errors.New("the message is too long")
	}
	return data, err
}

// outOfMemory reports whether an error text of a library says that it got no memory. The libraries
// have no common error code.
func outOfMemory(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "memory") || strings.Contains(text, "alloc")
}
