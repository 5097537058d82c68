package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/stages"
)

// networkOf finds a network by name or path. The model is nil for a file without a manifest: its graph
// can still be read.
func networkOf(name string) (*models.Model, []byte, error) {
	m, err := models.Find(name)
	var missing *models.ManifestMissingError
	if errors.As(err, &missing) {
		network, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, cannotStart(err)
		}
		return nil, network, nil
	}
	if err != nil {
		return nil, nil, cannotStart(err)
	}
	network, err := m.Network()
	if err != nil {
		return nil, nil, cannotStart(err)
	}
	return m, network, nil
}

// trialRuntime loads ONNX Runtime, if a model can be tried out at all.
func trialRuntime(c *cli.Context, m *models.Model) (*models.Runtime, error) {
	if m == nil {
		return nil, errors.New("the network has no manifest, which would say what it takes")
	}
	switch in := m.Manifest.Image(); {
	case !m.Manifest.Translates():
		return nil, errors.New("the network gives no pictures")
	case in == nil || in.Image == nil:
		return nil, errors.New("the network takes no photographs")
	}
	library, err := models.FindLibrary(c.String("onnxruntime"))
	if err != nil {
		return nil, err
	}
	return models.Open(library)
}

// flatResponse is the score of what a network makes of flat grey pictures, the worst for each period.
// The error says why there is none.
func flatResponse(c *cli.Context, m *models.Model) (worst stages.Score, err error) {
	runtime, err := trialRuntime(c, m)
	if err != nil {
		return worst, err
	}
	defer alsoClose(&err, runtime)
	worst, _, err = tryOut(c.Context, runtime, m, noPictures)
	return worst, err
}

// noPictures is for a trial on flat grey alone.
func noPictures(int) ([][]byte, error) { return nil, nil }

// tryOut runs a network, on the CPU, on flat grey pictures and on others, which are RGB of a side
// that it takes. It returns the worst score of what it makes of the grey ones, well inside, for
// at the border padding shows, and what it makes of the others, for each of its targets in turn.
func tryOut(ctx context.Context, r *models.Runtime, m *models.Model, pictures func(side int) ([][]byte, error)) (flat stages.Score, results []stages.Pixels, err error) {
	size := m.Manifest.Image().Size
	side, high := size.ShapeFor(1, 1, max(size.W, size.H, 256))
	if side != high || side < 96 {
		return flat, nil, fmt.Errorf("the network takes pictures of %d×%d: too small to see what is inside", side, high)
	}
	others, err := pictures(side)
	if err != nil {
		return flat, nil, err
	}
	var greys [][]byte
	for level := 32; level < 256; level += 48 {
		greys = append(greys, bytes.Repeat([]byte{byte(level)}, 3*side*side))
	}
	targets := m.Manifest.Targets()
	if len(targets) == 0 {
		targets = []string{""} // what it does has no name
	}
	for _, to := range targets {
		made, err := translateAll(ctx, r, m, to, side, append(greys, others...))
		if err != nil {
			return flat, nil, err
		}
		perPicture := len(made) / (len(greys) + len(others))
		for _, p := range made[:len(greys)*perPicture] {
			s := stages.ScoreOf(inside(p))
			if !s.Valid {
				return flat, nil, fmt.Errorf("the network gives pictures of %d×%d: too small to see what is inside", p.Width, p.Height)
			}
			flat.A2, flat.A4, flat.A8 = max(flat.A2, s.A2), max(flat.A4, s.A4), max(flat.A8, s.A8)
		}
		results = append(results, made[len(greys)*perPicture:]...)
	}
	flat.Valid = true
	return flat, results, nil
}

// translateAll gives pictures to a network one by one, as if of another domain than its target.
func translateAll(ctx context.Context, r *models.Runtime, m *models.Model, to string, side int, pictures [][]byte) (made []stages.Pixels, err error) {
	t, err := r.NewTranslator(m, models.Request{To: to, Strength: 1}, models.Options{Device: "cpu"})
	if err != nil {
		return nil, err
	}
	defer alsoClose(&err, t)
	var from []string
	for _, id := range m.Manifest.DomainIDs() {
		if from == nil && id != to {
			from = []string{id}
		}
	}
	for _, picture := range pictures {
		out, err := t.Run(ctx, models.Batch{N: 1, Height: side, Width: side, Pixels: picture, From: from})
		if err != nil {
			return nil, err
		}
		for _, result := range out {
			made = append(made, stages.Pixels{Width: result.Width, Height: result.Height, Bands: 3, Data: result.Pixels})
		}
	}
	return made, nil
}

// inside is the middle of a picture, a quarter away from its borders where it is large enough to.
func inside(p stages.Pixels) stages.Pixels {
	margin := func(n int) int { return max(0, min(n/4, (n-64)/2)) }
	left, top := margin(p.Width), margin(p.Height)
	out := stages.Pixels{Width: p.Width - 2*left, Height: p.Height - 2*top, Bands: p.Bands}
	for y := range out.Height {
		out.Data = append(out.Data, p.Data[((y+top)*p.Width+left)*p.Bands:][:out.Width*p.Bands]...)
	}
	return out
}

// photograph reads a picture at side×side pixels, RGB.
func photograph(ctx context.Context, path string, side int) ([][]byte, error) {
	fit := stages.Fit{Shape: func(int, int) (int, int) { return side, side }, Mode: "crop"}
	read := stages.Then(stages.Then(stages.Open(stages.OpenOptions{OwnToo: true}), stages.Decode(fit.Decoding())), stages.Resize(fit))
	img, err := read(ctx, stages.Source{In: path})
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	return [][]byte{img.Pixels.Data}, nil
}

// leaves is a picture of discs that cover one another, RGB: its edges, plains and
// spectrum are like a photograph's (the dead leaves model; Lee, Mumford & Huang 2001).
func leaves(side, seed int) []byte {
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	picture := bytes.Repeat([]byte{128}, 3*side*side)
	for range 400 {
		// Radii r with a density of r⁻³, between a hundredth and a third of the side.
		low, high := float64(side)/100, float64(side)/3
		u := rng.Float64()
		radius := 1 / math.Sqrt(u/(low*low)+(1-u)/(high*high))
		cx, cy := rng.Float64()*float64(side), rng.Float64()*float64(side)
		colour := [3]byte{byte(rng.IntN(256)), byte(rng.IntN(256)), byte(rng.IntN(256))}
		for y := max(0, int(cy-radius)); y < min(side, int(cy+radius)+1); y++ {
			for x := max(0, int(cx-radius)); x < min(side, int(cx+radius)+1); x++ {
				if dx, dy := float64(x)-cx, float64(y)-cy; dx*dx+dy*dy < radius*radius {
					copy(picture[3*(y*side+x):], colour[:])
				}
			}
		}
	}
	return picture
}

// psnr compares pictures, all together, in dB.
func psnr(a, b []stages.Pixels) float64 {
	sum, n := 0.0, 0
	for i := range a {
		for j, v := range a[i].Data {
			d := float64(v) - float64(b[i].Data[j])
			sum, n = sum+d*d, n+1
		}
	}
	return 10 * math.Log10(255*255*float64(n)/cmp.Or(sum, math.SmallestNonzeroFloat64))
}
