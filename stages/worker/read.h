// What reads a picture of libvips, for gtx and for its workers.

#ifndef GTX_READ_H
#define GTX_READ_H

#include <string.h>

#include <vips/vips.h>

// gtx_pixels makes the pixels of a picture in the calling thread, from top to bottom. It
// writes them to out, line after line.
static inline gboolean gtx_pixels(VipsImage *in, void *out)
{
	enum { LINES = 64 };
	size_t line = VIPS_IMAGE_SIZEOF_LINE(in);
	VipsRegion *region = vips_region_new(in);
	gboolean done = TRUE;

	for (int y = 0; done && y < in->Ysize; y += LINES) {
		VipsRect strip = { 0, y, in->Xsize, VIPS_MIN(LINES, in->Ysize - y) };

		done = !vips_region_prepare(region, &strip);
		for (int i = 0; done && i < strip.height; i++)
			memcpy((char *) out + line * (y + i), VIPS_REGION_ADDR(region, 0, y + i), line);
	}
	g_object_unref(region);
	return done;
}

// gtx_unit is the unit in which the file states the resolution, or NULL. The picture keeps owning it.
static inline const char *gtx_unit(VipsImage *in)
{
	const char *unit = NULL;

	if (!vips_image_get_typeof(in, VIPS_META_RESOLUTION_UNIT) ||
		vips_image_get_string(in, VIPS_META_RESOLUTION_UNIT, &unit))
		return NULL;
	return unit;
}

#endif
