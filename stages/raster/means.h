// gtx_means writes the rounded means of blocks of factor × factor pixels of an RGB image.
// Blocks at the right and at the bottom may be cut. It returns 0 if memory is short.
int gtx_means(const unsigned char *pixels, long width, long height, long factor, unsigned char *out);
