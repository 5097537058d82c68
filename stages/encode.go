package stages

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/h2non/bimg"
)

// Stdout as a Source.Out keeps the result in memory: Written.Data.
const Stdout = "-"

// A Written is what became of an input, without its pixels.
type Written struct {
	Source        Source
	Width, Height int // of the result
	Domain        string
	P             float64
	Kept          bool // a copy of the input
	Before, After Score
	Flagged       bool
	Data          []byte // the file, where it goes to standard output
}

// EncodeOptions says how results are written.
type EncodeOptions struct {
	Size       Size
	Quality    int // of lossy formats, 1 to 100
	InTarget   InTarget
	Parameters []Property // recorded in the file
}

// A Size says how large the result is.
type Size struct {
	kind          string // "source", "model", "long" or "exact"
	width, height int
}

// ParseSize reads source (as the input), model (as it left the network), N
// (pixels of the longer side) or WxH.
func ParseSize(s string) (Size, error) {
	if s == "source" || s == "model" {
		return Size{kind: s}, nil
	}
	wide, high, exact := strings.Cut(s, "x")
	w, err := strconv.Atoi(wide)
	h := w
	if err == nil && exact {
		h, err = strconv.Atoi(high)
	}
	if err != nil || min(w, h) < 1 || max(w, h) > 1<<16 {
		return Size{}, fmt.Errorf("%q is not source, model, N or WxH", s)
	}
	if exact {
		return Size{"exact", w, h}, nil
	}
	return Size{"long", w, w}, nil
}

// of is the size of the result for an input and its translation.
func (s Size) of(img Image, result Pixels) (width, height int) {
	switch s.kind {
	case "model":
		return result.Width, result.Height
	case "long":
		scale := float64(s.width) / float64(max(img.Width, img.Height))
		side := func(n int) int { return max(1, int(math.Round(float64(n)*scale))) }
		return side(img.Width), side(img.Height)
	case "exact":
		return s.width, s.height
	}
	return img.Width, img.Height
}

// Encode returns the stage that writes the result: to a temporary file in the
// target folder, synced, then renamed, so that there is never a partial file. A
// kept image is copied byte for byte, or ends with a Skip.
func Encode(o EncodeOptions) func(context.Context, Checked) (Written, error) {
	return func(ctx context.Context, c Checked) (Written, error) {
		w := Written{
			Source: c.Source, Domain: c.Domain, P: c.P, Kept: c.Keep,
			Before: c.Before, After: c.After, Flagged: c.Flagged,
		}
		var (
			file []byte
			err  error
		)
		switch {
		case c.Keep && o.InTarget == LeaveOut:
			return w, Skip{AlreadyTarget}
		case c.Keep:
			w.Width, w.Height, file = c.Width, c.Height, c.file.Data
		default:
			w.Width, w.Height = o.Size.of(c.Image, c.Result)
			file, err = encode(c, w.Width, w.Height, o)
		}
		if err != nil {
			return w, withoutPath(err)
		}
		if c.Source.Out == Stdout {
			w.Data = file
			return w, nil
		}
		if ctx.Err() != nil { // too late to begin a file
			return w, context.Cause(ctx)
		}
		return w, withoutPath(writeFile(c.Source.Out, file))
	}
}

// encode makes the file of a translation at the given size.
func encode(c Checked, width, height int, o EncodeOptions) ([]byte, error) {
	format := c.Source.Format
	if format == "" {
		format = c.Format.Output()
	}
	f := formats[format]
	if f.max > 0 && max(width, height) > f.max {
		return nil, fmt.Errorf("%d×%d is more than a %s file can hold (%d)", width, height, format, f.max)
	}
	result, alpha := c.Result, c.Alpha
	if alpha != nil && len(alpha) != result.Width*result.Height {
		// The network changed the size: so must the alpha.
		p, err := c.Pixels.join(alpha).resized(result.Width, result.Height)
		if err != nil {
			return nil, err
		}
		_, alpha = p.split()
	}
	pixels, err := result.join(alpha).resized(width, height)
	if err != nil {
		return nil, err
	}
	r := raster{Pixels: pixels, profile: c.Profile}
	packet := note(Identity(c.Digest, o.Parameters), o.Parameters, xmpOf(c.Format, c.file.Data))
	if format != PNG {
		r.xmp = packet
	}
	file, err := r.file()
	if err != nil {
		return nil, err
	}
	options := bimg.Options{
		Type:        f.bimg,
		Quality:     o.Quality,
		Compression: 1, // PNG: 12 MP take 1.2 s at level 1, 5.3 s at 6
		Speed:       8, // AVIF: 29 ms for 256×256, 8.4 s at the default
	}
	if alpha != nil && !f.alpha {
		options.Background = bimg.Color{R: 255, G: 255, B: 255}
	}
	if file, err = bimg.NewImage(file).Process(options); err != nil {
		return nil, errors.New("cannot be encoded as " + string(format))
	}
	if format == PNG {
		file = withNote(file, packet)
	}
	return withExif(format, file, exifOf(c.Format, c.file.Data)), nil
}

// writeFile puts data at path in one step: never a part of it.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return renameio.WriteFile(path, data, 0o666, renameio.WithTempDir(filepath.Dir(path)))
}
