package stages

/*
#cgo CFLAGS: -O3
#include <stdlib.h>
#include <string.h>

// gtx_lattice has the sums over all blocks of 8×8 pixels, in units of a grey level.
typedef struct {
	double phases[3][64]; // of w·r, w·x·r and w·y·r, at each pixel of a block
	double normal[6];     // of w × 1, x, y, xx, xy, yy
	double chance[6];     // of w²·v × the same
	double weight;        // of w·v
} gtx_lattice;

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

// gtx_blocks fills in the sums for a picture of width×height pixels, stride bytes a line, and
// reports whether there was memory for it. What is left over at the right and below is not seen.
static int gtx_blocks(const unsigned char *data, long stride, long width, long height, long bands, gtx_lattice *out) {
	enum { lines = 10, clip = 8 * 64, steep = 8 * 8 * 2 };
	long room = width + 8;
	short *ring = malloc(sizeof(short) * room * lines), *at[lines];
	if (!ring)
		return 0;
	memset(out, 0, sizeof *out);
	for (long top = 1; top + 8 < height; top += 8) {
		for (int j = 0; j < lines; j++) { // the last two are the first two of the next
			at[j] = ring + room * ((top - 1 + j) % lines);
			if (top == 1 || j >= 2)
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
*/
import "C"

import (
	"math"
	"runtime"
	"unsafe"
)

// lattice is what the blocks of a picture say about patterns that repeat every 2, 4 and 8 pixels.
type lattice struct {
	phases [8][8]float64 // the pattern, at zero gradient
	chance float64       // the variance of each phase that comes of what does not repeat
}

// latticeOf measures a part of a picture of at least 10×10 pixels. See Score for the method.
func latticeOf(p Pixels, part rectangle) lattice {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	start := &p.Data[(part.y*p.Width+part.x)*p.Bands]
	pinner.Pin(start)
	var sums C.gtx_lattice
	if C.gtx_blocks((*C.uchar)(unsafe.Pointer(start)), C.long(p.Width*p.Bands), C.long(part.width), C.long(part.height), C.long(p.Bands), &sums) == 0 {
		panic("out of memory")
	}
	var normal, chance [6]float64
	var phases [3][64]float64
	for i := range normal {
		normal[i], chance[i] = float64(sums.normal[i]), float64(sums.chance[i])
	}
	for k := range phases {
		for i := range phases[k] {
			phases[k][i] = float64(sums.phases[k][i])
		}
	}
	return fitLattice(phases, normal, chance)
}

// steepness is the ridge of the fit: where the gradient is nearly the same all over the
// picture, the pattern counts as one of its own.
const steepness = 0.05

// fitLattice takes from the phases what goes with the gradient, by weighted least squares.
func fitLattice(phases [3][64]float64, normal, chance [6]float64) lattice {
	n := normal[0]
	inverse := invert([3][3]float64{
		{n, normal[1], normal[2]},
		{normal[1], normal[3] + steepness*n, normal[4]},
		{normal[2], normal[4], normal[5] + steepness*n},
	})
	a, b, c := inverse[0][0], inverse[0][1], inverse[0][2]
	var l lattice
	for i := range 64 {
		// Pixel 1 of the part is the first of a block.
		l.phases[(i/8+1)%8][(i%8+1)%8] = a*phases[0][i] + b*phases[1][i] + c*phases[2][i]
	}
	l.chance = a*a*chance[0] + b*b*chance[3] + c*c*chance[5] + 2*(a*b*chance[1]+a*c*chance[2]+b*c*chance[4])
	return l
}

// amplitude is that of the pattern which repeats every s pixels, in grey levels of r.
func (l lattice) amplitude(s int) float64 {
	var means [64]float64
	total := 0.0
	for y := range 8 {
		for x := range 8 {
			means[y%s*s+x%s] += l.phases[y][x] * float64(s*s) / 64
			total += l.phases[y][x] / 64
		}
	}
	variance := 0.0
	for _, m := range means[:s*s] {
		variance += (m - total) * (m - total) / float64(s*s)
	}
	return math.Sqrt(max(0, variance-l.chance*float64(s*s-1)/64))
}
