// gtx_box_mean replaces each value by the mean over the (2·radius+1)² window around it,
// clipped at the borders. The channels of a pixel, at most 64, lie side by side. It returns 0 if
// memory ran out.
int gtx_box_mean(float *values, long width, long height, long channels, long radius);

// gtx_fit fills in the maps that affine.go describes, 12 coefficients per pixel. small
// and result are RGB. It returns 0 if memory ran out.
int gtx_fit(const unsigned char *small, const unsigned char *result, long width, long height, long radius,
	double flat, float *maps);
