#include <string.h>

#include "picture.h"
#include "wide.h"

// A change is a grid of affine maps of the colours, spread over a picture: see
// change.go. A map has 12 coefficients, for grey levels from 0 to 255.
enum { coefficients = 12 };

typedef struct {
	const float *maps;
	int columns; // of the grid
	int rows;
	int *first;  // for each column of the grid, and one more: the first pixel at or right of it
	float *part; // for each column of pixels, and STEP more: its place between two nodes, from 0 to 1
} change;

// The place of pixel i of n among the nodes of a line, centre on centre. Pixels
// beyond the outermost nodes get the place of those.
static double place(int i, int n, int nodes)
{
	return VIPS_CLIP(0, (i + 0.5) * nodes / n - 0.5, nodes - 1);
}

// Pixels are computed in planes of floats, a vector at a time: STEP is a multiple of
// every vector's length, and the planes of a line have room for one more step.
enum { STEP = 8 };

typedef struct {
	float *in[3]; // red, green and blue
	float *out[3];
} planes;

// n pixels between two nodes, and up to STEP - 1 more, which the next span makes again.
// from is the map of the left node and slope its difference to the map of the right one.
WIDE static void span(const planes *restrict p, int x, int n, const float *restrict part, float top,
	const float *restrict from, const float *restrict slope)
{
	const float *restrict red = p->in[0] + x, *restrict green = p->in[1] + x, *restrict blue = p->in[2] + x;

	for (int a = 0; a < 3; a++, from += 4, slope += 4) {
		float *restrict out = p->out[a] + x;

		for (int i = 0; i < n; i += STEP)
			for (int j = i; j < i + STEP; j++) {
				float t = part[j];
				float v = (from[0] + t * slope[0]) * red[j] + (from[1] + t * slope[1]) * green[j] +
					(from[2] + t * slope[2]) * blue[j] + (from[3] + t * slope[3]);

				out[j] = VIPS_CLIP(0.0f, v + 0.5f, top);
			}
	}
}

// Between a line of n pixels and its planes.
#define LINE(SPLIT, JOIN, TYPE, BANDS) \
	WIDE static void SPLIT(const TYPE *restrict in, int n, float *restrict red, float *restrict green, \
		float *restrict blue) \
	{ \
		for (int i = 0; i < n; i++) { \
			red[i] = in[BANDS * i]; \
			green[i] = in[BANDS * i + 1]; \
			blue[i] = in[BANDS * i + 2]; \
		} \
	} \
	WIDE static void JOIN(TYPE *restrict out, const TYPE *restrict in, int n, const float *restrict red, \
		const float *restrict green, const float *restrict blue) \
	{ \
		for (int i = 0; i < n; i++) { \
			out[BANDS * i] = (int) red[i]; \
			out[BANDS * i + 1] = (int) green[i]; \
			out[BANDS * i + 2] = (int) blue[i]; \
			if (BANDS == 4) \
				out[BANDS * i + 3] = in[BANDS * i + 3]; \
		} \
	}

LINE(split_8_3, join_8_3, guint8, 3)
LINE(split_8_4, join_8_4, guint8, 4)
LINE(split_16_3, join_16_3, guint16, 3)
LINE(split_16_4, join_16_4, guint16, 4)

static void split(const void *in, int n, int bands, gboolean deep, const planes *p)
{
	if (deep)
		(bands == 3 ? split_16_3 : split_16_4)(in, n, p->in[0], p->in[1], p->in[2]);
	else
		(bands == 3 ? split_8_3 : split_8_4)(in, n, p->in[0], p->in[1], p->in[2]);
}

static void join(void *out, const void *in, int n, int bands, gboolean deep, const planes *p)
{
	if (deep)
		(bands == 3 ? join_16_3 : join_16_4)(out, in, n, p->out[0], p->out[1], p->out[2]);
	else
		(bands == 3 ? join_8_3 : join_8_4)(out, in, n, p->out[0], p->out[1], p->out[2]);
}

// A line of maps at t from above to below.
WIDE static void mix(float *restrict row, const float *restrict above, const float *restrict below, int n, float t)
{
	for (int i = 0; i < n; i++)
		row[i] = above[i] + t * (below[i] - above[i]);
}

static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = seq;
	VipsImage *image = out->im;
	const change *c = b;
	const VipsRect *area = &out->valid;
	int right = VIPS_RECT_RIGHT(area), bands = image->Bands;
	gboolean deep = image->BandFmt == VIPS_FORMAT_USHORT;
	int line = coefficients * c->columns;
	int room = area->width + STEP;
	float *row;
	planes p;

	if (vips_region_prepare(in, area) || !(row = VIPS_ARRAY(NULL, line + 6 * room, float)))
		return -1;
	for (int a = 0; a < 3; a++) {
		p.in[a] = row + line + a * room;
		p.out[a] = p.in[a] + 3 * room;
		memset(p.in[a] + area->width, 0, STEP * sizeof(float));
	}
	for (int y = area->top; y < VIPS_RECT_BOTTOM(area); y++) {
		double v = place(y, image->Ysize, c->rows);
		int node = v;
		float t = v - node;
		const float *above = c->maps + (size_t) line * node;
		const float *below = c->maps + (size_t) line * VIPS_MIN(node + 1, c->rows - 1);

		mix(row, above, below, line, t);
		if (deep)
			for (int i = 3; i < line; i += 4)
				row[i] *= 257;
		split(VIPS_REGION_ADDR(in, area->left, y), area->width, bands, deep, &p);
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
				span(&p, x - area->left, n, c->part + x, deep ? 65535.0f : 255.0f, from, slope);
				x += n;
			}
			node++;
		}
		join(VIPS_REGION_ADDR(out, area->left, y), VIPS_REGION_ADDR(in, area->left, y), area->width, bands, deep, &p);
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
	c->part = VIPS_ARRAY(out, in->Xsize + STEP, float);
	memset(c->part + in->Xsize, 0, STEP * sizeof(float));
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
