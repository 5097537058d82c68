// The calls of gtx into libvips. Each function makes a picture from another, whose
// reference stays with the caller, or returns NULL. Pixels are made on demand, in
// strips if the file format allows it.

#include "worker/read.h"

VipsImage *gtx_open(const void *file, size_t length, const char *options, gboolean sequential, VipsFailOn fail);
VipsImage *gtx_from_memory(const void *data, int width, int height, int bands);

// gtx_with_resolution returns the same pixels with another resolution, in pixels per millimetre. unit
// is how files state it, such as "in", or NULL.
VipsImage *gtx_with_resolution(VipsImage *in, double x, double y, const char *unit);
VipsImage *gtx_srgb(VipsImage *in, gboolean profile, VipsIntent intent, gboolean deep);
VipsImage *gtx_to_profile(VipsImage *in, const void *profile, size_t length, VipsIntent intent);
VipsImage *gtx_attach(VipsImage *in, const void *profile, size_t length);
VipsImage *gtx_oriented(VipsImage *in, int orientation);
gboolean gtx_range(VipsImage *in, double range[3]);
VipsImage *gtx_scaled(VipsImage *in, double black, double white, double opaque, gboolean linear);
VipsImage *gtx_shrink(VipsImage *in, int factor);
VipsImage *gtx_resize(VipsImage *in, int width, int height, VipsKernel kernel);
VipsImage *gtx_crop(VipsImage *in, int left, int top, int width, int height);
VipsImage *gtx_upright(VipsImage *in);
VipsImage *gtx_with_alpha_of(VipsImage *in, VipsImage *alpha);
VipsImage *gtx_changed(VipsImage *in, const float *maps, int columns, int rows);
VipsImage *gtx_added(VipsImage *in, const void *less, const void *more);

// gtx_plain makes gtx_changed do without the widest registers, for tests.
extern gboolean gtx_plain;

// gtx_save returns a file to be freed with g_free, or NULL. Of the picture's metadata
// it keeps only the colour profile and the resolution. blobs are the Exif data, XMP
// and IPTC to write. Each may be NULL.
void *gtx_save(VipsImage *in, const char *saver, void **blobs, const size_t *lengths, size_t *size);

// How a JPEG is coded.
typedef struct {
	int quality;       // 1 to 100
	gboolean halve;    // chroma has half the width and height
	gboolean optimize; // Huffman tables made for this file
	gboolean density;  // state the resolution in a JFIF header, if the picture has one
} gtx_jpeg;

// gtx_save_jpeg codes an RGB or RGBA picture of 8 bits per sample in the calling thread. It
// returns a file to be freed with free, or NULL. It writes the picture's colour profile
// and the XMP and IPTC of blobs, but no Exif data.
void *gtx_save_jpeg(VipsImage *in, const gtx_jpeg *options, void **blobs, const size_t *lengths, size_t *size);

// gtx_blob returns a field of a picture, which keeps owning it, or NULL.
const void *gtx_blob(VipsImage *in, const char *name, size_t *length);

// gtx_srgb_profile returns libvips' profile of sRGB, to be freed with g_free, or NULL.
void *gtx_srgb_profile(size_t *length);
