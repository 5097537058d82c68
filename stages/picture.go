package stages

/*
#cgo CFLAGS: -O3
#cgo pkg-config: vips libjpeg
#include <stdlib.h>
#include "picture.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"unsafe"

	"gtx/stages/container"
	"gtx/stages/raster"
)

// A picture is an image of libvips: a recipe that makes its pixels on demand, in
// strips if the file format allows it. A photograph of 100 megapixels goes from file
// to file without ever being whole in memory. This does not use bimg, which returns
// only whole files of 8 bits per sample and hides the faults that the decoder found.
//
// After a step that fails, the picture fails when its pixels are needed.
type picture struct {
	image *C.VipsImage // nil if a step failed
	scope *scope
	blobs map[string][]byte // the fields of a picture that was decoded in another process, else nil
}

// A scope keeps pictures and the memory that they read until it ends.
type scope struct {
	images []*C.VipsImage
	pins   runtime.Pinner
	ends   []func() // called after the images are freed
	failed error    // of a decoder that is a process of its own
	inside bool     // it holds a slot
}

// slots bounds how many scopes let libvips compute at a time. Each has two threads, and every thread keeps memory that
// it has freed. More scopes than processors gain nothing.
var slots = make(chan struct{}, runtime.GOMAXPROCS(0))

// enter waits for a slot.
func (s *scope) enter() {
	slots <- struct{}{}
	s.inside = true
}

// leave gives the slot back, before the scope waits for something else.
func (s *scope) leave() {
	if s.inside {
		s.inside = false
		<-slots
	}
}

// strictness says which faults of a file make decoding fail.
type strictness C.VipsFailOn

const (
	anyFault strictness = C.VIPS_FAIL_ON_WARNING
	badFault strictness = C.VIPS_FAIL_ON_ERROR // not those that the decoder only warns of
)

var (
	errPicture = errors.New("libvips failed")
	errMemory  = errors.New("out of memory")
)

// withPictures runs f and frees its pictures when it returns. It discards libvips'
// error text, because all threads share one buffer for it. f must leave the scope before it makes another one.
func withPictures(f func(s *scope) error) error {
	s := new(scope)
	s.enter()
	defer s.leave()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer C.vips_thread_shutdown() // frees libvips' data for this thread
	defer s.pins.Unpin()
	defer func() {
		for _, image := range s.images {
			C.g_object_unref(C.gpointer(image))
		}
		for _, end := range s.ends {
			end()
		}
	}()
	before := shortages()
	err := f(s)
	// Nobody knows which picture lacks pixels. It may be this one.
	if err == nil && shortages() != before {
		err = errMemory
	}
	if err != nil {
		C.vips_error_clear()
	}
	if err != nil && s.failed != nil {
		return s.failed
	}
	return err
}

// open reads a file's header. options are those of libvips' loader, such as
// "[shrink=2]". downwards promises to read the pixels once, from top to bottom, which
// lets libvips decode in strips.
func (s *scope) open(file []byte, options string, downwards bool, strict strictness) picture {
	text := C.CString(options)
	defer C.free(unsafe.Pointer(text))
	return s.keep(C.gtx_open(pin(s, file), C.size_t(len(file)), text, gboolean(downwards), C.VipsFailOn(strict)))
}

// of makes a picture from pixels.
func (s *scope) of(p Pixels) picture {
	return s.keep(C.gtx_from_memory(pin(s, p.Data), C.int(p.Width), C.int(p.Height), C.int(p.Bands)))
}

// keep frees image when the scope ends. A nil image is a failed step.
func (s *scope) keep(image *C.VipsImage) picture {
	if image != nil {
		s.images = append(s.images, image)
	}
	return picture{image: image, scope: s}
}

// pin keeps data in place until the scope ends.
func pin[T any](s *scope, data []T) unsafe.Pointer {
	if len(data) == 0 {
		return nil
	}
	s.pins.Pin(&data[0])
	return unsafe.Pointer(&data[0])
}

// become replaces a picture by one made from it.
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

// orientation is the Exif orientation, 1 to 8.
func (p picture) orientation() int { return int(C.vips_image_get_orientation(p.image)) }

// blob returns a copy of a field, or nil if there is none.
func (p picture) blob(name string) []byte {
	if p.blobs != nil {
		return bytes.Clone(p.blobs[name])
	}
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

// toSRGB converts to sRGB. profile: use the embedded profile with a rendering intent
// that it has, otherwise ignore it. deep: keep 16 bits per sample if the picture has
// them, otherwise convert to 8.
func (p *picture) toSRGB(profile bool, intent container.Intent, deep bool) {
	if p.image != nil {
		p.become(C.gtx_srgb(p.image, gboolean(profile), C.VipsIntent(intent), gboolean(deep)))
	}
}

// isCMYK reports whether the pixels are amounts of ink.
func (p picture) isCMYK() bool { return p.image.Type == C.VIPS_INTERPRETATION_CMYK }

// suits reports whether a profile can be read and is for the colours of the picture. libvips accepts any profile for a
// CMYK picture.
func (p picture) suits(profile []byte) bool {
	return len(profile) > 0 && (!p.isCMYK() || container.Space(profile) == "CMYK") &&
		C.vips_icc_is_compatible_profile(p.image, unsafe.Pointer(&profile[0]), C.size_t(len(profile))) != 0
}

// shrink averages blocks of factor × factor pixels. Blocks at the right and at the
// bottom may be smaller.
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

// resize scales a picture to another size with a filter.
func (p *picture) resize(filter Filter, width, height int) {
	if p.image != nil && (p.width() != width || p.height() != height) {
		p.become(C.gtx_resize(p.image, C.int(width), C.int(height), kernels[filter]))
	}
}

// crop cuts a picture down to a part.
func (p *picture) crop(r raster.Rectangle) {
	if p.image != nil && r != (raster.Rectangle{}) {
		p.become(C.gtx_crop(p.image, C.int(r.X), C.int(r.Y), C.int(r.Width), C.int(r.Height)))
	}
}

// turnUpright turns a picture as its orientation says. It reads pixels in any order,
// so it cannot follow open with downwards set.
func (p *picture) turnUpright() {
	if p.image != nil && p.orientation() > 1 {
		p.become(C.gtx_upright(p.image))
	}
}

// aloneUpTo is the pixel count up to which one thread makes a picture. Handing strips to the
// threads of libvips would take longer, and other images keep the processors busy.
const aloneUpTo = 1 << 20

// pixels makes the pixels. It fails unless they have 8 bits per sample.
func (p picture) pixels() (Pixels, error) {
	if p.image == nil || p.image.BandFmt != C.VIPS_FORMAT_UCHAR {
		return Pixels{}, errPicture
	}
	out := Pixels{Width: p.width(), Height: p.height(), Bands: p.bands()}
	if out.Width*out.Height <= aloneUpTo {
		out.Data = make([]byte, out.Width*out.Height*out.Bands)
		if C.gtx_pixels(p.image, unsafe.Pointer(&out.Data[0])) == 0 {
			return Pixels{}, errPicture
		}
		return out, nil
	}
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

// save encodes a picture with libvips' saver, such as ".png[compression=1]", and calls f with the file, which is
// valid only until f returns. exif, xmp and iptc may be nil.
func (p picture) save(saver string, exif, xmp, iptc []byte, f func(file []byte) error) error {
	options := C.CString(saver)
	defer C.free(unsafe.Pointer(options))
	return p.saveBy([][]byte{exif, xmp, iptc}, f, func(blobs *unsafe.Pointer, lengths, size *C.size_t) unsafe.Pointer {
		return C.gtx_save(p.image, options, blobs, lengths, size)
	})
}

// saveJPEG is save for a JPEG without Exif data. It does all work in the calling thread.
func (p picture) saveJPEG(j jpegCoding, xmp, iptc []byte, f func(file []byte) error) error {
	options := C.gtx_jpeg{quality: C.int(j.quality), halve: gboolean(j.halve), optimize: gboolean(j.optimize), density: gboolean(j.density)}
	return p.saveBy([][]byte{nil, xmp, iptc}, f, func(blobs *unsafe.Pointer, lengths, size *C.size_t) unsafe.Pointer {
		return C.gtx_save_jpeg(p.image, &options, blobs, lengths, size)
	})
}

func (p picture) saveBy(metadata [][]byte, f func(file []byte) error, save func(blobs *unsafe.Pointer, lengths, size *C.size_t) unsafe.Pointer) error {
	if p.image == nil {
		return errPicture
	}
	var (
		blobs   [3]unsafe.Pointer
		lengths [3]C.size_t
		size    C.size_t
	)
	for i, b := range metadata {
		blobs[i], lengths[i] = pin(p.scope, b), C.size_t(len(b))
	}
	file := save(&blobs[0], &lengths[0], &size)
	if file == nil {
		return errPicture
	}
	defer C.free(file) // g_free is free, so this also frees memory of libvips
	if uint64(size) > math.MaxInt32 {
		return errPicture
	}
	return f(unsafe.Slice((*byte)(file), int(size)))
}

// A resolution says how large a pixel is meant to be.
type resolution struct {
	x, y float64 // in pixels per millimetre
	unit string  // how files state it, such as "in"; or ""
}

func (p picture) resolution() resolution {
	r := resolution{x: float64(p.image.Xres), y: float64(p.image.Yres)}
	if unit := C.gtx_unit(p.image); unit != nil {
		r.unit = C.GoString(unit)
	}
	return r
}

// resolve gives a picture a resolution.
func (p *picture) resolve(r resolution) {
	if p.image == nil {
		return
	}
	var unit *C.char
	if r.unit != "" {
		unit = C.CString(r.unit)
		defer C.free(unsafe.Pointer(unit))
	}
	p.become(C.gtx_with_resolution(p.image, C.double(r.x), C.double(r.y), unit))
}

// deep reports whether a picture has 16 bits per sample.
func (p picture) deep() bool { return p.image.BandFmt == C.VIPS_FORMAT_USHORT }

// toMemory makes the pixels now, so that later steps can read them in any order.
func (p *picture) toMemory() {
	if p.image != nil {
		p.become(C.vips_image_copy_memory(p.image))
	}
}

// toProfile converts from sRGB to the colours of a profile.
func (p *picture) toProfile(profile []byte) {
	if p.image != nil {
		_, intent := container.Intents(profile)
		p.become(C.gtx_to_profile(p.image, unsafe.Pointer(&profile[0]), C.size_t(len(profile)), C.VipsIntent(intent)))
	}
}

// attach declares that the colours are those of a profile, or of none if it is nil.
func (p *picture) attach(profile []byte) {
	if p.image != nil {
		p.become(C.gtx_attach(p.image, unsafe.Pointer(unsafe.SliceData(profile)), C.size_t(len(profile))))
	}
}

// orient says how a picture is to be turned, if libvips has not found that in the file.
func (p *picture) orient(orientation int) {
	if p.image != nil && orientation > 1 && p.orientation() == 1 {
		p.become(C.gtx_oriented(p.image, C.int(orientation)))
	}
}

// change applies a change to the pixels.
func (p *picture) change(c *change) {
	switch {
	case p.image == nil:
	case c.maps.Values != nil:
		p.become(C.gtx_changed(p.image, (*C.float)(pin(p.scope, c.maps.Values)), C.int(c.maps.Columns), C.int(c.maps.Rows)))
	case p.width() != c.less.Width || p.height() != c.less.Height:
		p.become(nil)
	default:
		p.become(C.gtx_added(p.image, pin(p.scope, c.less.Data), pin(p.scope, c.more.Data)))
	}
}

// plainly runs f as on a processor without AVX-512, for tests. No pictures may be made meanwhile.
func plainly(f func()) {
	C.gtx_plain = 1
	defer func() { C.gtx_plain = 0 }()
	f()
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

// srgbProfile is libvips' profile of sRGB.
func srgbProfile() []byte {
	var size C.size_t
	data := C.gtx_srgb_profile(&size)
	if data == nil {
		return nil
	}
	defer C.g_free(C.gpointer(data))
	return C.GoBytes(data, C.int(size))
}
