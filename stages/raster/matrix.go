package raster

// invert returns the inverse of a symmetric, positive definite matrix.
func invert(m [3][3]float64) [3][3]float64 {
	c00 := m[1][1]*m[2][2] - m[1][2]*m[1][2]
	c01 := m[0][2]*m[1][2] - m[0][1]*m[2][2]
	c02 := m[0][1]*m[1][2] - m[0][2]*m[1][1]
	c11 := m[0][0]*m[2][2] - m[0][2]*m[0][2]
	c12 := m[0][1]*m[0][2] - m[0][0]*m[1][2]
	c22 := m[0][0]*m[1][1] - m[0][1]*m[0][1]
	d := 1 / (m[0][0]*c00 + m[0][1]*c01 + m[0][2]*c02)
	return [3][3]float64{
		{c00 * d, c01 * d, c02 * d},
		{c01 * d, c11 * d, c12 * d},
		{c02 * d, c12 * d, c22 * d},
	}
}
