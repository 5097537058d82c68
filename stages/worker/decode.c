#include <signal.h>
#include <string.h>

#include "decode.h"

VipsImage *gtx_worker_open(const void *file, size_t length, const char *options, int fail)
{
	return vips_image_new_from_buffer(file, length, options,
		"access", VIPS_ACCESS_SEQUENTIAL,
		"fail_on", fail,
		NULL);
}

gboolean gtx_worker_pixels(VipsImage *in, void *out)
{
	enum { STRIP = 64 };
	size_t line = VIPS_IMAGE_SIZEOF_LINE(in);
	VipsRegion *region = vips_region_new(in);
	gboolean done = TRUE;

	for (int y = 0; done && y < in->Ysize; y += STRIP) {
		VipsRect strip = { 0, y, in->Xsize, VIPS_MIN(STRIP, in->Ysize - y) };

		done = !vips_region_prepare(region, &strip);
		for (int i = 0; done && i < strip.height; i++)
			memcpy((char *) out + line * (y + i), VIPS_REGION_ADDR(region, 0, y + i), line);
	}
	g_object_unref(region);
	return done;
}

gboolean gtx_worker_is_blob(VipsImage *in, const char *name)
{
	return vips_image_get_typeof(in, name) == VIPS_TYPE_BLOB;
}

gboolean gtx_worker_is_int(VipsImage *in, const char *name)
{
	return vips_image_get_typeof(in, name) == G_TYPE_INT;
}

const char *gtx_worker_unit(VipsImage *in)
{
	const char *unit = NULL;

	if (!vips_image_get_typeof(in, VIPS_META_RESOLUTION_UNIT) ||
		vips_image_get_string(in, VIPS_META_RESOLUTION_UNIT, &unit))
		return NULL;
	return unit;
}

void gtx_worker_die_by_signals(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };

	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++)
		signal(faults[i], SIG_DFL);
}
