// Sums over all blocks of 8×8 pixels, in units of a grey level. r is the residual
// of a pixel; of its block, w is the weight, v the variance of r, and x and y are
// the mean gradient to the right and downwards.
typedef struct {
	double phases[3][64]; // of w·r, w·x·r and w·y·r, for each pixel of a block
	double normal[6];     // of w times 1, x, y, xx, xy and yy
	double chance[6];     // of w²·v times the same
} gtx_lattice;

// gtx_blocks fills in the sums for RGB or RGBA pixels, stride bytes per line. It
// ignores the pixels at the right and at the bottom that fill no block.
void gtx_blocks(const unsigned char *data, long stride, long width, long height, long bands, gtx_lattice *sums);
