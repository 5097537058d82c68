package raster

// Maps are affine maps of the colours at the nodes of a grid that is spread over an image. Each has 12 coefficients, the
// 3×3 matrix A row by row with the offset b as the fourth of each row, for grey levels from 0 to 255.
type Maps struct {
	Columns, Rows int       // of the grid
	Values        []float32 // for each row of the grid, 12 planes of a coefficient
}

// Coefficients is how many a map has.
const Coefficients = 12

// newMaps makes a grid with a node for each pixel.
func newMaps(p Pixels) Maps {
	return Maps{Columns: p.Width, Rows: p.Height, Values: make([]float32, Coefficients*p.Width*p.Height)}
}

// at returns the index of a coefficient of the map at a node.
func (m Maps) at(column, row, coefficient int) int {
	return (Coefficients*row+coefficient)*m.Columns + column
}
