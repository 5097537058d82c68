package stages

/*
#cgo pkg-config: vips
#include <stdlib.h>
#include "picture.h"
*/
import "C"

import (
	"errors"
	"math"
	"runtime"
	"unsafe"
)

// A picture is one of libvips': a recipe whose pixels are made when they are asked
// for, a strip at a time where the file allows it, so that a photograph of 100
// megapixels goes from file to file and is never whole in memory. Not by way of
// bimg: it gives whole files only, of 8 bits a sample, and hides what the decoder
// found wrong.
//
// A step that fails leaves a picture that fails when its pixels are asked for.
type picture struct {
	image *C.VipsImage // nil: a step failed
	scope *scope
}

// A scope keeps pictures, and what they are made of, until it ends.
type scope struct {
	images []*C.VipsImage
	pins   runtime.Pinner
}

// strictness says at which faults of a file decoding fails.
type strictness C.VipsFailOn

const (
	anyFault strictness = C.VIPS_FAIL_ON_WARNING
	badFault strictness = C.VIPS_FAIL_ON_ERROR // what a decoder can only warn of passes
)

var errPicture = errors.New("libvips failed")

// withPictures runs f, whose pictures go when it returns. The text of libvips'
// errors is one buffer for all threads: nobody can tell whose it is.
func withPictures(f func(s *scope) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer C.vips_thread_shutdown() // what it keeps for this thread
	s := new(scope)
	defer s.pins.Unpin()
	defer func() {
		for _, image := range s.images {
			C.g_object_unref(C.gpointer(image))
		}
	}()
	err := f(s)
	if err != nil {
		C.vips_error_clear()
	}
	return err
}

// open reads a file's header. options are libvips' for the loader, say
// "[shrink=2]". A picture that is needed from top to bottom only is decoded so.
func (s *scope) open(file []byte, options string, downwards bool, strict strictness) picture {
	text := C.CString(options)
	defer C.free(unsafe.Pointer(text))
	return s.keep(C.gtx_open(pin(s, file), C.size_t(len(file)), text, gboolean(downwards), C.VipsFailOn(strict)))
}

// of makes a picture of pixels.
func (s *scope) of(p Pixels) picture {
	return s.keep(C.gtx_from_memory(pin(s, p.Data), C.int(p.Width), C.int(p.Height), C.int(p.Bands)))
}

// keep frees image when the scope ends. A nil image is a failed step.
func (s *scope) keep(image *C.VipsImage) picture {
	if image != nil {
		s.images = append(s.images, image)
	}
	return picture{image, s}
}

// pin keeps data where they are until the scope ends.
func pin[T any](s *scope, data []T) unsafe.Pointer {
	if len(data) == 0 {
		return nil
	}
	s.pins.Pin(&data[0])
	return unsafe.Pointer(&data[0])
}

// become replaces a picture by one that was made of it.
func (p *picture) become(next *C.VipsImage) { *p = p.scope.keep(next) }

func gboolean(b bool) C.gboolean {
	if b {
		return 1
	}
	return 0
}

func (p picture) width() int  { return int(p.image.Xsize) }
func (p picture) height() int { return int(p.image.Ysize) }
func (p picture) bands() int  { return int(p.image.Bands) }

// orientation is Exif's, 1 to 8.
func (p picture) orientation() int { return int(C.vips_image_get_orientation(p.image)) }

// blob returns a copy of a field, nil where there is none.
func (p picture) blob(name string) []byte {
	field := C.CString(name)
	defer C.free(unsafe.Pointer(field))
	var n C.size_t
	data := C.gtx_blob(p.image, field, &n)
	if data == nil {
		return nil
	}
	return C.GoBytes(data, C.int(n))
}

const (
	fieldProfile = C.VIPS_META_ICC_NAME
	fieldExif    = C.VIPS_META_EXIF_NAME
	fieldXMP     = C.VIPS_META_XMP_NAME
)

// toSRGB converts to sRGB, 16 bits a sample where the picture has as many and they
// are wanted, through its own profile or as if it had none.
func (p *picture) toSRGB(profile, deep bool) {
	if p.image != nil {
		p.become(C.gtx_srgb(p.image, gboolean(profile), gboolean(deep)))
	}
}

// shrink averages blocks of factor × factor pixels, smaller ones at the right and
// at the bottom.
func (p *picture) shrink(factor int) {
	if p.image != nil && factor > 1 {
		p.become(C.gtx_shrink(p.image, C.int(factor)))
	}
}

// kernels are libvips' names of the filters.
var kernels = map[Filter]C.VipsKernel{
	"":             C.VIPS_KERNEL_LANCZOS3,
	FilterLanczos:  C.VIPS_KERNEL_LANCZOS3,
	FilterBicubic:  C.VIPS_KERNEL_CUBIC,
	FilterBilinear: C.VIPS_KERNEL_LINEAR,
	FilterNearest:  C.VIPS_KERNEL_NEAREST,
}

// resize brings a picture to another size with a filter.
func (p *picture) resize(filter Filter, width, height int) {
	if p.image != nil && (p.width() != width || p.height() != height) {
		p.become(C.gtx_resize(p.image, C.int(width), C.int(height), kernels[filter]))
	}
}

// crop leaves a part of a picture.
func (p *picture) crop(r rectangle) {
	if p.image != nil && r != (rectangle{}) {
		p.become(C.gtx_crop(p.image, C.int(r.x), C.int(r.y), C.int(r.width), C.int(r.height)))
	}
}

// turnUpright turns a picture as its orientation says. What is decoded in one go
// cannot be turned.
func (p *picture) turnUpright() {
	if p.image != nil && p.orientation() > 1 {
		p.become(C.gtx_upright(p.image))
	}
}

// pixels makes the pixels, of 8 bits a sample.
func (p picture) pixels() (Pixels, error) {
	if p.image == nil || p.image.BandFmt != C.VIPS_FORMAT_UCHAR {
		return Pixels{}, errPicture
	}
	out := Pixels{Width: p.width(), Height: p.height(), Bands: p.bands()}
	var size C.size_t
	data := C.vips_image_write_to_memory(p.image, &size)
	if data == nil {
		return Pixels{}, errPicture
	}
	defer C.g_free(C.gpointer(data))
	out.Data = make([]byte, size)
	copy(out.Data, unsafe.Slice((*byte)(data), len(out.Data)))
	return out, nil
}

// save encodes a picture as libvips' option string says, with Exif data, XMP and
// IPTC, each of which may be nil, and passes on the file, which is gone when f returns.
func (p picture) save(saver string, exif, xmp, iptc []byte, f func(file []byte) error) error {
	if p.image == nil {
		return errPicture
	}
	options := C.CString(saver)
	defer C.free(unsafe.Pointer(options))
	var (
		blobs   [3]unsafe.Pointer
		lengths [3]C.size_t
		size    C.size_t
	)
	for i, b := range [][]byte{exif, xmp, iptc} {
		blobs[i], lengths[i] = pin(p.scope, b), C.size_t(len(b))
	}
	file := C.gtx_save(p.image, options, &blobs[0], &lengths[0], &size)
	if file == nil {
		return errPicture
	}
	defer C.g_free(C.gpointer(file))
	if uint64(size) > math.MaxInt32 {
		return errPicture
	}
	return f(unsafe.Slice((*byte)(file), int(size)))
}

// deep tells whether a picture has 16 bits a sample.
func (p picture) deep() bool { return p.image.BandFmt == C.VIPS_FORMAT_USHORT }

// toMemory makes the pixels now, for steps that need them in another order than from the top.
func (p *picture) toMemory() {
	if p.image != nil {
		p.become(C.vips_image_copy_memory(p.image))
	}
}

// toProfile converts from sRGB to the colours of a profile.
func (p *picture) toProfile(profile []byte) {
	if p.image != nil {
		p.become(C.gtx_to_profile(p.image, unsafe.Pointer(&profile[0]), C.size_t(len(profile))))
	}
}

// attach says of which profile the colours are; nil: none.
func (p *picture) attach(profile []byte) {
	if p.image != nil {
		p.become(C.gtx_attach(p.image, unsafe.Pointer(unsafe.SliceData(profile)), C.size_t(len(profile))))
	}
}

// change applies a change.
func (p *picture) change(c *change) {
	switch {
	case p.image == nil:
	case c.maps != nil:
		p.become(C.gtx_changed(p.image, (*C.float)(pin(p.scope, c.maps)), C.int(c.columns), C.int(c.rows)))
	case p.width() != c.less.Width || p.height() != c.less.Height:
		p.become(nil)
	default:
		p.become(C.gtx_added(p.image, pin(p.scope, c.less.Data), pin(p.scope, c.more.Data)))
	}
}

// takeAlpha gives an opaque picture the alpha of another of its size.
func (p *picture) takeAlpha(a picture) {
	if a.image == nil {
		p.become(nil)
	}
	if p.image != nil {
		p.become(C.gtx_with_alpha_of(p.image, a.image))
	}
}

// srgbProfile is libvips' own.
func srgbProfile() []byte {
	var size C.size_t
	data := C.gtx_srgb_profile(&size)
	if data == nil {
		return nil
	}
	defer C.g_free(C.gpointer(data))
	return C.GoBytes(data, C.int(size))
}
