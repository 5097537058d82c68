package raster

// Interior is the middle of an image, without a quarter of each side at every border,
// so that a score does not see what a network's padding leaves there. It cuts less
// off small images: no side falls below the least that ScoreOf takes.
func (p Pixels) Interior() Pixels {
	margin := func(side int) int { return max(0, min(side/4, (side-scoreMin)/2)) }
	x, y := margin(p.Width), margin(p.Height)
	return p.Part(Rectangle{x, y, p.Width - 2*x, p.Height - 2*y})
}
