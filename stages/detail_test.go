package stages

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gtx/stages/raster"
)

// grey rounds to the nearest sample.
func grey(v float32) byte { return byte(min(max(v+0.5, 0), 255)) }

// transferred applies to full the change that turned small into result.
func transferred(t testing.TB, full, small, result Pixels) Pixels {
	t.Helper()
	return changed(t, full, affineChange(small, result, nil))
}

func changed(t testing.TB, full Pixels, c *change) (out Pixels) {
	t.Helper()
	err := withPictures(func(s *scope) (err error) {
		p := s.of(full)
		p.change(c)
		out, err = p.pixels()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNetworkThatChangesNothingGivesThePhotographBack(t *testing.T) {
	for _, bands := range []int{3, 4} {
		full := textured(323, 217, bands, 1)
		small := shrunkBy(t, full, 4)
		for name, c := range map[string]*change{
			"affine": affineChange(small, small, nil), "laplacian": laplacianChange(small, small), "difference": {less: full, more: full},
		} {
			if name == "difference" && bands == 4 {
				continue
			}
			if got := changed(t, full, c); !slices.Equal(got.Data, full.Data) {
				t.Errorf("%s, %d bands: differs by up to %d", name, bands, worst(got, full))
			}
		}
	}
}

// Snow hides the grass under it: the photograph's detail must not show through an opaque cover.
func TestDetailShowsThroughACoverAsFarAsItIsTransparent(t *testing.T) {
	full := textured(400, 300, 3, 3)
	small := shrunkBy(t, full, 4)
	beneath := mapped(small, func(_ int, v float64) float64 { return 0.5*v + 64 })
	uncovered := transferred(t, full, small, beneath)
	for _, opacity := range []byte{0, 128, 255} {
		shows := 1 - float64(opacity)/255
		layers := &Layers{Beneath: beneath, Opacity: bytes.Repeat([]byte{opacity}, small.Width*small.Height)}
		under := func(_ int, v float64) float64 { return shows*v + (1-shows)*240 }
		got := changed(t, full, affineChange(small, mapped(beneath, under), layers))
		if d := worst(got, mapped(uncovered, under)); d > 1 {
			t.Errorf("opacity %d: differs by up to %d", opacity, d)
		}
	}
}

func TestChangeOfColoursReachesEveryPixel(t *testing.T) {
	changes := map[string]func(int, float64) float64{
		"brighter":  func(_ int, v float64) float64 { return v + 40 },
		"contrast":  func(_ int, v float64) float64 { return 0.5*v + 64 },
		"per band":  func(b int, v float64) float64 { return v * (0.6 + 0.2*float64(b)) },
		"all white": func(int, float64) float64 { return 255 },
	}
	for name, change := range changes {
		full := textured(400, 300, 4, 2)
		small := shrunkBy(t, full, 5)
		got, want := transferred(t, full, small, mapped(small, change)), mapped(full, change)
		// Windows that are nearly flat keep some of the source's own contrast.
		var sum float64
		for i := range got.Data {
			sum += math.Abs(float64(got.Data[i]) - float64(want.Data[i]))
		}
		if mean := sum / float64(len(got.Data)); mean > 4 {
			t.Errorf("%s: mean difference %.2f, worst %d", name, mean, worst(got, want))
		}
	}
}

func TestTransferKeepsAlpha(t *testing.T) {
	full := textured(120, 90, 4, 3)
	small := shrunkBy(t, full, 3)
	result := mapped(small, func(_ int, v float64) float64 { return 255 - v })
	got := transferred(t, full, small, result)
	for i := 3; i < len(got.Data); i += 4 {
		if got.Data[i] != full.Data[i] {
			t.Fatal("alpha was changed")
		}
	}
}

// Compares the fast path, which uses running sums and precomputed grids, with the definition.
func FuzzTransferEqualsItsDefinition(f *testing.F) {
	f.Add(uint8(20), uint8(15), uint8(3), uint64(1))
	f.Add(uint8(3), uint8(1), uint8(9), uint64(2))
	f.Add(uint8(1), uint8(1), uint8(1), uint64(3))
	f.Fuzz(func(t *testing.T, w, h, scale uint8, seed uint64) {
		width, height, factor := int(w%24)+1, int(h%24)+1, int(scale%5)+1
		small, result := textured(width, height, 3, seed), textured(width, height, 3, seed+1)
		full := textured(width*factor+int(seed%3), height*factor, 3+int(seed%2), seed+2)
		got, want := transferred(t, full, small, result), transferSlowly(full, small, result)
		if d := worst(got, want); d > 1 {
			t.Errorf("%d×%d to %d×%d: differs by %d", width, height, full.Width, full.Height, d)
		}
	})
}

// Samples of 16 bits change like samples of 8 bits, only in finer steps.
func TestDeepImagesAreChangedAsOthersAre(t *testing.T) {
	for _, alpha := range []bool{false, true} {
		p := deepPhoto(70, 50, true, alpha)
		small, result := textured(13, 9, 3, 1), textured(13, 9, 3, 2)
		full := Pixels{Width: 70, Height: 50, Bands: 3}
		for i, v := range p.samples {
			if i%4 < 3 {
				full.Data = append(full.Data, byte((int(v)+128)/257))
			}
		}
		want := transferSlowly(full, small, result)
		var got bytes.Buffer
		err := withPictures(func(s *scope) error {
			file := p.file(t, PNG, 1, true, alpha, nil)
			q := s.open(file, "", true, anyFault)
			q.toSRGB(false, 0, true)
			q.change(affineChange(small, result, nil))
			return q.save(".png", nil, nil, nil, func(f []byte) error {
				got.Write(f)
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range photoOf(t, got.Bytes()).samples {
			switch {
			case i%4 == 3:
				if v != p.samples[i] {
					t.Fatalf("alpha %d, want %d", v, p.samples[i])
				}
			case math.Abs(float64(v)/257-float64(want.Data[i/4*3+i%4])) > 2.5: // 8 bits of source, times a gain
				t.Fatalf("sample %d is %.1f, want %d", i, float64(v)/257, want.Data[i/4*3+i%4])
			}
		}
	}
}

// Every processor gives the same bytes.
func TestWideRegistersChangeNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		columns, rows := 1+rng.IntN(40), 1+rng.IntN(12)
		c := &change{maps: raster.Maps{Columns: columns, Rows: rows, Values: make([]float32, raster.Coefficients*columns*rows)}}
		for i := range c.maps.Values {
			c.maps.Values[i] = rng.Float32()*2 - 0.5
		}
		p := textured(1+rng.IntN(300), 1+rng.IntN(40), 3+rng.IntN(2), rng.Uint64())
		change := func() (out Pixels) {
			err := withPictures(func(s *scope) (err error) {
				q := s.of(p)
				q.change(c)
				out, err = q.pixels()
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		wide, plain := change(), Pixels{}
		plainly(func() { plain = change() })
		if !slices.Equal(wide.Data, plain.Data) {
			t.Fatalf("%d×%d nodes over %d×%d pixels: other bytes", columns, rows, p.Width, p.Height)
		}
	}
}

// A slowMap is an affine map of the colours.
type slowMap [3][4]float64

// transferSlowly is transferred by its definition: each window is summed by itself.
func transferSlowly(full, small, result Pixels) Pixels {
	maps := make([]slowMap, small.Width*small.Height)
	for i := range maps {
		maps[i] = slowFit(small, result, i)
	}
	smooth := make([]slowMap, len(maps))
	for i := range smooth {
		smooth[i] = slowMean(maps, small, i)
		for a := range 3 {
			explained := smooth[i][a][3]
			for b := range 3 {
				explained += smooth[i][a][b] * float64(small.Data[3*i+b])
			}
			smooth[i][a][3] += float64(result.Data[3*i+a]) - explained
		}
	}
	return slowApply(full, small, smooth)
}

// What raster.FitAffine says of its windows.
const slowRadius, slowFlat = 2, 65

// inverted is the inverse of a matrix, by Gauss and Jordan without pivots.
func inverted(m [3][3]float64) (out [3][3]float64) {
	for i := range 3 {
		out[i][i] = 1
	}
	for i := range 3 {
		d := m[i][i]
		for k := range 3 {
			m[i][k], out[i][k] = m[i][k]/d, out[i][k]/d
		}
		for j := range 3 {
			for k, by := 0, m[j][i]; j != i && k < 3; k++ {
				m[j][k], out[j][k] = m[j][k]-by*m[i][k], out[j][k]-by*out[i][k]
			}
		}
	}
	return out
}

// slowWindow visits the pixels of the window around pixel i.
func slowWindow(p Pixels, i int, visit func(i int)) {
	x, y := i%p.Width, i/p.Width
	for v := max(y-slowRadius, 0); v <= min(y+slowRadius, p.Height-1); v++ {
		for u := max(x-slowRadius, 0); u <= min(x+slowRadius, p.Width-1); u++ {
			visit(v*p.Width + u)
		}
	}
}

// slowFit fits a map to the window around pixel i.
func slowFit(small, result Pixels, i int) (m slowMap) {
	var n float64
	var s, p [3]float64
	var ss, ps [3][3]float64
	slowWindow(small, i, func(i int) {
		n++
		for a := range 3 {
			s[a] += float64(small.Data[3*i+a])
			p[a] += float64(result.Data[3*i+a])
			for b := range 3 {
				ss[a][b] += float64(small.Data[3*i+a]) * float64(small.Data[3*i+b])
				ps[a][b] += float64(result.Data[3*i+a]) * float64(small.Data[3*i+b])
			}
		}
	})
	for a := range 3 {
		for b := range 3 {
			ss[a][b] = ss[a][b]/n - s[a]/n*s[b]/n
			ps[a][b] = ps[a][b]/n - p[a]/n*s[b]/n
		}
		ss[a][a] += slowFlat
		ps[a][a] += slowFlat
	}
	inverse := inverted(ss)
	for a := range 3 {
		m[a][3] = p[a] / n
		for b := range 3 {
			for c := range 3 {
				m[a][b] += ps[a][c] * inverse[c][b]
			}
			m[a][3] -= m[a][b] * s[b] / n
		}
	}
	return m
}

// slowMean is the mean of the maps in the window around pixel i.
func slowMean(maps []slowMap, small Pixels, i int) (m slowMap) {
	n := 0.0
	slowWindow(small, i, func(i int) {
		n++
		for a := range 3 {
			for b := range 4 {
				m[a][b] += maps[i][a][b]
			}
		}
	})
	for a := range 3 {
		for b := range 4 {
			m[a][b] /= n
		}
	}
	return m
}

// slowApply interpolates the maps of small and applies them to full.
func slowApply(full, small Pixels, maps []slowMap) Pixels {
	place := func(i, n, coarse int) (int, int, float64) {
		at := math.Min(math.Max((float64(i)+0.5)*float64(coarse)/float64(n)-0.5, 0), float64(coarse-1))
		return int(at), min(int(at)+1, coarse-1), at - math.Floor(at)
	}
	out := full
	out.Data = slices.Clone(full.Data)
	for y := range full.Height {
		y0, y1, ty := place(y, full.Height, small.Height)
		for x := range full.Width {
			x0, x1, tx := place(x, full.Width, small.Width)
			px := out.Data[(y*full.Width+x)*full.Bands:][:3]
			source := [4]float64{float64(px[0]), float64(px[1]), float64(px[2]), 1}
			for a := range 3 {
				v := 0.0
				for b := range 4 {
					at := func(x, y int) float64 { return maps[y*small.Width+x][a][b] }
					above := at(x0, y0) + tx*(at(x1, y0)-at(x0, y0))
					below := at(x0, y1) + tx*(at(x1, y1)-at(x0, y1))
					v += (above + ty*(below-above)) * source[b]
				}
				px[a] = byte(math.Min(math.Max(v+0.5, 0), 255))
			}
		}
	}
	return out
}

// A JPEG of 12 megapixels on one core: from file to file, and with the detail of a
// translation of 256×192.
func BenchmarkPhotograph(b *testing.B) {
	photo, err := resized(textured(1000, 750, 3, 1), 4000, 3000)
	if err != nil {
		b.Fatal(err)
	}
	c := identical(b, saved(b, photo, ".jpg[Q=90]"), func(int, int) (int, int) { return 256, 192 }, DetailOptions{})
	c.Source.Out, c.Format = Stdout, JPEG
	run := func(b *testing.B) {
		for b.Loop() {
			if _, err := Encode(EncodeOptions{Size: Size{kind: "source"}, Quality: 90})(b.Context(), c); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("detail", run)
	b.Run("fit", func(b *testing.B) {
		for b.Loop() {
			affineChange(c.Pixels, c.Result, c.Layers)
		}
	})
	b.Run("none", func(b *testing.B) {
		for b.Loop() {
			err := withPictures(func(s *scope) error {
				p := c.original.whole(s, c.Width, c.Height, false, false)
				return p.save(".jpg[Q=90,optimize-coding=true]", nil, nil, nil, func([]byte) error { return nil })
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Runs the stages from file to file: the result keeps the size, colours and alpha of its source.
func TestPhotographSurvivesANetworkThatChangesNothing(t *testing.T) {
	for _, side := range []int{10, 64, 200} {
		source := textured(side, side, 4, 5)
		c := identical(t, pngOf(t, goImage(source)), square(64), DetailOptions{})
		got := decoded(t, encodedAs(t, PNG, c), nil).Pixels
		if got.Width != side || !slices.Equal(got.Data, source.Data) {
			t.Errorf("%d: result %d×%d×%d differs by up to %d", side, got.Width, got.Height, got.Bands, worst(got, source))
		}
	}
}
