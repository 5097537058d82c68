package models

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"gtx/models/manifest"
)

// draw returns the noise for one image of h×w pixels. The same seed and name give the same numbers,
// whatever else is in the batch.
func draw(n *manifest.Noise, seed uint64, name string, h, w int) []float32 {
	values := make([]float32, product(spread(n.Shape, h, w)))
	hash := fnv.New64a()
	hash.Write([]byte(name))
	random := rand.New(rand.NewPCG(seed, hash.Sum64()))
	squares := 0.0
	for i := range values {
		v := 0.0
		switch n.Dist {
		case manifest.DistZeros:
		case manifest.DistUniform:
			v = 2*random.Float64() - 1
		default:
			v = random.NormFloat64()
		}
		values[i] = float32(v)
		squares += v * v
	}
	if n.Hypersphere && squares > 0 {
		// Karras et al. 2018 (Progressive Growing of GANs) normalise latents like this.
		scale := float32(1 / math.Sqrt(squares/float64(len(values))))
		for i := range values {
			values[i] *= scale
		}
	}
	return values
}

// spread replaces the first free dimension of a shape by a height and the second by a width.
func spread(shape []int, h, w int) []int64 {
	sides := []int{h, w}
	out := make([]int64, len(shape))
	for i, n := range shape {
		if n == manifest.AnyDim && len(sides) > 0 {
			n, sides = sides[0], sides[1:]
		}
		out[i] = int64(n)
	}
	return out
}

func product(shape []int64) int {
	total := 1
	for _, n := range shape {
		total *= int(n)
	}
	return total
}
