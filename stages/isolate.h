// Pictures that a worker has decoded.

#include <vips/vips.h>

// gtx_isolated makes a picture of pixels in memory, or a black one if they are NULL.
VipsImage *gtx_isolated(const void *pixels, size_t length, int width, int height, int bands, int format,
	int interpretation, int coding);

// gtx_set_int sets a field of a picture that nobody else uses yet.
void gtx_set_int(VipsImage *image, const char *name, int value);
