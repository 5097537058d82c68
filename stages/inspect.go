package stages

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"

	"gtx/stages/durable"
)

// InspectOptions says what Inspect does besides scoring.
type InspectOptions struct {
	Open    OpenOptions                  // of the source
	Against func(Source) (string, error) // path of the source of a translated image; nil if unknown
	Map     func(Source) string          // path for a map of the checkerboard; nil for no map
	Below   string                       // folder that maps do not leave by symbolic links; empty for any place
}

// An Inspected is the score of an image and, if that is known, of its source.
type Inspected struct{ Score, Source Score }

// Flagged reports whether the image shows a checkerboard.
func (i Inspected) Flagged() bool { return i.Score.Flagged(i.Source) }

// Inspect returns the stage that scores images. A source of another size is resized to
// the image's size first.
func Inspect(o InspectOptions) func(context.Context, Image) (Inspected, error) {
	out, abandoned := durable.NewWriter(), durable.NewSweeper()
	return func(ctx context.Context, img Image) (i Inspected, err error) {
		i.Score = ScoreOf(img.Pixels)
		if o.Against != nil {
			path, err := o.Against(img.Source)
			if err != nil {
				return i, err
			}
			source, err := Then(Open(o.Open), Decode(nil))(ctx, Source{In: path})
			if err != nil {
				return i, fmt.Errorf("source %q: %w", path, err)
			}
			pixels, err := source.Pixels.resized(img.Pixels.Width, img.Pixels.Height)
			if err != nil {
				return i, fmt.Errorf("source %q: %w", path, err)
			}
			i.Source = ScoreOf(pixels)
		}
		if o.Map != nil {
			path := o.Map(img.Source)
			err := CheckMap(path)
			if err == nil {
				var file []byte
				if file, err = img.Pixels.checkerboardMap(); err == nil {
					place := durable.Place{Path: path, Below: o.Below}
					abandoned.Sweep(place)
					err = out.Write(ctx, place, markedMap(file))
				}
			}
			if err != nil {
				return i, WithoutPath(err)
			}
		}
		return i, nil
	}
}

const (
	// mapTile is the side of a tile in pixels.
	mapTile = 32
	// mapFull is the amplitude that gets full red, in grey levels.
	mapFull = 2
)

// checkerboardMap returns a PNG of the image in grey. A tile is redder if its pattern is stronger.
// Tiles below flagAlone, and those too narrow to measure, stay grey.
func (p Pixels) checkerboardMap() ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	for top := 0; top < p.Height; top += mapTile {
		for left := 0; left < p.Width; left += mapTile {
			red := 0.0
			part := rectangle{left, top, min(mapTile+2, p.Width-left), min(mapTile+2, p.Height-top)}
			if min(part.width, part.height) >= mapTile/2 {
				l := latticeOf(p, part)
				a := max(l.amplitude(2), l.amplitude(4), l.amplitude(8))
				red = max(0, min(1, (a-flagAlone)/(mapFull-flagAlone)))
			}
			for y := top; y < min(top+mapTile, p.Height); y++ {
				for x := left; x < min(left+mapTile, p.Width); x++ {
					px := p.Data[(y*p.Width+x)*p.Bands:][:3]
					grey := (77*float64(px[0]) + 150*float64(px[1]) + 29*float64(px[2])) / 256
					to := img.Pix[img.PixOffset(x, y):][:4]
					to[0] = byte(grey + red*(255-grey)*0.7)
					to[1], to[2], to[3] = byte(grey*(1-0.7*red)), byte(grey*(1-0.7*red)), 255
				}
			}
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
