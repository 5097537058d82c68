#include <stdlib.h>
#include <string.h>

#include "lattice.h"

typedef short row8 __attribute__((vector_size(16)));
typedef int four __attribute__((vector_size(16)));
typedef float real4 __attribute__((vector_size(16)));

static inline row8 load8(const short *p) { row8 v; memcpy(&v, p, sizeof v); return v; }
static inline row8 clip8(row8 v, short most) {
	row8 top = (row8){0} + most, bottom = -top, high = v > top, low = v < bottom;
	v = (v & ~high) | (top & high);
	return (v & ~low) | (bottom & low);
}
// even and odd are every other number of eight.
static inline four even(row8 v) { return (four)v << 16 >> 16; }
static inline four odd(row8 v) { return (four)v >> 16; }
static inline int sum8(row8 v) { four s = even(v) + odd(v); return s[0] + s[1] + s[2] + s[3]; }
static inline float sum4(real4 v) { return (v[0] + v[1]) + (v[2] + v[3]); }

// luma (BT.601) in 1/8 grey level, so that nine of them fit into 16 bits.
static inline void luma(const unsigned char *restrict line, long width, long bands, short *restrict out) {
	for (long x = 0; x < width; x++)
		out[x] = (77 * line[x * bands] + 150 * line[x * bands + 1] + 29 * line[x * bands + 2] + 16) >> 5;
}
static void gtx_luma(const unsigned char *line, long width, long bands, short *out) {
	if (bands == 3) // for the compiler
		luma(line, width, 3, out);
	else
		luma(line, width, 4, out);
}

int gtx_blocks(const unsigned char *data, long stride, long width, long height, long bands, gtx_lattice *out) {
	enum { lines = 10, clip = 8 * 64, steep = 8 * 8 * 2 };
	long room = width + 8;
	short *ring = malloc(sizeof(short) * room * lines), *at[lines];
	if (!ring)
		return 0;
	memset(out, 0, sizeof *out);
	// Of large pictures some two megapixels do.
	long step = 8 * (1 + width * height / 2000000);
	for (long top = 1; top + 8 < height; top += step) {
		for (int j = 0; j < lines; j++) { // the last two may be the first two of the next
			at[j] = ring + room * ((top - 1 + j) % lines);
			if (top == 1 || j >= 2 || step > 8)
				gtx_luma(data + (top - 1 + j) * stride, width, bands, at[j]);
		}
		real4 acc[3][16];
		memset(acc, 0, sizeof acc);
		for (long left = 1; left + 8 < width; left += 8) {
			real4 r[16], squares = {0};
			row8 across = {0}, down = {0}, sums = {0};
			for (int j = 0; j < 8; j++) {
				const short *a = at[j] + left, *h = at[j + 1] + left, *b = at[j + 2] + left;
				row8 above = load8(a), here = load8(h), below = load8(b), before = load8(h - 1), after = load8(h + 1);
				row8 box = load8(a - 1) + above + load8(a + 1) + before + here + after + load8(b - 1) + below + load8(b + 1);
				row8 v = clip8(here * 9 - box, clip);
				across += clip8(after - before, steep);
				down += clip8(below - above, steep);
				sums += v;
				r[2 * j] = __builtin_convertvector(even(v), real4);
				r[2 * j + 1] = __builtin_convertvector(odd(v), real4);
				squares += r[2 * j] * r[2 * j] + r[2 * j + 1] * r[2 * j + 1];
			}
			float mean = sum8(sums) / 64.f;
			float v = (sum4(squares) / 64 - mean * mean) / (64 * 64);
			float w = 1 / (v + 1);
			float x = sum8(across) / (64.f * 16), y = sum8(down) / (64.f * 16);
			float wx = w * x, wy = w * y;
			for (int j = 0; j < 16; j++) {
				acc[0][j] += w * r[j];
				acc[1][j] += wx * r[j];
				acc[2][j] += wy * r[j];
			}
			const double terms[6] = {1, x, y, (double)x * x, (double)x * y, (double)y * y};
			for (int i = 0; i < 6; i++) {
				out->normal[i] += w * terms[i];
				out->chance[i] += (double)w * w * v * terms[i];
			}
			out->weight += w * v;
		}
		for (int k = 0; k < 3; k++)
			for (int i = 0; i < 64; i++)
				out->phases[k][i] += acc[k][i / 8 * 2 + i % 2][i % 8 / 2] / 64;
	}
	free(ring);
	return 1;
}
