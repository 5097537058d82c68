package page

import (
	"math"
	"testing"
)

func TestMedianStandsAtItsValue(t *testing.T) {
	p := plotOf(measure{}, []float64{1, 10, 10, 10, 10, 10, 1000})
	if p.Middle != "10" || math.Abs(p.MiddleX-plotWidth/3) > 2 || !p.Logarithmic {
		t.Errorf("%s at %g of %g", p.Middle, p.MiddleX, plotWidth)
	}
	share := plotOf(measure{share: true}, []float64{0.5, 0.75, 0.9})
	if share.Low != "0" || share.High != "1" || math.Abs(share.MiddleX-plotWidth*3/4) > 2 || share.Logarithmic {
		t.Errorf("%s at %g of %g", share.Middle, share.MiddleX, plotWidth)
	}
}
