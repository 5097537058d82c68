package stages

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"testing"

	"gtx/stages/durable"
)

// opened is what Open returns for a file in memory.
func opened(t testing.TB, data []byte) File {
	t.Helper()
	f, err := Open(OpenOptions{OwnToo: true})(context.Background(), Source{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// decoded is what Decode returns for a file in memory.
func decoded(t testing.TB, data []byte, shape Shape) Image {
	t.Helper()
	img, err := Decode(shape)(context.Background(), opened(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// translated returns what Translate makes of an image and a network that changes nothing.
func translated(p Pixels) Checked {
	var file bytes.Buffer
	if err := png.Encode(&file, goImage(p)); err != nil {
		panic(err)
	}
	rgb, alpha := p.Split()
	img := Image{Format: PNG, Digest: "digest", Width: p.Width, Height: p.Height, Pixels: rgb, Alpha: alpha, original: original{file: File{Data: file.Bytes()}}}
	return Checked{Translated: Translated{Labelled: Labelled{Image: img}, Result: rgb}}
}

// identical returns what Detail makes of a file and a network that changes nothing.
func identical(t testing.TB, file []byte, shape Shape, o DetailOptions) Checked {
	t.Helper()
	img := decoded(t, file, shape)
	if shape == nil {
		shape = func(w, h int) (int, int) { return w, h }
	}
	img, err := Resize(Fit{Shape: shape})(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	if o.Size.kind == "" {
		o.Size.kind = "source"
	}
	c, err := Detail(o)(t.Context(), Checked{Translated: Translated{Labelled: Labelled{Image: img}, Result: img.Pixels}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encodedAs(t testing.TB, format Format, c Checked) []byte {
	t.Helper()
	c.Source.Format, c.Source.Out = format, Stdout
	size, err := ParseSize("source")
	if err != nil {
		t.Fatal(err)
	}
	w, err := Encode(EncodeOptions{Size: size, Quality: 90, Parameters: properties})(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return w.Data
}

// encodedTo writes a result to its files, as Encode and Sync do.
func encodedTo(t testing.TB, ctx context.Context, o EncodeOptions, c Checked) (Written, error) {
	t.Helper()
	o.Writer = durable.NewWriter()
	defer o.Writer.Close()
	e, err := Encode(o)(ctx, c)
	if err != nil {
		return e.Written, err
	}
	written, errs := Sync(o.Writer)(ctx, []Encoded{e})
	return written[0], errs[0]
}

func batch(n int) []Labelled {
	var images []Labelled
	for i := range n {
		p := scene(16, 12)
		p.Data[0] = byte(i)
		images = append(images, Labelled{Image: Image{Source: Source{In: fmt.Sprint(i)}, Pixels: p}})
	}
	return images
}

func square(n int) Shape { return func(int, int) (int, int) { return n, n } }
