package raster_test

import (
	"fmt"

	"gtx/stages/raster"
)

// A network that draws a line in every other column leaves a checkerboard.
func ExampleScoreOf() {
	p := raster.DeadLeaves(128, 1)
	before := raster.ScoreOf(p)
	for i := range p.Data {
		if i/3%2 == 0 {
			p.Data[i] -= min(p.Data[i], 3)
		}
	}
	after := raster.ScoreOf(p)
	fmt.Println(before.Flagged(raster.Score{}), after.Flagged(before))
	// Output: false true
}
