package repair

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"gtx/models"
	"gtx/stages"
	"gtx/stages/raster"
)

// trialRuntime loads ONNX Runtime from the file library, or where gtx looks for it, unless the model cannot be tried out on images.
func trialRuntime(library string, m *models.Model) (*models.Runtime, error) {
	if m == nil {
		return nil, errors.New("the network has no manifest to describe its inputs")
	}
	switch in := m.Manifest.Image(); {
	case !m.Manifest.Translates():
		return nil, errors.New("the network gives no images")
	case in == nil || in.Image == nil:
		return nil, errors.New("the network takes no photographs")
	}
	found, err := models.FindLibrary(library)
	if err != nil {
		return nil, err
	}
	return models.Open(found)
}

// FlatResponse returns the largest amplitudes in a network's results for flat grey images. The error says
// why they could not be measured.
func FlatResponse(ctx context.Context, library string, m *models.Model) (worst stages.Score, err error) {
	runtime, err := trialRuntime(library, m)
	if err != nil {
		return worst, err
	}
	defer func() { err = errors.Join(err, runtime.Close()) }()
	t, err := tryOut(ctx, runtime, m, noImages)
	return t.flat, err
}

// TestImages gives square RGB images of a side that the network takes.
type TestImages func(side int) ([]stages.Pixels, error)

// noImages is for a trial on flat grey alone.
func noImages(int) ([]stages.Pixels, error) { return nil, nil }

// A trial holds what a network gave for flat grey images and for test images.
type trial struct {
	flat    stages.Score    // the largest amplitudes in the interior of its results for flat grey
	results []stages.Pixels // its results for the test images, for each target in turn
}

// tryOut runs a network on the CPU, on flat grey images of several levels and on test images.
func tryOut(ctx context.Context, r *models.Runtime, m *models.Model, images TestImages) (t trial, err error) {
	size := m.Manifest.Image().Size
	side, high := size.ShapeFor(1, 1, max(size.W*size.H, 256*256))
	if side != high || side < 96 {
		return t, fmt.Errorf("the network takes images of %d×%d, which are too small to have an interior", side, high)
	}
	inputs := greys(side)
	flats := len(inputs)
	more, err := images(side)
	if err != nil {
		return t, err
	}
	inputs = append(inputs, more...)
	targets := m.Manifest.Targets()
	if len(targets) == 0 {
		targets = []string{""} // the model has one translation, without a name
	}
	for _, to := range targets {
		results, err := translateAll(ctx, r, m, to, inputs)
		if err != nil {
			return t, err
		}
		ofFlat := flats * len(results) / len(inputs) // a network may make several results of one input
		for _, p := range results[:ofFlat] {
			s := raster.ScoreOf(p.Interior())
			if !s.Valid {
				return t, fmt.Errorf("the network gives images of %d×%d, which are too small to have an interior", p.Width, p.Height)
			}
			t.flat.A2, t.flat.A4, t.flat.A8 = max(t.flat.A2, s.A2), max(t.flat.A4, s.A4), max(t.flat.A8, s.A8)
		}
		t.results = append(t.results, results[ofFlat:]...)
	}
	t.flat.Valid = true
	return t, nil
}

// greys are flat images of side×side pixels, from dark to bright.
func greys(side int) []stages.Pixels {
	var images []stages.Pixels
	for level := 32; level < 256; level += 48 {
		images = append(images, stages.Pixels{
			Width: side, Height: side, Bands: 3, Data: bytes.Repeat([]byte{byte(level)}, 3*side*side),
		})
	}
	return images
}

// translateAll runs a network on images one by one, as if they came from the first domain that is not the
// target.
func translateAll(ctx context.Context, r *models.Runtime, m *models.Model, to string, images []stages.Pixels) (results []stages.Pixels, err error) {
	t, err := r.NewTranslator(m, models.Request{To: to, Strength: 1}, models.Options{Device: "cpu"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	var from []string
	for _, id := range m.Manifest.DomainIDs() {
		if from == nil && id != to {
			from = []string{id}
		}
	}
	for _, p := range images {
		out, err := t.Run(ctx, models.Batch{N: 1, Height: p.Height, Width: p.Width, Pixels: p.Data, From: from})
		if err != nil {
			return nil, err
		}
		for _, b := range out {
			results = append(results, stages.Pixels{Width: b.Width, Height: b.Height, Bands: 3, Data: b.Pixels})
		}
	}
	return results, nil
}

// SquareOf reads the middle of the image at path as RGB of side×side pixels.
func SquareOf(ctx context.Context, path string, side int) (stages.Pixels, error) {
	fit := stages.Fit{Shape: func(int, int) (int, int) { return side, side }, Mode: stages.FitCrop}
	read := stages.Then(stages.Then(stages.Open(stages.OpenOptions{OwnToo: true}), stages.Decode(fit.Decoding())), stages.Resize(fit))
	img, err := read(ctx, stages.Source{In: path})
	if err != nil {
		return stages.Pixels{}, fmt.Errorf("%q: %w", path, err)
	}
	return img.Pixels, nil
}
