// gtx_lattice has the sums over all blocks of 8×8 pixels, in units of a grey level.
typedef struct {
	double phases[3][64]; // of w·r, w·x·r and w·y·r, at each pixel of a block
	double normal[6];     // of w × 1, x, y, xx, xy, yy
	double chance[6];     // of w²·v × the same
	double weight;        // of w·v
} gtx_lattice;

// gtx_blocks fills in the sums for a picture of width×height pixels, stride bytes a line, and
// reports whether there was memory for it. What is left over at the right and below is not seen.
int gtx_blocks(const unsigned char *data, long stride, long width, long height, long bands, gtx_lattice *sums);
