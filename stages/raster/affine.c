#include <stdlib.h>
#include <string.h>

#include "affine.h"
#include "wide.h"

enum {
	COEFFICIENTS = 12, // of a map: 3×4, row by row
	CHANNELS = 64,     // at most
	LANES = 8          // pixels that are solved at once
};

// What least squares needs for each window: the means of source and target, and those of
// their products.
enum {
	SOURCE = 0,
	TARGET = 3,
	CROSS = 6, // target i × source j at CROSS + 3i + j
	OWN = 15,  // source i × source j, i ≤ j: 00 01 02 11 12 22
	MOMENTS = 21
};

// A fit is the work of gtx_fit or gtx_box_mean.
typedef struct {
	const unsigned char *small, *beneath, *result, *opacity;
	long width, channels;
	double flat;
	float *values; // a line of channels × width per line of the image
} fit;

// A line function reads or writes line y of the image.
typedef void line(fit *f, long y, float *row);

WIDE static void add(double *restrict sums, const float *restrict row, long n)
{
	for (long i = 0; i < n; i++)
		sums[i] += row[i];
}

WIDE static void subtract(double *restrict sums, const float *restrict row, long n)
{
	for (long i = 0; i < n; i++)
		sums[i] -= row[i];
}

WIDE static void scale(float *restrict row, const double *restrict sums, long n, double by)
{
	for (long i = 0; i < n; i++)
		row[i] = sums[i] * by;
}

// The number of pixels from i - r to i + r that lie among n.
static inline long inside(long i, long n, long r)
{
	return (i + r < n ? i + r : n - 1) - (i > r ? i - r : 0) + 1;
}

// Means along a line. The compiler vectorises it only if channels is a constant.
static inline __attribute__((always_inline)) void along(const float *restrict in, float *restrict out, long width,
	const long channels, long r)
{
	double sums[CHANNELS] = { 0 };

	for (long x = 0; x < r && x < width; x++)
		for (long i = 0; i < channels; i++)
			sums[i] += in[x * channels + i];
	for (long x = 0; x < width; x++) {
		double by = 1 / (double) inside(x, width, r);

		if (x + r < width)
			for (long i = 0; i < channels; i++)
				sums[i] += in[(x + r) * channels + i];
		if (x - r - 1 >= 0)
			for (long i = 0; i < channels; i++)
				sums[i] -= in[(x - r - 1) * channels + i];
		for (long i = 0; i < channels; i++)
			out[x * channels + i] = sums[i] * by;
	}
}

WIDE static void along_line(const float *in, float *out, long width, long channels, long r)
{
	if (channels == MOMENTS)
		along(in, out, width, MOMENTS, r);
	else if (channels == COEFFICIENTS)
		along(in, out, width, COEFFICIENTS, r);
	else if (channels == 1)
		along(in, out, width, 1, r);
	else
		along(in, out, width, channels, r);
}

// Means over windows, line by line. give reads a line, take gets its means in the same
// order. A running sum adds one line and drops another, which waits in a ring until then.
// So take may overwrite what give reads.
static int means(fit *f, long height, long channels, long r, line *give, line *take)
{
	long n = f->width * channels, ring = 2 * r + 2;
	double *sums = calloc(n, sizeof *sums);
	float *rows = malloc((ring + 2) * n * sizeof *rows), *down = rows + ring * n, *both = down + n;

	f->channels = channels;
	for (long y = -r; sums && rows && y < height; y++) {
		if (y + r < height) {
			float *row = rows + (y + r) % ring * n;

			give(f, y + r, row);
			add(sums, row, n);
		}
		if (y - r - 1 >= 0)
			subtract(sums, rows + (y - r - 1) % ring * n, n);
		if (y >= 0) {
			scale(down, sums, n, 1 / (double) inside(y, height, r));
			along_line(down, both, f->width, channels, r);
			take(f, y, both);
		}
	}
	int done = sums && rows;
	free(sums);
	free(rows);
	return done;
}

static void give_values(fit *f, long y, float *row)
{
	long n = f->width * f->channels;

	memcpy(row, f->values + y * n, n * sizeof *row);
}

static void take_values(fit *f, long y, float *row)
{
	long n = f->width * f->channels;

	memcpy(f->values + y * n, row, n * sizeof *row);
}

// The moments of each single pixel.
static void give_moments(fit *f, long y, float *row)
{
	const unsigned char *s = f->small + 3 * f->width * y, *t = f->beneath + 3 * f->width * y;

	for (float *m = row; m < row + MOMENTS * f->width; m += MOMENTS, s += 3, t += 3) {
		int own = OWN;

		for (int a = 0; a < 3; a++) {
			m[SOURCE + a] = s[a];
			m[TARGET + a] = t[a];
			for (int b = 0; b < 3; b++)
				m[CROSS + 3 * a + b] = t[a] * s[b];
			for (int b = a; b < 3; b++)
				m[own++] = s[a] * s[b];
		}
	}
}

#define EACH for (int j = 0; j < LANES; j++)

// Fits the maps of LANES pixels to the mean moments of their windows. It inverts the
// covariance of the source, which is symmetric and positive definite, by its cofactors.
WIDE static void solve(const float *restrict moments, double flat, float *restrict maps)
{
	double m[MOMENTS][LANES], own[6][LANES], inverse[6][LANES], v[3][LANES], offset[LANES];
	static const int at[3][3] = { { 0, 1, 2 }, { 1, 3, 4 }, { 2, 4, 5 } };

	EACH for (int i = 0; i < MOMENTS; i++)
		m[i][j] = moments[MOMENTS * j + i];
	for (int a = 0; a < 3; a++)
		for (int b = a; b < 3; b++)
			EACH
				own[at[a][b]][j] = m[OWN + at[a][b]][j] - m[SOURCE + a][j] * m[SOURCE + b][j] + (a == b ? flat : 0);
	EACH
	{
		double c00 = own[3][j] * own[5][j] - own[4][j] * own[4][j];
		double c01 = own[2][j] * own[4][j] - own[1][j] * own[5][j];
		double c02 = own[1][j] * own[4][j] - own[2][j] * own[3][j];
		double c11 = own[0][j] * own[5][j] - own[2][j] * own[2][j];
		double c12 = own[1][j] * own[2][j] - own[0][j] * own[4][j];
		double c22 = own[0][j] * own[3][j] - own[1][j] * own[1][j];
		double d = 1 / (own[0][j] * c00 + own[1][j] * c01 + own[2][j] * c02);

		inverse[0][j] = c00 * d;
		inverse[1][j] = c01 * d;
		inverse[2][j] = c02 * d;
		inverse[3][j] = c11 * d;
		inverse[4][j] = c12 * d;
		inverse[5][j] = c22 * d;
	}
	for (int a = 0; a < 3; a++) {
		double mixed[3][LANES];

		for (int b = 0; b < 3; b++)
			EACH
				mixed[b][j] = m[CROSS + 3 * a + b][j] - m[TARGET + a][j] * m[SOURCE + b][j] + (a == b ? flat : 0);
		EACH
			offset[j] = m[TARGET + a][j];
		for (int b = 0; b < 3; b++)
			EACH
			{
				v[b][j] = mixed[0][j] * inverse[at[0][b]][j] + mixed[1][j] * inverse[at[1][b]][j] +
					mixed[2][j] * inverse[at[2][b]][j];
				offset[j] -= v[b][j] * m[SOURCE + b][j];
			}
		EACH
		{
			for (int b = 0; b < 3; b++)
				maps[COEFFICIENTS * j + 4 * a + b] = v[b][j];
			maps[COEFFICIENTS * j + 4 * a + 3] = offset[j];
		}
	}
}

static void take_moments(fit *f, long y, float *row)
{
	float *maps = f->values + COEFFICIENTS * f->width * y;
	long x = 0;

	for (; x + LANES <= f->width; x += LANES)
		solve(row + MOMENTS * x, f->flat, maps + COEFFICIENTS * x);
	if (x < f->width) {
		float in[MOMENTS * LANES] = { 0 }, out[COEFFICIENTS * LANES];

		memcpy(in, row + MOMENTS * x, MOMENTS * (f->width - x) * sizeof *in);
		solve(in, f->flat, out);
		memcpy(maps + COEFFICIENTS * x, out, COEFFICIENTS * (f->width - x) * sizeof *out);
	}
}

// The smooth maps, with what they do not explain added to their offsets. Each line gets 12 planes.
static void take_maps(fit *f, long y, float *row)
{
	const unsigned char *s = f->small + 3 * f->width * y, *t = f->result + 3 * f->width * y;

	for (long x = 0; x < 3 * f->width; x += 3)
		for (int a = 0; a < 3; a++) {
			float *m = row + 4 * (x + a);

			if (f->opacity) {
				float shows = 1 - f->opacity[f->width * y + x / 3] / 255.0f;

				for (int b = 0; b < 3; b++)
					m[b] *= shows; // m[3] follows below
			}
			float explained = m[0] * s[x] + m[1] * s[x + 1] + m[2] * s[x + 2] + m[3];

			m[3] += t[x + a] - explained;
		}
	for (long k = 0; k < COEFFICIENTS; k++) {
		float *plane = f->values + (COEFFICIENTS * y + k) * f->width;

		for (long x = 0; x < f->width; x++)
			plane[x] = row[COEFFICIENTS * x + k];
	}
}

int gtx_box_mean(float *values, long width, long height, long channels, long radius)
{
	fit f = { .width = width, .values = values };

	return means(&f, height, channels, radius, give_values, take_values);
}

int gtx_fit(const unsigned char *small, const unsigned char *beneath, const unsigned char *result,
	const unsigned char *opacity, long width, long height, long radius, double flat, float *maps)
{
	fit f = { .small = small, .beneath = beneath, .result = result, .opacity = opacity, .width = width, .flat = flat, .values = maps };

	return means(&f, height, MOMENTS, radius, give_moments, take_moments) &&
		means(&f, height, COEFFICIENTS, radius, give_values, take_maps);
}
