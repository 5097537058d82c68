package stages

/*
#cgo pkg-config: vips
#include <vips/vips.h>

// gtx_resize returns width × height × bands bytes to be freed with g_free, or
// NULL. Colour counts by its alpha (the fourth band): none seeps out of what is
// transparent.
static void *gtx_resize(void *data, int w, int h, int bands, int width, int height, int kernel) {
	VipsObject *scope = VIPS_OBJECT(vips_image_new());
	VipsImage **t = (VipsImage **) vips_object_local_array(scope, 6);
	double x = (double) width / w, y = (double) height / h;
	gboolean alpha = bands == 4;
	void *out = NULL;
	size_t size;

	t[0] = vips_image_new_from_memory(data, (size_t) w * h * bands, w, h, bands, VIPS_FORMAT_UCHAR);
	if (t[0] && !vips_copy(t[0], &t[1], "interpretation", VIPS_INTERPRETATION_sRGB, NULL) &&
		!(alpha ? vips_premultiply(t[1], &t[2], NULL) : vips_copy(t[1], &t[2], NULL)) &&
		!vips_resize(t[2], &t[3], x, "vscale", y, "kernel", kernel, NULL) &&
		!(alpha ? vips_unpremultiply(t[3], &t[4], NULL) : vips_copy(t[3], &t[4], NULL)) &&
		!(alpha ? vips_linear1(t[4], &t[5], 1, 0.5, "uchar", TRUE, NULL) : vips_copy(t[4], &t[5], NULL)) &&
		t[5]->Xsize == width && t[5]->Ysize == height && t[5]->Bands == bands)
		out = vips_image_write_to_memory(t[5], &size);
	g_object_unref(scope);
	vips_thread_shutdown();
	return out;
}
*/
import "C"

import (
	"context"
	"errors"
	"unsafe"
)

// Resize returns the stage that brings a picture to the network's shape, as RGB
// with the alpha set apart.
func Resize(f Fit) func(context.Context, Image) (Image, error) {
	return func(_ context.Context, img Image) (Image, error) { return f.bring(img) }
}

// resized returns the picture at another size; p itself if it has that size.
// Not by way of bimg: it shrinks both sides by the larger of two factors, or
// neither well, so that pictures blur, alias or vanish where the aspect changes.
func (p Pixels) resized(width, height int) (Pixels, error) {
	return p.resizedBy("", width, height)
}

// kernels are libvips' names of the filters; "" is lanczos.
var kernels = map[string]C.int{
	"":         C.VIPS_KERNEL_LANCZOS3,
	"lanczos":  C.VIPS_KERNEL_LANCZOS3,
	"bicubic":  C.VIPS_KERNEL_CUBIC,
	"bilinear": C.VIPS_KERNEL_LINEAR,
	"nearest":  C.VIPS_KERNEL_NEAREST,
}

// resizedBy is resized with a filter of choice.
func (p Pixels) resizedBy(filter string, width, height int) (Pixels, error) {
	if p.Width == width && p.Height == height {
		return p, nil
	}
	if err := holds(width, height, p.Bands); err != nil {
		return Pixels{}, err
	}
	out := Pixels{Width: width, Height: height, Bands: p.Bands, Data: make([]byte, width*height*p.Bands)}
	data := C.gtx_resize(unsafe.Pointer(&p.Data[0]), C.int(p.Width), C.int(p.Height), C.int(p.Bands), C.int(width), C.int(height), kernels[filter])
	if data == nil {
		return Pixels{}, errors.New("cannot be resized")
	}
	copy(out.Data, unsafe.Slice((*byte)(data), len(out.Data)))
	C.g_free(C.gpointer(data))
	return out, nil
}

// split parts RGBA into RGB and alpha; alpha is nil where all is opaque.
func (p Pixels) split() (rgb Pixels, alpha []byte) {
	if p.Bands == 3 {
		return p, nil
	}
	n := p.Width * p.Height
	rgb = Pixels{Width: p.Width, Height: p.Height, Bands: 3, Data: make([]byte, 3*n)}
	alpha = make([]byte, n)
	opaque := byte(255)
	for i := range n {
		copy(rgb.Data[3*i:3*i+3], p.Data[4*i:4*i+3])
		alpha[i] = p.Data[4*i+3]
		opaque &= alpha[i]
	}
	if opaque == 255 {
		alpha = nil
	}
	return rgb, alpha
}

// join is the inverse of split.
func (p Pixels) join(alpha []byte) Pixels {
	if alpha == nil {
		return p
	}
	out := Pixels{Width: p.Width, Height: p.Height, Bands: 4, Data: make([]byte, 4*len(alpha))}
	for i, a := range alpha {
		copy(out.Data[4*i:4*i+3], p.Data[3*i:3*i+3])
		out.Data[4*i+3] = a
	}
	return out
}
