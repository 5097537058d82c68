package raster

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestFitAffineEqualsPlainGo(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		part := Rectangle{Width: 1 + rng.IntN(40), Height: 1 + rng.IntN(40)}
		image := func() Pixels { return grainy(40, rng.IntN(1000)).Part(part) }
		small, result := image(), image()
		if rng.IntN(3) == 0 { // flat windows
			for i := range small.Data {
				small.Data[i] = small.Data[i%3]
			}
		}
		beneath, opacity := result, []byte(nil)
		if rng.IntN(2) == 0 {
			beneath = image()
			for range small.Width * small.Height {
				opacity = append(opacity, byte(rng.Uint32()))
			}
		}
		got, want := FitAffine(small, beneath, result, opacity), plainFitAffine(small, beneath, result, opacity)
		if !slices.Equal(got.Values, want.Values) {
			t.Fatalf("%d×%d: other maps", small.Width, small.Height)
		}
	}
}

func TestBoxMeanEqualsPlainGo(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		width, height, r := 1+rng.IntN(30), 1+rng.IntN(30), 1+rng.IntN(5)
		channels := []int{1, 4, 12, 16, 21, 64}[rng.IntN(6)]
		got := make([]float32, channels*width*height)
		for i := range got {
			got[i] = 255 * rng.Float32()
		}
		want := slices.Clone(got)
		BoxMean(got, width, height, channels, r)
		plainBoxMean(want, width, height, channels, r)
		if !slices.Equal(got, want) {
			t.Fatalf("%d×%d×%d, radius %d: other means", width, height, channels, r)
		}
	}
}

// Least squares needs these means over each window: of source, of target and of their products.
const (
	momentSource = 0
	momentTarget = 3
	momentCross  = 6  // target i × source j at momentCross+3i+j
	momentOwn    = 15 // source i × source j, i ≤ j, in the order of momentOwnAt
	moments      = 21
)

var momentOwnAt = [3][3]int{{0, 1, 2}, {1, 3, 4}, {2, 4, 5}}

// plainFitAffine is FitAffine in plain Go, with the same arithmetic.
func plainFitAffine(small, beneath, result Pixels, opacity []byte) Maps {
	n := small.Width * small.Height
	windows := momentsOf(small, beneath)
	plainBoxMean(windows, small.Width, small.Height, moments, affineRadius)
	maps := make([]float32, Coefficients*n)
	for i := range n {
		solveAffine(windows[i*moments:][:moments], maps[i*Coefficients:][:Coefficients])
	}
	plainBoxMean(maps, small.Width, small.Height, Coefficients, affineRadius)
	for i := range n {
		s := small.Data[3*i:][:3]
		for a := range 3 {
			row := maps[i*Coefficients+4*a:][:4]
			if opacity != nil {
				shows := 1 - float32(opacity[i])/255
				row[0], row[1], row[2] = shows*row[0], shows*row[1], shows*row[2] // row[3] follows below
			}
			explained := row[0]*float32(s[0]) + row[1]*float32(s[1]) + row[2]*float32(s[2]) + row[3]
			row[3] += float32(result.Data[3*i+a]) - explained
		}
	}
	m := newMaps(small)
	for i, v := range maps {
		pixel := i / Coefficients
		m.Values[m.at(pixel%small.Width, pixel/small.Width, i%Coefficients)] = v
	}
	return m
}

// momentsOf returns the moments of each single pixel.
func momentsOf(small, result Pixels) []float32 {
	n := small.Width * small.Height
	all := make([]float32, moments*n)
	for i := range n {
		m := all[i*moments:][:moments]
		s, t := small.Data[3*i:][:3], result.Data[3*i:][:3]
		for a := range 3 {
			m[momentSource+a], m[momentTarget+a] = float32(s[a]), float32(t[a])
			for b := range 3 {
				m[momentCross+3*a+b] = float32(t[a]) * float32(s[b])
				m[momentOwn+momentOwnAt[a][b]] = float32(s[a]) * float32(s[b])
			}
		}
	}
	return all
}

// solveAffine fits a map to the mean moments of a window.
func solveAffine(m, coefficients []float32) {
	var covariance, mixed [3][3]float64
	for a := range 3 {
		for b := range 3 {
			covariance[a][b] = float64(m[momentOwn+momentOwnAt[a][b]]) - float64(m[momentSource+a])*float64(m[momentSource+b])
			mixed[a][b] = float64(m[momentCross+3*a+b]) - float64(m[momentTarget+a])*float64(m[momentSource+b])
		}
		covariance[a][a] += affineFlat
		mixed[a][a] += affineFlat
	}
	inverse := invert(covariance)
	for a := range 3 {
		row := coefficients[4*a:][:4]
		offset := float64(m[momentTarget+a])
		for b := range 3 {
			v := mixed[a][0]*inverse[0][b] + mixed[a][1]*inverse[1][b] + mixed[a][2]*inverse[2][b]
			row[b] = float32(v)
			offset -= v * float64(m[momentSource+b])
		}
		row[3] = float32(offset)
	}
}

// plainBoxMean replaces each value by the mean over the (2r+1)² window around it, clipped
// at the borders. The channels of a pixel lie side by side.
func plainBoxMean(values []float32, width, height, channels, r int) {
	line := make([]float64, channels*width)
	// Columns first, then rows. A running sum adds one value and drops another.
	means := func(count, stride, start int, row int) {
		sums := line[:row]
		clear(sums)
		out := make([]float32, count*row)
		in := func(k int) []float32 { return values[start+k*stride:][:row] }
		for k := range min(r, count) {
			for i, v := range in(k) {
				sums[i] += float64(v)
			}
		}
		for k := range count {
			if k+r < count {
				for i, v := range in(k + r) {
					sums[i] += float64(v)
				}
			}
			if k-r-1 >= 0 {
				for i, v := range in(k - r - 1) {
					sums[i] -= float64(v)
				}
			}
			scale := 1 / float64(min(k+r, count-1)-max(k-r, 0)+1)
			for i, s := range sums {
				out[k*row+i] = float32(s * scale)
			}
		}
		for k := range count {
			copy(in(k), out[k*row:][:row])
		}
	}
	means(height, channels*width, 0, channels*width)
	for y := range height {
		means(width, channels, y*width*channels, channels)
	}
}
