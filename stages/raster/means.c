#include <stdlib.h>
#include <string.h>

#include "means.h"
#include "wide.h"

WIDE static void add(unsigned short *restrict sums, const unsigned char *restrict line, long n)
{
	for (long i = 0; i < n; i++)
		sums[i] += line[i];
}

int gtx_means(const unsigned char *pixels, long width, long height, long factor, unsigned char *out)
{
	long n = 3 * width;
	unsigned short *sums = malloc(n * sizeof *sums); // of the columns of a line of blocks

	for (long top = 0; sums && top < height; top += factor) {
		long lines = factor < height - top ? factor : height - top;

		memset(sums, 0, n * sizeof *sums);
		for (long y = top; y < top + lines; y++)
			add(sums, pixels + y * n, n);
		for (long left = 0; left < width; left += factor) {
			long columns = factor < width - left ? factor : width - left, area = lines * columns;
			unsigned sum[3] = { 0 };

			for (const unsigned short *s = sums + 3 * left; s < sums + 3 * (left + columns); s += 3)
				for (int band = 0; band < 3; band++)
					sum[band] += s[band];
			for (int band = 0; band < 3; band++)
				*out++ = (sum[band] + area / 2) / area;
		}
	}
	int done = sums != NULL;
	free(sums);
	return done;
}
