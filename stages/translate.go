package stages

import (
	"context"
	"fmt"

	"gtx/stages/container"
)

// A Translated is a labelled image and its translation.
type Translated struct {
	Labelled
	Result Pixels   // RGB at the network's size; zero where the image is kept
	More   []Pixels // further results
}

// A TranslationKey tells which images can share a batch: those of one shape that
// go the same way.
type TranslationKey struct {
	Width, Height int
	From          string
}

// TranslateKey is the key of an image; that of all that are kept is zero.
func TranslateKey(l Labelled) TranslationKey {
	if l.Keep {
		return TranslationKey{}
	}
	return TranslationKey{l.Pixels.Width, l.Pixels.Height, l.Domain}
}

// Translate returns the stage that translates a batch. Images to be kept pass by.
func Translate(n Network) func(context.Context, []Labelled) ([]Translated, error) {
	return func(ctx context.Context, images []Labelled) ([]Translated, error) {
		out := make([]Translated, len(images))
		for i, l := range images {
			out[i].Labelled = l
		}
		if images[0].Keep {
			return out, nil
		}
		pixels := make([]Pixels, len(images))
		for i, l := range images {
			pixels[i] = l.Pixels
		}
		in := batchOf(pixels)
		for _, l := range images {
			in.From = append(in.From, l.Domain)
			in.Seeds = append(in.Seeds, l.Source.Seed)
		}
		if err := run(ctx, n, in, out); err != nil {
			return nil, err
		}
		for i := range out {
			out[i].unpad()
		}
		return out, nil
	}
}

// Blank returns a file for a source that has none: a picture yet to be made of
// noise. Its digest is its seed.
func Blank(_ context.Context, s Source) (File, error) {
	return File{Header: container.Header{Format: PNG}, Source: s, Digest: fmt.Sprintf("seed %016x", s.Seed)}, nil
}

// Generate returns the stage that makes pictures of noise.
func Generate(n Network) func(context.Context, []File) ([]Translated, error) {
	return func(ctx context.Context, files []File) ([]Translated, error) {
		in := Batch{N: len(files)}
		out := make([]Translated, len(files))
		for i, f := range files {
			in.Seeds = append(in.Seeds, f.Source.Seed)
			out[i].Image = Image{Source: f.Source, Format: f.Format, Digest: f.Digest}
		}
		if err := run(ctx, n, in, out); err != nil {
			return nil, err
		}
		for i := range out {
			out[i].Width, out[i].Height = out[i].Result.Width, out[i].Result.Height
		}
		return out, nil
	}
}

// run gives a batch to the network and parts the results.
func run(ctx context.Context, n Network, in Batch, out []Translated) error {
	results, err := n.Run(ctx, in)
	if err != nil {
		return err
	}
	if len(results) == 0 {
		return fmt.Errorf("the network gave nothing for a batch of %d", in.N)
	}
	for k, result := range results {
		size := 3 * result.Width * result.Height
		if result.N != in.N || size == 0 || len(result.Pixels) != result.N*size {
			return fmt.Errorf("the network gave %d pictures of %d×%d in %d bytes for a batch of %d",
				result.N, result.Width, result.Height, len(result.Pixels), in.N)
		}
		for i := range out {
			picture := Pixels{
				Width: result.Width, Height: result.Height, Bands: 3,
				Data: result.Pixels[i*size : (i+1)*size : (i+1)*size],
			}
			if k == 0 {
				out[i].Result = picture
			} else {
				out[i].More = append(out[i].More, picture)
			}
		}
	}
	return nil
}
