#include "isolate.h"

VipsImage *gtx_isolated(const void *pixels, size_t length, int width, int height, int bands, int format,
	int interpretation, int coding)
{
	VipsObject *scope = VIPS_OBJECT(vips_image_new());
	VipsImage **t = (VipsImage **) vips_object_local_array(scope, 2);
	VipsImage *out = NULL;

	if (pixels)
		t[0] = vips_image_new_from_memory(pixels, length, width, height, bands, format);
	else if (!vips_black(&t[1], width, height, "bands", bands, NULL))
		vips_cast(t[1], &t[0], format, NULL);
	if (!t[0] ||
		vips_copy(t[0], &out, "interpretation", interpretation, "coding", coding, NULL))
		out = NULL;
	g_object_unref(scope);
	return out;
}

VipsImage *gtx_with_resolution(VipsImage *in, double xres, double yres, const char *unit)
{
	VipsImage *out = NULL;

	if (vips_copy(in, &out, "xres", xres, "yres", yres, NULL))
		return NULL;
	if (unit)
		vips_image_set_string(out, VIPS_META_RESOLUTION_UNIT, unit);
	return out;
}

const char *gtx_resolution_unit(VipsImage *in)
{
	const char *unit = NULL;

	if (!vips_image_get_typeof(in, VIPS_META_RESOLUTION_UNIT) ||
		vips_image_get_string(in, VIPS_META_RESOLUTION_UNIT, &unit))
		return NULL;
	return unit;
}

void gtx_set_int(VipsImage *image, const char *name, int value)
{
	vips_image_set_int(image, name, value);
}
