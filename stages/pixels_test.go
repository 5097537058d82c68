package stages

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// scene is a smooth image that changes when it is mirrored or turned.
func scene(width, height int) Pixels {
	p := Pixels{Width: width, Height: height, Bands: 3, Data: make([]byte, 0, 3*width*height)}
	for y := range height {
		for x := range width {
			u, v := (float64(x)+0.5)/float64(width), (float64(y)+0.5)/float64(height)
			p.Data = append(p.Data,
				byte(30+200*u),
				byte(30+200*v*v),
				byte(128+90*math.Sin(3*u+5*v)))
		}
	}
	return p
}

// textured is an image of waves and noise, RGB or RGBA.
func textured(width, height, bands int, seed uint64) Pixels {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := Pixels{Width: width, Height: height, Bands: bands, Data: make([]byte, width*height*bands)}
	fx, fy := 3+5*rng.Float64(), 3+5*rng.Float64()
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			for b := range bands {
				wave := 50*math.Sin(fx*u*float64(b+1)) + 40*math.Cos(fy*v+float64(b))
				p.Data[(y*width+x)*bands+b] = byte(120 + wave + 20*rng.Float64())
			}
		}
	}
	return p
}

func flat(level byte, w, h int) Pixels {
	p := Pixels{Width: w, Height: h, Bands: 3, Data: make([]byte, 3*w*h)}
	for i := range p.Data {
		p.Data[i] = level
	}
	return p
}

// stripes are rows or columns of black and white, one pixel wide.
func stripes(width, height int, rows bool) Pixels {
	p := Pixels{Width: width, Height: height, Bands: 3, Data: make([]byte, 3*width*height)}
	for i := range p.Data {
		x, y := i/3%width, i/3/width
		if rows {
			x = y
		}
		p.Data[i] = byte(x % 2 * 255)
	}
	return p
}

// photograph is a scene with grain and edges.
func photograph() Pixels {
	rng := rand.New(rand.NewPCG(5, 6))
	p := scene(256, 192)
	for i := range p.Data {
		v := float64(p.Data[i]) + 2*rng.NormFloat64()
		if x, y := i/3%256, i/3/256; (x-100)*(x-100)+(y-90)*(y-90) < 2500 {
			v -= 50
		}
		p.Data[i] = byte(max(0, min(255, v)))
	}
	return p
}

// mapped applies f to each sample of a colour channel.
func mapped(p Pixels, f func(band int, v float64) float64) Pixels {
	out := p
	out.Data = slices.Clone(p.Data)
	for i, v := range p.Data {
		if band := i % p.Bands; band < 3 {
			out.Data[i] = grey(float32(f(band, float64(v))))
		}
	}
	return out
}

// lying is the image that a camera stores for p with orientation o (Exif 1 to 8).
func lying(p Pixels, o int) Pixels {
	q := Pixels{Width: p.Width, Height: p.Height, Bands: p.Bands, Data: make([]byte, len(p.Data))}
	if o >= 5 {
		q.Width, q.Height = p.Height, p.Width
	}
	for y := range p.Height {
		for x := range p.Width {
			right, bottom := p.Width-1-x, p.Height-1-y
			// Exif 2.32, 4.6.4: the place of row 0 and column 0 of the stored image.
			to := [][2]int{{}, {x, y}, {right, y}, {right, bottom}, {x, bottom},
				{y, x}, {y, right}, {bottom, right}, {bottom, x}}[o]
			copy(q.At(to[0], to[1]), p.At(x, y))
		}
	}
	return q
}

func shrunkBy(t *testing.T, p Pixels, factor int) Pixels {
	t.Helper()
	small, err := resized(p, p.Width/factor, p.Height/factor)
	if err != nil {
		t.Fatal(err)
	}
	small, _ = small.Split()
	return small
}

// goImage converts p to an image of the standard library.
func goImage(p Pixels) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	for y := range p.Height {
		for x := range p.Width {
			c := color.NRGBA{A: 255}
			px := p.At(x, y)
			c.R, c.G, c.B = px[0], px[1], px[2]
			if p.Bands == 4 {
				c.A = px[3]
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// distance is the mean absolute difference of two images of one shape.
func distance(t testing.TB, a, b Pixels) float64 {
	t.Helper()
	if a.Width != b.Width || a.Height != b.Height || a.Bands != b.Bands || len(a.Data) != len(b.Data) {
		t.Fatalf("shapes differ: %d×%d×%d and %d×%d×%d", a.Width, a.Height, a.Bands, b.Width, b.Height, b.Bands)
	}
	sum := 0
	for i := range a.Data {
		sum += max(int(a.Data[i])-int(b.Data[i]), int(b.Data[i])-int(a.Data[i]))
	}
	return float64(sum) / float64(len(a.Data))
}

func worst(a, b Pixels) int {
	most := 0
	for i := range a.Data {
		most = max(most, int(a.Data[i])-int(b.Data[i]), int(b.Data[i])-int(a.Data[i]))
	}
	return most
}
