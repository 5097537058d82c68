package raster

import (
	"bytes"
	"math"
	"math/rand/v2"
)

// DeadLeaves is a synthetic RGB image of side×side pixels: discs that cover one another.
// Its edges, flat areas and spectrum resemble a photograph's (the dead leaves model; Lee,
// Mumford & Huang 2001). The same side and seed give the same image.
func DeadLeaves(side, seed int) Pixels {
	const discs = 400
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	p := Pixels{Width: side, Height: side, Bands: 3, Data: bytes.Repeat([]byte{128}, 3*side*side)}
	for range discs {
		// Radii r have a density of r⁻³, between a hundredth and a third of the side.
		low, high := float64(side)/100, float64(side)/3
		u := rng.Float64()
		radius := 1 / math.Sqrt(u/(low*low)+(1-u)/(high*high))
		cx, cy := rng.Float64()*float64(side), rng.Float64()*float64(side)
		p.disc(cx, cy, radius, [3]byte{byte(rng.IntN(256)), byte(rng.IntN(256)), byte(rng.IntN(256))})
	}
	return p
}

// disc paints a disc into an RGB image. Parts outside of the image are left out.
func (p Pixels) disc(cx, cy, radius float64, colour [3]byte) {
	for y := max(0, int(cy-radius)); y < min(p.Height, int(cy+radius)+1); y++ {
		for x := max(0, int(cx-radius)); x < min(p.Width, int(cx+radius)+1); x++ {
			if dx, dy := float64(x)-cx, float64(y)-cy; dx*dx+dy*dy < radius*radius {
				copy(p.Data[3*(y*p.Width+x):], colour[:])
			}
		}
	}
}
