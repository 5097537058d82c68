#include <string.h>

#include "picture.h"

// Converts to a whole-number format, with rounding.
static int rounded(VipsImage *in, VipsImage **out, VipsBandFormat format, VipsObject *scope)
{
	VipsImage **t = (VipsImage **) vips_object_local_array(scope, 1);

	return vips_linear1(in, &t[0], 1, 0.5, NULL) || vips_cast(t[0], out, format, NULL);
}

VipsImage *gtx_open(const void *file, size_t length, const char *options, gboolean sequential, VipsFailOn fail)
{
	// In memory, because libvips would otherwise put large pictures into a temporary file.
	return vips_image_new_from_buffer(file, length, options,
		"access", sequential ? VIPS_ACCESS_SEQUENTIAL : VIPS_ACCESS_RANDOM,
		"memory", !sequential,
		"fail_on", fail,
		NULL);
}

VipsImage *gtx_from_memory(const void *data, int width, int height, int bands)
{
	VipsImage *memory = vips_image_new_from_memory(data, (size_t) width * height * bands,
		width, height, bands, VIPS_FORMAT_UCHAR);
	VipsImage *out = NULL;

	if (memory && vips_copy(memory, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
		out = NULL;
	g_clear_object(&memory);
	return out;
}

VipsImage *gtx_with_resolution(VipsImage *in, double x, double y, const char *unit)
{
	VipsImage *out = NULL;

	if (vips_copy(in, &out, "xres", x, "yres", y, NULL))
		return NULL;
	if (unit)
		vips_image_set_string(out, VIPS_META_RESOLUTION_UNIT, unit);
	return out;
}

// Converts to sRGB, through the embedded profile if profile is set. With deep, a
// picture of 16 bits per sample keeps them. All others get 8.
VipsImage *gtx_srgb(VipsImage *in, gboolean profile, VipsIntent intent, gboolean deep)
{
	VipsImage *out = NULL;

	deep = deep && in->BandFmt == VIPS_FORMAT_USHORT;
	if (profile) {
		if (vips_icc_transform(in, &out, "srgb", "embedded", TRUE, "intent", intent, "depth", deep ? 16 : 8, NULL))
			return NULL;
	}
	else if (vips_colourspace(in, &out, deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB,
				 "source_space", vips_image_guess_interpretation(in), NULL))
		return NULL;
	if (out->Bands < 3 || out->Bands > 4 || out->BandFmt != (deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR))
		g_clear_object(&out);
	return out;
}

// Converts from sRGB to the colours of a profile.
VipsImage *gtx_to_profile(VipsImage *in, const void *profile, size_t length, VipsIntent intent)
{
	VipsObject *scope = VIPS_OBJECT(vips_image_new());
	VipsImage **t = (VipsImage **) vips_object_local_array(scope, 2);
	VipsImage *out = NULL;

	if (!vips_icc_import(in, &t[0], "input_profile", "srgb", NULL) && !vips_copy(t[0], &t[1], NULL)) {
		vips_image_set_blob_copy(t[1], VIPS_META_ICC_NAME, profile, length);
		if (vips_icc_export(t[1], &out, "intent", intent, "depth", 8, NULL))
			out = NULL;
	}
	g_object_unref(scope);
	return out;
}

// The same pixels with another profile attached, or none if length is 0.
VipsImage *gtx_attach(VipsImage *in, const void *profile, size_t length)
{
	VipsImage *out = NULL;

	if (vips_copy(in, &out, NULL))
		return NULL;
	vips_image_remove(out, VIPS_META_ICC_NAME);
	if (length)
		vips_image_set_blob_copy(out, VIPS_META_ICC_NAME, profile, length);
	return out;
}

VipsImage *gtx_oriented(VipsImage *in, int orientation)
{
	VipsImage *out = NULL;

	if (vips_copy(in, &out, NULL))
		return NULL;
	vips_image_set_int(out, VIPS_META_ORIENTATION, orientation);
	return out;
}

// The least and the largest sample of the colours, and their mean.
gboolean gtx_range(VipsImage *in, double range[3])
{
	VipsObject *scope = VIPS_OBJECT(vips_image_new());
	VipsImage **t = (VipsImage **) vips_object_local_array(scope, 2);
	gboolean done = !vips_extract_band(in, &t[0], 0, "n", in->Bands < 3 ? 1 : 3, NULL) && !vips_stats(t[0], &t[1], NULL);

	if (done) {
		range[0] = *VIPS_MATRIX(t[1], 0, 0);
		range[1] = *VIPS_MATRIX(t[1], 1, 0);
		range[2] = *VIPS_MATRIX(t[1], 4, 0);
	}
	g_object_unref(scope);
	return done;
}

// Maps samples from black to white to 16 bits, and those of an alpha from 0 to opaque. With linear, the colours
// are proportional to light.
VipsImage *gtx_scaled(VipsImage *in, double black, double white, double opaque, gboolean linear)
{
	VipsObject *scope = VIPS_OBJECT(vips_image_new());
	VipsImage **t = (VipsImage **) vips_object_local_array(scope, 6);
	int colours = in->Bands < 3 ? 1 : 3;
	double most = linear ? 1 : 65535, add = linear ? 0 : 0.5;
	VipsImage *out = NULL;

	if (vips_extract_band(in, &t[0], 0, "n", colours, NULL) ||
		vips_linear1(t[0], &t[1], most / (white - black), add - black * most / (white - black), NULL) ||
		(linear ? vips_copy(t[1], &t[2], "interpretation", VIPS_INTERPRETATION_scRGB, NULL) ||
					vips_colourspace(t[2], &t[3], VIPS_INTERPRETATION_RGB16, NULL)
				: vips_cast(t[1], &t[2], VIPS_FORMAT_USHORT, NULL) ||
					vips_copy(t[2], &t[3], "interpretation",
						colours == 1 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16, NULL)))
		;
	else if (in->Bands == colours)
		out = g_object_ref(t[3]);
	else {
		VipsImage *alpha = NULL;

		if (!vips_extract_band(in, &alpha, colours, NULL) &&
			!vips_linear1(alpha, &t[4], 65535 / opaque, 0.5, NULL) &&
			!vips_cast(t[4], &t[5], VIPS_FORMAT_USHORT, NULL) &&
			vips_bandjoin2(t[3], t[5], &out, NULL))
			out = NULL;
		g_clear_object(&alpha);
	}
	g_object_unref(scope);
	return out;
}

void *gtx_srgb_profile(size_t *length)
{
	VipsBlob *blob = NULL;
	void *out;

	if (vips_profile_load("srgb", &blob, NULL) || !blob)
		return NULL;
	out = g_memdup2(VIPS_AREA(blob)->data, VIPS_AREA(blob)->length);
	*length = VIPS_AREA(blob)->length;
	vips_area_unref(VIPS_AREA(blob));
	return out;
}

// The mean of each block of factor × factor pixels, with colours weighted by alpha.
VipsImage *gtx_shrink(VipsImage *in, int factor)
{
	VipsObject *scope = VIPS_OBJECT(vips_image_new());
	VipsImage **t = (VipsImage **) vips_object_local_array(scope, 3);
	VipsImage *out = NULL;

	if (!vips_image_hasalpha(in)) {
		if (vips_shrink(in, &out, factor, factor, "ceil", TRUE, NULL))
			out = NULL;
	}
	else if (vips_premultiply(in, &t[0], NULL) || vips_shrink(t[0], &t[1], factor, factor, "ceil", TRUE, NULL) ||
		vips_unpremultiply(t[1], &t[2], NULL) || rounded(t[2], &out, in->BandFmt, scope))
		out = NULL;
	g_object_unref(scope);
	return out;
}

// The picture at another size, with colours weighted by alpha, so that the colour of
// transparent pixels does not bleed into their neighbours.
VipsImage *gtx_resize(VipsImage *in, int width, int height, VipsKernel kernel)
{
	VipsObject *scope = VIPS_OBJECT(vips_image_new());
	VipsImage **t = (VipsImage **) vips_object_local_array(scope, 3);
	double x = (double) width / in->Xsize, y = (double) height / in->Ysize;
	VipsImage *out = NULL;

	if (!vips_image_hasalpha(in)) {
		if (vips_resize(in, &out, x, "vscale", y, "kernel", kernel, NULL))
			out = NULL;
	}
	else if (vips_premultiply(in, &t[0], NULL) || vips_resize(t[0], &t[1], x, "vscale", y, "kernel", kernel, NULL) ||
		vips_unpremultiply(t[1], &t[2], NULL) || rounded(t[2], &out, in->BandFmt, scope))
		out = NULL;
	if (out && (out->Xsize != width || out->Ysize != height))
		g_clear_object(&out);
	g_object_unref(scope);
	return out;
}

VipsImage *gtx_crop(VipsImage *in, int left, int top, int width, int height)
{
	VipsImage *out = NULL;

	return vips_extract_area(in, &out, left, top, width, height, NULL) ? NULL : out;
}

// The picture turned as its orientation says.
VipsImage *gtx_upright(VipsImage *in)
{
	VipsImage *out = NULL;

	return vips_autorot(in, &out, NULL) ? NULL : out;
}

// An opaque picture with the alpha of another picture of the same size.
VipsImage *gtx_with_alpha_of(VipsImage *in, VipsImage *alpha)
{
	VipsImage *band = NULL, *out = NULL;

	if (vips_extract_band(alpha, &band, alpha->Bands - 1, NULL) || vips_bandjoin2(in, band, &out, NULL))
		out = NULL;
	g_clear_object(&band);
	return out;
}

static void *forget(VipsImage *in, const char *name, GValue *value, void *out)
{
	if (strcmp(name, VIPS_META_ICC_NAME) && strcmp(name, VIPS_META_RESOLUTION_UNIT))
		vips_image_remove(out, name);
	return NULL;
}

void *gtx_save(VipsImage *in, const char *saver, void **blobs, const size_t *lengths, size_t *size)
{
	static const char *names[] = { VIPS_META_EXIF_NAME, VIPS_META_XMP_NAME, VIPS_META_IPTC_NAME };
	VipsImage *image = NULL;
	void *out = NULL;

	if (vips_copy(in, &image, NULL))
		return NULL;
	vips_image_map(in, forget, image);
	for (int i = 0; i < 3; i++)
		if (blobs[i])
			vips_image_set_blob_copy(image, names[i], blobs[i], lengths[i]);
	if (vips_image_write_to_buffer(image, saver, &out, size, NULL))
		out = NULL;
	g_object_unref(image);
	return out;
}

const void *gtx_blob(VipsImage *in, const char *name, size_t *length)
{
	const void *data = NULL;

	if (!vips_image_get_typeof(in, name) || vips_image_get_blob(in, name, &data, length))
		return NULL;
	return data;
}
