#include "picture.h"

// A change is a grid of affine maps of the colours, spread over a picture: see
// change.go. A map has 12 coefficients, for grey levels from 0 to 255.
enum { coefficients = 12 };

typedef struct {
	const float *maps;
	int columns; // of the grid
	int rows;
	int *first;  // for each column of the grid, and one more: the first pixel at or right of it
	float *part; // for each column of pixels: its place between two nodes, from 0 to 1
} change;

// The place of pixel i of n among the nodes of a line, centre on centre. Pixels
// beyond the outermost nodes get the place of those.
static double place(int i, int n, int nodes)
{
	return VIPS_CLIP(0, (i + 0.5) * nodes / n - 0.5, nodes - 1);
}

// Wider registers but no fused arithmetic, so that every processor gives the same bytes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((optimize("O3"), target_clones("avx2", "default")))
#elif defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((optimize("O3")))
#else
#define WIDE
#endif

// n pixels between two nodes. from is the map of the left node and slope its
// difference to the map of the right one.
#define SPAN(NAME, TYPE, BANDS, TOP) \
	WIDE static void NAME(TYPE *restrict out, const TYPE *restrict in, const float *restrict part, int n, \
		const float *restrict from, const float *restrict slope) \
	{ \
		for (int i = 0; i < n; i++) { \
			float red = in[BANDS * i], green = in[BANDS * i + 1], blue = in[BANDS * i + 2], t = part[i]; \
			float r = (from[0] + t * slope[0]) * red + (from[1] + t * slope[1]) * green + \
				(from[2] + t * slope[2]) * blue + (from[3] + t * slope[3]); \
			float g = (from[4] + t * slope[4]) * red + (from[5] + t * slope[5]) * green + \
				(from[6] + t * slope[6]) * blue + (from[7] + t * slope[7]); \
			float b = (from[8] + t * slope[8]) * red + (from[9] + t * slope[9]) * green + \
				(from[10] + t * slope[10]) * blue + (from[11] + t * slope[11]); \
			out[BANDS * i] = (int) VIPS_CLIP(0.0f, r + 0.5f, TOP); \
			out[BANDS * i + 1] = (int) VIPS_CLIP(0.0f, g + 0.5f, TOP); \
			out[BANDS * i + 2] = (int) VIPS_CLIP(0.0f, b + 0.5f, TOP); \
			if (BANDS == 4) \
				out[BANDS * i + 3] = in[BANDS * i + 3]; \
		} \
	}

SPAN(span_8_3, guint8, 3, 255.0f)
SPAN(span_8_4, guint8, 4, 255.0f)
SPAN(span_16_3, guint16, 3, 65535.0f)
SPAN(span_16_4, guint16, 4, 65535.0f)

static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = seq;
	VipsImage *image = out->im;
	const change *c = b;
	const VipsRect *area = &out->valid;
	int right = VIPS_RECT_RIGHT(area), bands = image->Bands;
	gboolean deep = image->BandFmt == VIPS_FORMAT_USHORT;
	int line = coefficients * c->columns;
	float *row;

	if (vips_region_prepare(in, area) || !(row = VIPS_ARRAY(NULL, line, float)))
		return -1;
	for (int y = area->top; y < VIPS_RECT_BOTTOM(area); y++) {
		double v = place(y, image->Ysize, c->rows);
		int node = v;
		float t = v - node;
		const float *above = c->maps + (size_t) line * node;
		const float *below = c->maps + (size_t) line * VIPS_MIN(node + 1, c->rows - 1);

		for (int i = 0; i < line; i++)
			row[i] = above[i] + t * (below[i] - above[i]);
		if (deep)
			for (int i = 3; i < line; i += 4)
				row[i] *= 257;
		// Pixels left of the first node have its map, because their part is 0.
		node = place(area->left, image->Xsize, c->columns);
		for (int x = area->left; x < right;) {
			int n = VIPS_MIN(c->first[node + 1], right) - x;
			const float *from = row + coefficients * node;
			const float *to = row + coefficients * VIPS_MIN(node + 1, c->columns - 1);
			float slope[coefficients];

			for (int i = 0; i < coefficients; i++)
				slope[i] = to[i] - from[i];
			if (n > 0) {
				void *q = VIPS_REGION_ADDR(out, x, y);
				const void *p = VIPS_REGION_ADDR(in, x, y);
				if (deep)
					(bands == 3 ? span_16_3 : span_16_4)(q, p, c->part + x, n, from, slope);
				else
					(bands == 3 ? span_8_3 : span_8_4)(q, p, c->part + x, n, from, slope);
				x += n;
			}
			node++;
		}
	}
	g_free(row);
	return 0;
}

static gboolean colours(VipsImage *in)
{
	return (in->BandFmt == VIPS_FORMAT_UCHAR || in->BandFmt == VIPS_FORMAT_USHORT) &&
		(in->Bands == 3 || in->Bands == 4);
}

// An RGB or RGBA picture with its colours changed. The maps must outlive it.
VipsImage *gtx_changed(VipsImage *in, const float *maps, int columns, int rows)
{
	VipsImage *out = vips_image_new();
	change *c = VIPS_NEW(out, change);

	c->maps = maps;
	c->columns = columns;
	c->rows = rows;
	c->first = VIPS_ARRAY(out, columns + 1, int);
	c->part = VIPS_ARRAY(out, in->Xsize, float);
	for (int x = in->Xsize - 1, node = columns; x >= 0; x--) {
		double at = place(x, in->Xsize, columns);
		for (; node > (int) at; node--)
			c->first[node] = x + 1;
		c->part[x] = at - (int) at;
		if (x == 0)
			for (; node >= 0; node--)
				c->first[node] = 0;
	}
	if (!colours(in) || vips_image_pipelinev(out, VIPS_DEMAND_STYLE_THINSTRIP, in, NULL) ||
		vips_image_generate(out, vips_start_one, generate, vips_stop_one, in, c))
		g_clear_object(&out);
	return out;
}

// A difference to be added to a picture: more - less, pixel by pixel, both RGB of
// 8 bits and of the picture's size.
typedef struct {
	const guint8 *less, *more;
} difference;

static int add(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = seq;
	const difference *d = b;
	const VipsRect *area = &out->valid;
	int bands = out->im->Bands;

	if (vips_region_prepare(in, area))
		return -1;
	for (int y = area->top; y < VIPS_RECT_BOTTOM(area); y++) {
		size_t first = 3 * ((size_t) y * out->im->Xsize + area->left);
		const guint8 *less = d->less + first, *more = d->more + first;
		const void *p = VIPS_REGION_ADDR(in, area->left, y);
		void *q = VIPS_REGION_ADDR(out, area->left, y);

		for (int x = 0; x < area->width; x++)
			for (int band = 0; band < bands; band++) {
				int i = bands * x + band, change = band < 3 ? more[3 * x + band] - less[3 * x + band] : 0;
				if (out->im->BandFmt == VIPS_FORMAT_USHORT)
					((guint16 *) q)[i] = VIPS_CLIP(0, ((const guint16 *) p)[i] + 257 * change, 65535);
				else
					((guint8 *) q)[i] = VIPS_CLIP(0, ((const guint8 *) p)[i] + change, 255);
			}
	}
	return 0;
}

// An RGB or RGBA picture plus the difference more - less. Both must outlive it.
VipsImage *gtx_added(VipsImage *in, const void *less, const void *more)
{
	VipsImage *out = vips_image_new();
	difference *d = VIPS_NEW(out, difference);

	d->less = less;
	d->more = more;
	if (!colours(in) || vips_image_pipelinev(out, VIPS_DEMAND_STYLE_THINSTRIP, in, NULL) ||
		vips_image_generate(out, vips_start_one, add, vips_stop_one, in, d))
		g_clear_object(&out);
	return out;
}
