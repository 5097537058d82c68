package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"gtx/stages"
)

func noise(seed uint64) stages.Pixels {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := stages.Pixels{Width: 64, Height: 48, Bands: 3}
	for range 64 * 48 {
		v := byte(rng.IntN(256))
		p.Data = append(p.Data, v, v, v)
	}
	return p
}

func TestTheTruthScoresFullAndThePhotographNothingNew(t *testing.T) {
	photo, truth := noise(1), noise(2)
	r := newReference(photo, truth)
	m := r.measure(truth)
	if m.psnr < 70 || math.Abs(m.ssim-1) > 1e-9 || m.halo != 0 || math.Abs(m.coarse-1) > 1e-9 || math.Abs(m.fine-1) > 1e-9 {
		t.Errorf("the truth: %+v", m)
	}
	m = r.measure(photo)
	if m.psnr > 10 || m.ssim > 0.2 || math.Abs(m.coarse) > 1e-9 || math.Abs(m.fine) > 1e-9 {
		t.Errorf("the photograph: %+v", m)
	}
}

func TestHaloIsWhatLiesBeyondTheTruthNearEdges(t *testing.T) {
	step := stages.Pixels{Width: 40, Height: 20, Bands: 3}
	over := step
	for i := range 40 * 20 {
		v, w := byte(50), byte(50)
		if i%40 >= 20 {
			v, w = 150, 150
		}
		if i%40 == 21 {
			w += 7
		}
		step.Data, over.Data = append(step.Data, v, v, v), append(over.Data, w, w, w)
	}
	r := newReference(step, step)
	if m := r.measure(over); math.Abs(m.halo-7./8) > 1e-9 { // one of eight columns near the edge
		t.Errorf("halo %g", m.halo)
	}
}
