package stages

// A change is what a network did to an image: affine maps of the colours at the nodes of a grid
// that is spread over the image. Each map has 12 coefficients, the 3×3 matrix A row by row with
// the offset b as the fourth of each row, for grey levels from 0 to 255. If maps is nil the change
// is the difference more − less, pixel by pixel.
type change struct {
	columns, rows int       // of the grid
	maps          []float32 // for each row of the grid, 12 planes of a coefficient
	less, more    Pixels
}

const coefficients = 12

// at returns the index of a coefficient of the map at a node.
func (c *change) at(column, row, coefficient int) int {
	return (coefficients*row+coefficient)*c.columns + column
}
