package raster

import (
	"image"
	"math"
)

// PatternSide is the side of a crop that shows a pattern, in pixels.
const PatternSide = 44

// patternsTried bounds the places at which StrongestPattern looks.
const patternsTried = 2000

// StrongestPattern finds the square of PatternSide whose pattern stands out most from the noise, and its score. Texture has
// strong patterns by chance, too.
func (p Pixels) StrongestPattern() (at Rectangle, best Score) {
	const quiet = 0.05 // grey levels; fainter noise makes no difference
	step := PatternSide / 2
	for (p.Width/step)*(p.Height/step) > patternsTried {
		step += PatternSide / 2
	}
	at, best.Valid = Rectangle{Width: PatternSide, Height: PatternSide}, true
	most := -1.0
	for y := 0; y+PatternSide <= p.Height; y += step {
		for x := 0; x+PatternSide <= p.Width; x += step {
			l := latticeOf(p, Rectangle{x, y, PatternSide, PatternSide})
			s := Score{A2: l.amplitude(2), A4: l.amplitude(4), A8: l.amplitude(8), Valid: true}
			if a := max(s.A2, s.A4, s.A8) / (math.Sqrt(max(0, l.chance)) + quiet); a > most {
				most, at.X, at.Y, best = a, x, y, s
			}
		}
	}
	return at, best
}

// The standard deviation of a residual that is shown, in grey levels, and the most by which it is made stronger.
const (
	residualShown = 36
	residualGain  = 64
)

// Residual draws the difference of each pixel from the mean of its 8 neighbours, on grey, multiplied by gain.
func (p Pixels) Residual() (drawn image.Image, gain float64) {
	luma := p.Luma()
	values := make([]float64, len(luma))
	squares := 0.0
	for y := 1; y < p.Height-1; y++ {
		for x := 1; x < p.Width-1; x++ {
			i := y*p.Width + x
			around := luma[i-p.Width-1] + luma[i-p.Width] + luma[i-p.Width+1] + luma[i-1] + luma[i+1] +
				luma[i+p.Width-1] + luma[i+p.Width] + luma[i+p.Width+1]
			values[i] = float64(luma[i] - around/8)
			squares += min(64, values[i]*values[i])
		}
	}
	deviation := math.Sqrt(squares / float64(len(values)))
	gain = math.Round(max(1, min(residualGain, residualShown/max(deviation, 0.01))))
	img := image.NewGray(image.Rect(0, 0, p.Width, p.Height))
	for i, v := range values {
		img.Pix[i] = byte(max(0, min(255, 128+gain*v)))
	}
	return img, gain
}

// Image returns RGB pixels as an image of the standard library.
func (p Pixels) Image() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i := range p.Width * p.Height {
		copy(img.Pix[4*i:4*i+3], p.Data[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}
