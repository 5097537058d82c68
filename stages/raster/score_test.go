package raster

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// A slowBlock has the residuals of a block, their weight and variance, and the mean gradient.
type slowBlock struct {
	r            [64]float64
	w, v, gx, gy float64
}

// slowScore is ScoreOf in floating point, as its comment defines it: block by block, with
// the fit by the normal equations of all blocks.
func slowScore(p Pixels) Score {
	if p.Width < 64 || p.Height < 64 {
		return Score{}
	}
	var blocks []slowBlock
	step := 8 * (1 + p.Width*p.Height/2_000_000)
	for top := 1; top+8 < p.Height; top += step {
		for left := 1; left+8 < p.Width; left += 8 {
			blocks = append(blocks, slowBlockAt(p, left, top))
		}
	}
	pattern, spread := slowPattern(blocks)
	amplitude := func(s int) float64 {
		means := make([]float64, s*s)
		for k, v := range pattern {
			means[k/8%s*s+k%s] += v * float64(s*s) / 64
		}
		mean, square := 0.0, 0.0
		for _, m := range means {
			mean += m / float64(s*s)
		}
		for _, m := range means {
			square += (m - mean) * (m - mean) / float64(s*s)
		}
		return math.Sqrt(math.Max(0, square-spread*float64(s*s-1)/64))
	}
	tones := map[byte]bool{}
	for i := 1; i < len(p.Data); i += p.Bands {
		tones[p.Data[i]] = true
	}
	return Score{amplitude(2), amplitude(4), amplitude(8), true, len(tones) <= 16}
}

// slowBlockAt measures one block.
func slowBlockAt(p Pixels, left, top int) (b slowBlock) {
	luma := func(x, y int) float64 {
		px := p.At(x, y)
		return math.Floor((77*float64(px[0])+150*float64(px[1])+29*float64(px[2])+16)/32) / 8
	}
	clip := func(v float64) float64 { return math.Max(-8, math.Min(8, v)) }
	sum, squares := 0.0, 0.0
	for i := range 64 {
		x, y := left+i%8, top+i/8
		around := 0.0
		for j := -1; j <= 1; j++ {
			for i := -1; i <= 1; i++ {
				around += luma(x+i, y+j)
			}
		}
		b.r[i] = clip(luma(x, y) - (around-luma(x, y))/8)
		sum, squares = sum+b.r[i]/64, squares+b.r[i]*b.r[i]/64
		b.gx += clip((luma(x+1, y)-luma(x-1, y))/2) / 64
		b.gy += clip((luma(x, y+1)-luma(x, y-1))/2) / 64
	}
	b.v = squares - sum*sum
	b.w = 1 / (1 + b.v)
	return b
}

// slowPattern fits the pattern at zero gradient, and its variance that noise alone explains.
func slowPattern(blocks []slowBlock) (pattern [64]float64, spread float64) {
	var normal, chance [3][3]float64
	var right [3][64]float64
	for _, b := range blocks {
		x := [3]float64{1, b.gx, b.gy}
		for i := range 3 {
			for j := range 3 {
				normal[i][j] += b.w * x[i] * x[j]
				chance[i][j] += b.w * b.w * b.v * x[i] * x[j]
			}
			for k, r := range b.r {
				right[i][k] += b.w * x[i] * r
			}
		}
	}
	for i := 1; i < 3; i++ {
		normal[i][i] += 0.05 * normal[0][0]
	}
	first := invert(normal)[0]
	for i := range 3 {
		for j := range 3 {
			spread += first[i] * first[j] * chance[i][j]
		}
		for k := range pattern {
			pattern[k] += first[i] * right[i][k]
		}
	}
	return pattern, spread
}

func sameScore(t *testing.T, p Pixels) {
	t.Helper()
	got, want := ScoreOf(p), slowScore(p)
	for _, a := range [][2]float64{{got.A2, want.A2}, {got.A4, want.A4}, {got.A8, want.A8}} {
		// Squares are compared because the root magnifies rounding near zero. The bound allows for
		// a gradient that is the same everywhere: the fit then magnifies the rounding of 32 bits.
		if math.Abs(a[0]*a[0]-a[1]*a[1]) > 1e-3*(1+a[1]*a[1]) || got.Valid != want.Valid || got.Drawn != want.Drawn {
			t.Errorf("%d×%d: %v, want %v", p.Width, p.Height, got, want)
		}
	}
}

func TestScoreEqualsItsSlowReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	sameScore(t, grainy(2100, 1)) // more than it looks at all the lines of
	for _, size := range [][2]int{{64, 64}, {65, 71}, {66, 64}, {67, 66}, {72, 73}, {95, 64}, {64, 101}, {63, 64}} {
		for bands := 3; bands <= 4; bands++ {
			p := Pixels{Width: size[0], Height: size[1], Bands: bands, Data: make([]byte, size[0]*size[1]*bands)}
			for i := range p.Data {
				p.Data[i] = byte(rng.Uint32())
			}
			sameScore(t, p)
		}
	}
}

func FuzzScore(f *testing.F) {
	f.Add(uint8(0), uint8(0), false, []byte{1, 2, 3})
	f.Add(uint8(7), uint8(3), true, []byte("some texture, not quite periodic"))
	f.Fuzz(func(t *testing.T, w, h uint8, alpha bool, texture []byte) {
		p := Pixels{Width: 64 + int(w)%32, Height: 64 + int(h)%32, Bands: 3}
		if alpha {
			p.Bands = 4
		}
		p.Data = make([]byte, p.Width*p.Height*p.Bands)
		for i := range p.Data {
			if len(texture) > 0 {
				p.Data[i] = texture[i%len(texture)]
			}
		}
		sameScore(t, p)
	})
}

func TestFlatAndSmallImagesScoreNothing(t *testing.T) {
	flat := Pixels{Width: 80, Height: 70, Bands: 3, Data: []byte(strings.Repeat("\x80", 3*80*70))}
	if s := ScoreOf(flat); s != (Score{Valid: true, Drawn: true}) {
		t.Errorf("flat: %+v", s)
	}
	part := func(width, height int) Pixels { return grainy(200, 1).Part(Rectangle{Width: width, Height: height}) }
	for _, p := range []Pixels{part(63, 200), part(200, 63), part(1, 1)} {
		if s := ScoreOf(p); s != (Score{}) || s.Flagged(Score{}) {
			t.Errorf("%d×%d: %+v", p.Width, p.Height, s)
		}
	}
}

func TestPatternsAreFlagged(t *testing.T) {
	clean := grainy(256, 1)
	before := ScoreOf(clean)
	rng := rand.New(rand.NewPCG(7, 8))
	for _, period := range []int{2, 4, 8} {
		s := ScoreOf(withPattern(clean, period, 1, rng))
		if !s.Flagged(before) {
			t.Errorf("period %d: %+v after %+v", period, s, before)
		}
		if s.Flagged(s) {
			t.Errorf("period %d: flagged against itself", period)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	for _, size := range [][2]int{{256, 256}, {4000, 3000}} {
		p := grainy(size[0], 1).Part(Rectangle{Width: size[0], Height: size[1]})
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			b.SetBytes(int64(len(p.Data)))
			for b.Loop() {
				ScoreOf(p)
			}
		})
	}
}
