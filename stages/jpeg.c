#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "picture.h"

// libvips' own saver hands every strip from one thread to another. For a photograph of a
// megapixel that takes longer than the coding itself, and other photographs keep the
// processors busy. So this codes in the calling thread.

enum { STRIP = 16 }; // lines that are made at once: one row of blocks, with halved chroma

typedef struct {
	struct jpeg_error_mgr manager;
	jmp_buf failed;
} errors;

static void fail(j_common_ptr c)
{
	longjmp(((errors *) c->err)->failed, 1);
}

static void be_silent(j_common_ptr c, int level)
{
}

// A segment holds at most 65533 bytes. Longer data are left out.
static void write_segment(j_compress_ptr c, int marker, const char *prefix, size_t prefix_length, const unsigned char *data,
	size_t length)
{
	if (!data || prefix_length + length > 65533)
		return;
	jpeg_write_m_header(c, marker, prefix_length + length);
	for (size_t i = 0; i < prefix_length; i++)
		jpeg_write_m_byte(c, prefix[i]);
	for (size_t i = 0; i < length; i++)
		jpeg_write_m_byte(c, data[i]);
}

static void write_metadata(j_compress_ptr c, VipsImage *in, void **blobs, const size_t *lengths)
{
	static const char xmp[] = "http://ns.adobe.com/xap/1.0/"; // with the 0 at its end
	const void *profile;
	size_t length;

	write_segment(c, JPEG_APP0 + 1, xmp, sizeof xmp, blobs[1], lengths[1]);
	write_segment(c, JPEG_APP0 + 13, NULL, 0, blobs[2], lengths[2]);
	if (vips_image_get_typeof(in, VIPS_META_ICC_NAME) &&
		!vips_image_get_blob(in, VIPS_META_ICC_NAME, &profile, &length) && length)
		jpeg_write_icc_profile(c, profile, length);
}

// Loaders give a picture of unknown resolution 72 pixels per inch, or one per mm.
static gboolean has_resolution(VipsImage *in)
{
	double per_inch = in->Xres * 25.4;

	return vips_image_get_typeof(in, VIPS_META_RESOLUTION_UNIT) || (fabs(per_inch - 72) > 0.5 && in->Xres != 1);
}

static void set_up(j_compress_ptr c, VipsImage *in, const gtx_jpeg *options)
{
	c->image_width = in->Xsize;
	c->image_height = in->Ysize;
	c->input_components = 3;
	c->in_color_space = JCS_RGB;
	jpeg_set_defaults(c);
	jpeg_set_quality(c, options->quality, TRUE);
	c->optimize_coding = options->optimize;
	c->write_JFIF_header = FALSE; // Exif data come first, and have the resolution
	if (options->density && has_resolution(in)) {
		c->write_JFIF_header = TRUE;
		c->density_unit = 1; // pixels per inch
		c->X_density = VIPS_CLIP(1, VIPS_RINT(in->Xres * 25.4), 65535);
		c->Y_density = VIPS_CLIP(1, VIPS_RINT(in->Yres * 25.4), 65535);
	}
	if (!options->halve)
		for (int i = 0; i < c->num_components; i++)
			c->comp_info[i].h_samp_factor = c->comp_info[i].v_samp_factor = 1;
}

// Transparent parts become white.
static VipsImage *opaque(VipsImage *in)
{
	VipsArrayDouble *white = vips_array_double_newv(1, 255.0);
	VipsImage *out = NULL;

	if (vips_flatten(in, &out, "background", white, NULL))
		out = NULL;
	vips_area_unref(VIPS_AREA(white));
	return out;
}

static gboolean code(j_compress_ptr c, VipsImage *in, VipsRegion *region, const gtx_jpeg *options, void **blobs,
	const size_t *lengths)
{
	set_up(c, in, options);
	jpeg_start_compress(c, TRUE);
	write_metadata(c, in, blobs, lengths);
	for (int y = 0; y < in->Ysize; y += STRIP) {
		VipsRect strip = { 0, y, in->Xsize, VIPS_MIN(STRIP, in->Ysize - y) };
		JSAMPROW rows[STRIP];

		if (vips_region_prepare(region, &strip))
			return FALSE;
		for (int i = 0; i < strip.height; i++)
			rows[i] = VIPS_REGION_ADDR(region, 0, y + i);
		jpeg_write_scanlines(c, rows, strip.height);
	}
	jpeg_finish_compress(c);
	return TRUE;
}

void *gtx_save_jpeg(VipsImage *in, const gtx_jpeg *options, void **blobs, const size_t *lengths, size_t *size)
{
	struct jpeg_compress_struct c;
	errors e;
	unsigned char *file = NULL;
	unsigned long length = 0;
	VipsImage *image = in->Bands == 4 ? opaque(in) : g_object_ref(in);
	VipsRegion *region = image ? vips_region_new(image) : NULL;
	volatile gboolean done = FALSE;

	c.err = jpeg_std_error(&e.manager);
	e.manager.error_exit = fail;
	e.manager.emit_message = be_silent;
	jpeg_create_compress(&c);
	if (region && image->Bands == 3 && image->BandFmt == VIPS_FORMAT_UCHAR && !setjmp(e.failed)) {
		jpeg_mem_dest(&c, &file, &length);
		done = code(&c, image, region, options, blobs, lengths);
	}
	if (!done && c.dest)
		c.dest->term_destination(&c); // says where the file is by now
	jpeg_destroy_compress(&c);
	g_clear_object(&region);
	g_clear_object(&image);
	*size = length;
	if (done)
		return file;
	free(file);
	return NULL;
}
