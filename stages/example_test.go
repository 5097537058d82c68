package stages_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"

	"gtx/stages"
)

// A negative is a Network that inverts every sample.
type negative struct{}

func (negative) Run(_ context.Context, in stages.Batch) ([]stages.Batch, error) {
	out := in
	out.Pixels = slices.Clone(in.Pixels)
	for i := range out.Pixels {
		out.Pixels[i] = 255 - out.Pixels[i]
	}
	return []stages.Batch{out}, nil
}

// blue returns a PNG of one colour.
func blue(width, height int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		img.SetNRGBA(i%width, i/width, color.NRGBA{20, 60, 200, 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		panic(err)
	}
	return file.Bytes()
}

// One image passes through the steps of a translation. The network sees 64×48 pixels, and the
// result has the size of the photograph.
func Example() {
	size, err := stages.ParseSize("source")
	if err != nil {
		panic(err)
	}
	fit := stages.Fit{Shape: func(width, height int) (int, int) { return 64, 48 }}
	read := stages.Then(stages.Open(stages.OpenOptions{}), stages.Then(stages.Decode(fit.Decoding()), stages.Resize(fit)))
	label := stages.Label("", stages.LabelOptions{})
	write := stages.Then(stages.Check(stages.CheckWarn), stages.Then(
		stages.Detail(stages.DetailOptions{Size: size, Method: stages.Affine}),
		stages.Encode(stages.EncodeOptions{Size: size})))

	ctx := context.Background()
	source := stages.Source{Data: blue(200, 150), Out: stages.Stdout}
	labelled, err := stages.Then(read, label)(ctx, source)
	if err != nil {
		panic(err)
	}
	translated, err := stages.Translate(negative{})(ctx, []stages.Labelled{labelled})
	if err != nil {
		panic(err)
	}
	written, err := write(ctx, translated[0])
	if err != nil {
		panic(err)
	}
	img, err := png.Decode(bytes.NewReader(written.Data))
	fmt.Println(written.Width, written.Height, img.At(100, 75), err)
	// Output: 200 150 {235 195 55 255} <nil>
}

func ExampleParseSize() {
	for _, s := range []string{"source", "1024", "640x480", "huge"} {
		_, err := stages.ParseSize(s)
		fmt.Println(s, err)
	}
	// Output:
	// source <nil>
	// 1024 <nil>
	// 640x480 <nil>
	// huge "huge" is not source, model, N or WxH
}
