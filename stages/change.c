#include <string.h>

#include "picture.h"
#include "raster/wide.h"

gboolean gtx_plain = FALSE;

// A change is a grid of affine maps of the colours, spread over a picture: see
// raster/maps.go. A map has 12 coefficients, for grey levels from 0 to 255.
enum { coefficients = 12 };

// Pixels are computed in planes of floats, STEP at a time, and so are the nodes of a line. STEP is
// a multiple of every vector's length, and all lines have room for one more step.
enum { STEP = 16 };

typedef struct {
	const float *maps; // for each line of nodes, 12 planes
	int columns;       // of the grid
	int rows;
	int *node;      // for each column of pixels, the node at or left of it
	float *part;    // for each column of pixels, its place between this node and the next, from 0 to 1
	gboolean dense; // STEP pixels never reach over more than STEP nodes
} change;

// A line of maps, and for each node its difference to the next one. The planes are stride apart.
typedef struct {
	float *map, *slope;
	int stride;
} nodes;

// The place of pixel i of n among the nodes of a line, centre on centre. Pixels
// beyond the outermost nodes get the place of those.
static double place(int i, int n, int count)
{
	return VIPS_CLIP(0, (i + 0.5) * count / n - 0.5, count - 1);
}

typedef struct {
	float *in[3]; // red, green and blue
	float *out[3];
} planes;

// n pixels from x on, all right of one node. It may write up to STEP - 1 more, which come next.
WIDE static void span(const planes *restrict p, int x, int n, const float *restrict part, float top, const nodes *restrict line,
	int node)
{
	const float *restrict red = p->in[0] + x, *restrict green = p->in[1] + x, *restrict blue = p->in[2] + x;

	for (int a = 0; a < 3; a++) {
		float *restrict out = p->out[a] + x;
		float from[4], slope[4];

		for (int i = 0; i < 4; i++) {
			from[i] = line->map[(4 * a + i) * line->stride + node];
			slope[i] = line->slope[(4 * a + i) * line->stride + node];
		}
		for (int i = 0; i < n; i += STEP / 2)
			for (int j = i; j < i + STEP / 2; j++) {
				float t = part[j];
				float v = (from[0] + t * slope[0]) * red[j] + (from[1] + t * slope[1]) * green[j] +
					(from[2] + t * slope[2]) * blue[j] + (from[3] + t * slope[3]);

				out[j] = VIPS_CLIP(0.0f, v + 0.5f, top);
			}
	}
}

// All n pixels of a line, the first of which is in column left.
static void spans(const change *c, const planes *p, int left, int n, float top, const nodes *line)
{
	for (int x = 0; x < n;) {
		int node = c->node[left + x], end = x + 1;

		while (end < n && c->node[left + end] == node)
			end++;
		span(p, x, end - x, c->part + left + x, top, line, node);
		x = end;
	}
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#define HAS_WIDER (!gtx_plain && __builtin_cpu_supports("avx512f"))

// The coefficients of STEP pixels, whose nodes are at[i] behind the first node.
static inline __attribute__((target("avx512f"), optimize("O3,fp-contract=off"), always_inline)) __m512 between(
	const nodes *line, int plane, int first, __m512i at, __m512 t)
{
	__m512 from = _mm512_permutexvar_ps(at, _mm512_loadu_ps(line->map + plane * line->stride + first));
	__m512 slope = _mm512_permutexvar_ps(at, _mm512_loadu_ps(line->slope + plane * line->stride + first));

	return _mm512_add_ps(from, _mm512_mul_ps(t, slope));
}

// The same as spans, with the same arithmetic, for a dense change.
static __attribute__((target("avx512f"), optimize("O3,fp-contract=off"))) void wider_spans(const change *c, const planes *p,
	int left, int n, float top, const nodes *line)
{
	for (int x = 0; x < n; x += STEP) {
		int first = c->node[left + x];
		__m512i at = _mm512_sub_epi32(_mm512_loadu_si512(c->node + left + x), _mm512_set1_epi32(first));
		__m512 t = _mm512_loadu_ps(c->part + left + x);
		__m512 red = _mm512_loadu_ps(p->in[0] + x), green = _mm512_loadu_ps(p->in[1] + x), blue = _mm512_loadu_ps(p->in[2] + x);

		for (int a = 0; a < 3; a++) {
			__m512 v = _mm512_mul_ps(between(line, 4 * a, first, at, t), red);

			v = _mm512_add_ps(v, _mm512_mul_ps(between(line, 4 * a + 1, first, at, t), green));
			v = _mm512_add_ps(v, _mm512_mul_ps(between(line, 4 * a + 2, first, at, t), blue));
			v = _mm512_add_ps(v, between(line, 4 * a + 3, first, at, t));
			v = _mm512_add_ps(v, _mm512_set1_ps(0.5f));
			v = _mm512_max_ps(_mm512_setzero_ps(), _mm512_min_ps(v, _mm512_set1_ps(top)));
			_mm512_storeu_ps(p->out[a] + x, v);
		}
	}
}
#else
#define HAS_WIDER FALSE
#define wider_spans spans
#endif

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

// A line of n nodes at t from above to below. times scales the offsets.
WIDE static void mix(const nodes *restrict line, const float *restrict above, const float *restrict below, int n, float t,
	float times)
{
	for (int plane = 0; plane < coefficients; plane++) {
		float *restrict map = line->map + plane * line->stride, *restrict slope = line->slope + plane * line->stride;
		const float *restrict from = above + plane * n, *restrict to = below + plane * n;
		float by = plane % 4 == 3 ? times : 1;

		for (int i = 0; i < n; i++)
			map[i] = (from[i] + t * (to[i] - from[i])) * by;
		for (int i = 0; i < n - 1; i++)
			slope[i] = map[i + 1] - map[i];
	}
}

static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = seq;
	VipsImage *image = out->im;
	const change *c = b;
	const VipsRect *area = &out->valid;
	int bands = image->Bands;
	gboolean deep = image->BandFmt == VIPS_FORMAT_USHORT;
	size_t count = (size_t) coefficients * c->columns; // of a line of nodes
	int room = area->width + STEP;
	nodes line = { .stride = c->columns + STEP };
	planes p;

	if (vips_region_prepare(in, area) ||
		!(line.map = g_malloc0((2 * (size_t) coefficients * line.stride + 6 * (size_t) room) * sizeof(float))))
		return -1;
	line.slope = line.map + coefficients * line.stride;
	for (int i = 0; i < 3; i++) {
		p.in[i] = line.slope + coefficients * line.stride + i * room;
		p.out[i] = p.in[i] + 3 * room;
	}
	for (int y = area->top; y < VIPS_RECT_BOTTOM(area); y++) {
		double v = place(y, image->Ysize, c->rows);
		int node = v;
		const void *from = VIPS_REGION_ADDR(in, area->left, y);

		mix(&line, c->maps + count * node, c->maps + count * VIPS_MIN(node + 1, c->rows - 1), c->columns, v - node,
			deep ? 257 : 1);
		split(from, area->width, bands, deep, &p);
		(c->dense && HAS_WIDER ? wider_spans : spans)(c, &p, area->left, area->width, deep ? 65535 : 255, &line);
		join(VIPS_REGION_ADDR(out, area->left, y), from, area->width, bands, deep, &p);
	}
	g_free(line.map);
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
	c->node = VIPS_ARRAY(out, in->Xsize + STEP, int);
	c->part = VIPS_ARRAY(out, in->Xsize + STEP, float);
	c->dense = TRUE;
	for (int x = 0; x < in->Xsize + STEP; x++) {
		double at = place(x, in->Xsize, columns);

		c->node[x] = at;
		c->part[x] = at - c->node[x];
		if (x >= STEP - 1 && c->node[x] - c->node[x - STEP + 1] >= STEP)
			c->dense = FALSE;
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
