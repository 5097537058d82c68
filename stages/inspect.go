package stages

import (
	"context"
	"fmt"

	"gtx/stages/durable"
	"gtx/stages/raster"
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
		i.Score = raster.ScoreOf(img.Pixels)
		if o.Against != nil {
			path, err := o.Against(img.Source)
			if err != nil {
				return i, err
			}
			source, err := Then(Open(o.Open), Decode(nil))(ctx, Source{In: path})
			if err != nil {
				return i, fmt.Errorf("source %q: %w", path, err)
			}
			pixels, err := resized(source.Pixels, img.Pixels.Width, img.Pixels.Height)
			if err != nil {
				return i, fmt.Errorf("source %q: %w", path, err)
			}
			i.Source = raster.ScoreOf(pixels)
		}
		if o.Map != nil {
			path := o.Map(img.Source)
			err := CheckMap(path)
			if err == nil {
				var file []byte
				if file, err = img.Pixels.ScoreMap(); err == nil {
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
