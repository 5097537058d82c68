// Pictures that a worker has decoded.

#include <vips/vips.h>

// gtx_isolated makes a picture of pixels in memory, or a black one if they are NULL.
VipsImage *gtx_isolated(const void *pixels, size_t length, int width, int height, int bands, int format,
	int interpretation, int coding);

// gtx_with_resolution is a picture with another resolution, in pixels per millimetre, and the unit "in", "cm" or NULL that
// files state it in.
VipsImage *gtx_with_resolution(VipsImage *in, double xres, double yres, const char *unit);

// gtx_resolution_unit is the unit of a picture, which keeps owning it, or NULL.
const char *gtx_resolution_unit(VipsImage *in);

// gtx_set_int sets a field of a picture that nobody else uses yet.
void gtx_set_int(VipsImage *image, const char *name, int value);
