package stages

/*
#cgo pkg-config: vips
#include <stdlib.h>
#include <vips/vips.h>

// gtx_save returns a file to be freed with g_free, or NULL. blobs are a colour
// profile and an XMP packet.
static void *gtx_save(void *data, int w, int h, int bands, const char *saver, void **blobs, size_t *lengths, size_t *size) {
	static const char *names[] = { VIPS_META_ICC_NAME, VIPS_META_XMP_NAME };
	VipsImage *memory = vips_image_new_from_memory(data, (size_t) w * h * bands, w, h, bands, VIPS_FORMAT_UCHAR);
	VipsImage *image = NULL;
	void *out = NULL;

	if (memory && !vips_copy(memory, &image, "interpretation", VIPS_INTERPRETATION_sRGB, NULL)) {
		for (int i = 0; i < 2; i++)
			if (blobs[i])
				vips_image_set_blob_copy(image, names[i], blobs[i], lengths[i]);
		if (vips_image_write_to_buffer(image, saver, &out, size, NULL))
			out = NULL;
	}
	if (!out)
		vips_error_clear(); // it would grow, and nobody can tell whose text it is
	g_clear_object(&image);
	g_clear_object(&memory);
	vips_thread_shutdown();
	return out;
}
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"github.com/google/renameio/v2"
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
			return w, WithoutPath(err)
		}
		if c.Source.Out == Stdout {
			w.Data = file
			return w, nil
		}
		if ctx.Err() != nil { // too late to begin a file
			return w, context.Cause(ctx)
		}
		if err := c.writeMore(o); err != nil {
			return w, WithoutPath(err)
		}
		return w, WithoutPath(writeFile(c.Source.Out, file))
	}
}

// writeMore writes the further results, as they left the network. The main one
// comes after them: where it is, they are.
func (c Checked) writeMore(o EncodeOptions) error {
	for i, pixels := range c.More[:min(len(c.More), len(c.Source.More))] {
		more := c
		more.Result, more.Alpha = pixels, nil
		more.file = File{} // whose metadata are not those of this picture
		file, err := encode(more, pixels.Width, pixels.Height, o)
		if err == nil {
			err = writeFile(c.Source.More[i], file)
		}
		if err != nil {
			return err
		}
	}
	return nil
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
	packet := note(Identity(c.Digest, o.Parameters), o.Parameters, xmpOf(c.file.Format, c.file.Data))
	inside := packet
	if format == PNG {
		inside = nil
	}
	file, err := pixels.save(strings.ReplaceAll(f.saver, "{Q}", strconv.Itoa(o.Quality)), [2][]byte{c.Profile, inside})
	if err != nil {
		return nil, fmt.Errorf("cannot be encoded as %s", format)
	}
	if format == PNG {
		file = withNote(file, packet)
	}
	return withExif(format, file, exifOf(c.file.Format, c.file.Data)), nil
}

var errSave = errors.New("libvips cannot save it")

// save encodes pixels as libvips' option string says, with a colour profile and an
// XMP packet, each of which may be nil. Not by way of bimg: it takes pixels only
// inside a file, which is another copy of them in Go and one more in libvips.
func (p Pixels) save(saver string, blobs [2][]byte) ([]byte, error) {
	if len(p.Data) == 0 || len(p.Data) != p.Width*p.Height*p.Bands {
		return nil, errSave
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var (
		data    [2]unsafe.Pointer
		lengths [2]C.size_t
		size    C.size_t
	)
	for i, b := range blobs {
		if len(b) > 0 {
			pinner.Pin(&b[0])
			data[i], lengths[i] = unsafe.Pointer(&b[0]), C.size_t(len(b))
		}
	}
	options := C.CString(saver)
	defer C.free(unsafe.Pointer(options))
	file := C.gtx_save(unsafe.Pointer(&p.Data[0]), C.int(p.Width), C.int(p.Height), C.int(p.Bands),
		options, &data[0], &lengths[0], &size)
	if file == nil {
		return nil, errSave
	}
	defer C.g_free(C.gpointer(file))
	if uint64(size) > math.MaxInt32 {
		return nil, errSave
	}
	return C.GoBytes(file, C.int(size)), nil
}

// writeFile puts data at path in one step: never a part of it.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return renameio.WriteFile(path, data, 0o666, renameio.WithTempDir(filepath.Dir(path)))
}
