// gtx_box_mean replaces each value by the mean over the (2·radius+1)² window around it,
// clipped at the borders. The channels of a pixel, at most 64, lie side by side. It
// returns 0 if memory ran out.
int gtx_box_mean(float *values, long width, long height, long channels, long radius);

// gtx_fit fills in the maps that affine.go describes, for each line 12 planes of a coefficient. small,
// beneath and result are RGB. opacity has one byte per pixel, or is NULL without a cover.
// It returns 0 if memory ran out.
int gtx_fit(const unsigned char *small, const unsigned char *beneath, const unsigned char *result,
	const unsigned char *opacity, long width, long height, long radius, double flat, float *maps);
