package raster

/*
#cgo CFLAGS: -O3
#include "lattice.h"
*/
import "C"

import (
	"math"
	"runtime"
	"unsafe"
)

// A lattice is the pattern that repeats every 8 pixels of an image, and with it those of 2 and 4.
type lattice struct {
	phases [8][8]float64 // the pattern where the gradient is zero
	chance float64       // variance of each phase that noise alone explains
}

// latticeOf measures a part of at least 10×10 pixels. Score documents the method.
func latticeOf(p Pixels, part Rectangle) lattice {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	start := &p.Data[(part.Y*p.Width+part.X)*p.Bands]
	pinner.Pin(start)
	var sums C.gtx_lattice
	C.gtx_blocks((*C.uchar)(unsafe.Pointer(start)), C.long(p.Width*p.Bands), C.long(part.Width), C.long(part.Height), C.long(p.Bands), &sums)
	var normal, chance [6]float64
	var phases [3][64]float64
	for i := range normal {
		normal[i], chance[i] = float64(sums.normal[i]), float64(sums.chance[i])
	}
	for k := range phases {
		for i := range phases[k] {
			phases[k][i] = float64(sums.phases[k][i])
		}
	}
	return fitLattice(phases, normal, chance)
}

// steepness is the ridge of the fit. If the gradient is nearly the same all over the image, it
// cannot be told from a pattern: the ridge then counts the residual as a pattern.
const steepness = 0.05

// fitLattice removes from the phases the part that is proportional to the gradient, by weighted
// least squares.
func fitLattice(phases [3][64]float64, normal, chance [6]float64) lattice {
	n := normal[0]
	inverse := invert([3][3]float64{
		{n, normal[1], normal[2]},
		{normal[1], normal[3] + steepness*n, normal[4]},
		{normal[2], normal[4], normal[5] + steepness*n},
	})
	a, b, c := inverse[0][0], inverse[0][1], inverse[0][2]
	var l lattice
	for i := range 64 {
		// Pixel 1 of the part is the first of a block.
		l.phases[(i/8+1)%8][(i%8+1)%8] = a*phases[0][i] + b*phases[1][i] + c*phases[2][i]
	}
	l.chance = a*a*chance[0] + b*b*chance[3] + c*c*chance[5] + 2*(a*b*chance[1]+a*c*chance[2]+b*c*chance[4])
	return l
}

// amplitude is the standard deviation, in grey levels, of the pattern that repeats every s pixels.
func (l lattice) amplitude(s int) float64 {
	var means [64]float64
	total := 0.0
	for y := range 8 {
		for x := range 8 {
			means[y%s*s+x%s] += l.phases[y][x] * float64(s*s) / 64
			total += l.phases[y][x] / 64
		}
	}
	variance := 0.0
	for _, m := range means[:s*s] {
		variance += (m - total) * (m - total) / float64(s*s)
	}
	return math.Sqrt(max(0, variance-l.chance*float64(s*s-1)/64))
}
