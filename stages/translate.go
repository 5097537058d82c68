package stages

import (
	"context"
	"fmt"

	"gtx/stages/container"
	"gtx/stages/raster"
)

// A Translated is a labelled image and its translation.
type Translated struct {
	Labelled
	Result Pixels   // RGB at the network's size; zero if the image is kept
	Layers *Layers  // of Result, if the network covers parts of the image
	More   []Pixels // further results
}

// Layers are the parts of a result of a network that lays a cover over its image. At each pixel the
// result is (1 − opacity)·beneath + opacity·cover: snow hides the grass under it.
type Layers struct {
	Beneath Pixels // RGB of the result's size
	Opacity []byte // one byte per pixel, 255 for opaque
}

// A TranslationKey is equal for images that can share a batch: images of one shape
// and one domain.
type TranslationKey struct {
	Width, Height int
	From          string
}

// TranslateKey is the key of an image. It is zero for all images to be kept.
func TranslateKey(l Labelled) TranslationKey {
	if l.Keep {
		return TranslationKey{}
	}
	return TranslationKey{l.Pixels.Width, l.Pixels.Height, l.Domain}
}

// Translate returns the stage that translates a batch. Images to be kept bypass it.
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
			in.Instances = append(in.Instances, l.Instances.Data...)
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

// Blank returns a file without content for an image that is to be generated from
// noise. Its digest is the seed.
func Blank(_ context.Context, s Source) (File, error) {
	if s.Err != nil {
		return File{}, s.Err
	}
	return File{Header: container.Header{Format: PNG}, Source: s, Digest: fmt.Sprintf("seed %016x", s.Seed)}, nil
}

// Generate returns the stage that makes images from noise.
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

// run calls the network with a batch and distributes the results over out.
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
			return fmt.Errorf("the network gave %d images of %d×%d in %d bytes for a batch of %d",
				result.N, result.Width, result.Height, len(result.Pixels), in.N)
		}
		for i := range out {
			pixels := Pixels{
				Width: result.Width, Height: result.Height, Bands: 3,
				Data: result.Pixels[i*size : (i+1)*size : (i+1)*size],
			}
			if k == 0 {
				out[i].Result = pixels
				out[i].Layers = result.layers(i)
			} else {
				out[i].More = append(out[i].More, pixels)
			}
		}
	}
	return nil
}

// layers returns the layers of the result with an index, or nil.
func (b Batch) layers(i int) *Layers {
	area := b.Width * b.Height
	if len(b.Opacity) != b.N*area || len(b.Beneath) != 3*b.N*area {
		return nil
	}
	beneath := Pixels{Width: b.Width, Height: b.Height, Bands: 3, Data: b.Beneath[3*i*area:][: 3*area : 3*area]}
	return &Layers{Beneath: beneath, Opacity: b.Opacity[i*area:][:area:area]}
}

// unpad removes the padding around an image from its pixels and its results.
func (t *Translated) unpad() {
	if t.inner == (raster.Rectangle{}) {
		return
	}
	trim := func(p Pixels) Pixels {
		x, y := float64(p.Width)/float64(t.Pixels.Width), float64(p.Height)/float64(t.Pixels.Height)
		return p.Part(t.inner.Scaled(x, y, p.Width, p.Height))
	}
	t.Result = trim(t.Result)
	if t.Layers != nil {
		opacity := trim(Pixels{Width: t.Layers.Beneath.Width, Height: t.Layers.Beneath.Height, Bands: 1, Data: t.Layers.Opacity})
		t.Layers = &Layers{Beneath: trim(t.Layers.Beneath), Opacity: opacity.Data}
	}
	for i, p := range t.More {
		t.More[i] = trim(p)
	}
	t.Pixels = t.Pixels.Part(t.inner)
	t.inner = raster.Rectangle{}
}
