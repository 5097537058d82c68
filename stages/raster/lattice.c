#include <string.h>

#include "lattice.h"

enum {
	SIDE = 8,                 // of a block
	AREA = SIDE * SIDE,       // pixels of a block
	COLUMNS = 256,            // of a window, a multiple of SIDE
	PIXELS = 2000000,         // larger images are sampled down to about as many
	LUMA_UNIT = 8,            // luma is in 1/8 grey level: nine times as much fits into 16 bits
	UNIT = 8 * LUMA_UNIT,     // a residual is in 1/64 grey level
	MOST = 8 * UNIT,          // residuals are clipped at 8 grey levels
	STEEP = 8 * 2 * LUMA_UNIT // and gradients as well
};

// A window is a part of a line of blocks. It needs a border of one pixel of luma. It
// lies on the stack and fits into the L1 cache.
typedef struct {
	short luma[SIDE + 2][COLUMNS + 2];
	short residual[SIDE][COLUMNS];
	short across[COLUMNS]; // for each column, the sum of its gradients to the right
	short down[COLUMNS];   // and downwards
} window;

static inline short clip(short value, short most)
{
	short low = value < -most ? -most : value;

	return low > most ? most : low;
}

// Luma by BT.601. The compiler vectorises it only if bands is a constant.
static inline void luma(const unsigned char *restrict pixels, long count, long bands, short *restrict out)
{
	for (long i = 0; i < count; i++) {
		const unsigned char *pixel = pixels + i * bands;

		out[i] = (77 * pixel[0] + 150 * pixel[1] + 29 * pixel[2] + 16) >> 5;
	}
}

static void luma_of_line(const unsigned char *pixels, long count, long bands, short *out)
{
	if (bands == 3)
		luma(pixels, count, 3, out);
	else
		luma(pixels, count, 4, out);
}

// Each pixel less the mean of its 8 neighbours.
static void residuals(const short *restrict above, const short *restrict here, const short *restrict below,
	long count, short *restrict out)
{
	for (long i = 0; i < count; i++) {
		short top = above[i] + above[i + 1] + above[i + 2];
		short middle = here[i] + here[i + 1] + here[i + 2];
		short bottom = below[i] + below[i + 1] + below[i + 2];
		short residual = 9 * here[i + 1] - (top + middle + bottom);

		out[i] = clip(residual, MOST);
	}
}

// Central differences, added up along each column.
static void gradients(const short *restrict above, const short *restrict here, const short *restrict below,
	long count, short *restrict across, short *restrict down)
{
	for (long i = 0; i < count; i++) {
		across[i] += clip(here[i + 2] - here[i], STEEP);
		down[i] += clip(below[i + 1] - above[i + 1], STEEP);
	}
}

static void fill(window *w, const unsigned char *pixels, long stride, long count, long bands)
{
	for (int y = 0; y < SIDE + 2; y++)
		luma_of_line(pixels + y * stride, count + 2, bands, w->luma[y]);
	memset(w->across, 0, sizeof w->across);
	memset(w->down, 0, sizeof w->down);
	for (int y = 0; y < SIDE; y++) {
		residuals(w->luma[y], w->luma[y + 1], w->luma[y + 2], count, w->residual[y]);
		gradients(w->luma[y], w->luma[y + 1], w->luma[y + 2], count, w->across, w->down);
	}
}

// Adds a block to the sums, and its weighted residuals to the phases of its line.
static void add_block(const window *w, long left, float phases[3][AREA], gtx_lattice *sums)
{
	short r[AREA]; // contiguous, so that the sums below vectorise
	int total = 0;
	int squares = 0;
	int across = 0;
	int down = 0;

	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
			r[SIDE * y + x] = w->residual[y][left + x];
	for (int i = 0; i < AREA; i++) {
		total += r[i];
		squares += r[i] * r[i];
	}
	for (int x = 0; x < SIDE; x++) {
		across += w->across[left + x];
		down += w->down[left + x];
	}

	float mean = (float) total / AREA;
	float variance = ((float) squares / AREA - mean * mean) / (UNIT * UNIT);
	float weight = 1 / (variance + 1);
	float x = (float) across / (AREA * 2 * LUMA_UNIT);
	float y = (float) down / (AREA * 2 * LUMA_UNIT);
	float weight_x = weight * x;
	float weight_y = weight * y;

	for (int i = 0; i < AREA; i++) {
		phases[0][i] += weight * r[i];
		phases[1][i] += weight_x * r[i];
		phases[2][i] += weight_y * r[i];
	}

	const double terms[6] = { 1, x, y, (double) x * x, (double) x * y, (double) y * y };

	for (int i = 0; i < 6; i++) {
		sums->normal[i] += weight * terms[i];
		sums->chance[i] += (double) weight * weight * variance * terms[i];
	}
}

void gtx_blocks(const unsigned char *data, long stride, long width, long height, long bands, gtx_lattice *sums)
{
	long step = SIDE * (1 + width * height / PIXELS);
	window w;

	memset(sums, 0, sizeof *sums);
	for (long top = 0; top + SIDE + 1 < height; top += step) {
		// Single precision is enough for one line of blocks.
		float phases[3][AREA] = { 0 };

		for (long left = 0; left + SIDE + 1 < width; left += COLUMNS) {
			long count = (width - 2 - left) / SIDE * SIDE;

			if (count > COLUMNS)
				count = COLUMNS;
			fill(&w, data + top * stride + left * bands, stride, count, bands);
			for (long block = 0; block < count; block += SIDE)
				add_block(&w, block, phases, sums);
		}
		for (int k = 0; k < 3; k++)
			for (int i = 0; i < AREA; i++)
				sums->phases[k][i] += phases[k][i] / UNIT;
	}
}
