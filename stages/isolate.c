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

void gtx_set_int(VipsImage *image, const char *name, int value)
{
	vips_image_set_int(image, name, value);
}
