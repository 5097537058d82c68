package stages

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"math"

	"gtx/stages/container"
	"gtx/stages/raster"
)

// A Thumbnail is a small JPEG of an image, upright, in sRGB and on white.
type Thumbnail struct {
	File          []byte
	Width, Height int
}

// ThumbnailOptions say how thumbnails are made.
type ThumbnailOptions struct {
	Open OpenOptions
	Side int  // longest side in pixels; smaller images stay as they are
	Note bool // carry a note, by which a run over their folder leaves them alone
}

// thumbnailQuality is the quality of a JPEG for people to look at, at about 0.15 bytes per pixel.
const thumbnailQuality = 78

// MakeThumbnail returns a function that makes the thumbnail of the file at a path.
func MakeThumbnail(o ThumbnailOptions) func(context.Context, string) (Thumbnail, error) {
	o.Open.OwnToo = true
	fit := func(width, height int) (int, int) {
		scale := min(1, float64(o.Side)/float64(max(width, height)))
		return max(1, int(math.Round(scale*float64(width)))), max(1, int(math.Round(scale*float64(height))))
	}
	read := Then(Open(o.Open), Decode(fit))
	return func(ctx context.Context, path string) (t Thumbnail, err error) {
		img, err := read(ctx, Source{In: path})
		if err != nil {
			return t, err
		}
		t.Width, t.Height = fit(img.Width, img.Height)
		t.File, err = encodeThumbnail(img.Pixels.OnWhite(), t.Width, t.Height, o.Note)
		return t, err
	}
}

// encodeThumbnail encodes RGB pixels as a JPEG of a size, with a note if asked. Decode has shrunk them to less than
// twice that size, so a simple filter is enough.
func encodeThumbnail(p Pixels, width, height int, note bool) (file []byte, err error) {
	var m container.Metadata
	if note {
		m = m.WithNote(container.Identity("", nil), nil).For(JPEG)
	}
	_, xmp, iptc := m.ForLibvips(JPEG)
	err = withPictures(func(s *scope) error {
		coding := jpegCoding{quality: thumbnailQuality, halve: true, optimize: true}
		q := s.of(p)
		q.resize(FilterBilinear, width, height)
		return q.saveJPEG(coding, xmp, iptc, func(data []byte) error {
			file = bytes.Join(container.Seal(m.Insert(JPEG, data)), nil)
			return nil
		})
	})
	if err != nil {
		return nil, errors.New("cannot be encoded as a thumbnail")
	}
	return file, nil
}

// PatternSide is the side of a crop that shows a pattern, in pixels.
const PatternSide = raster.PatternSide

// A Pattern shows the checkerboard of an image where it is strongest, in square PNGs of PatternSide.
type Pattern struct {
	Result   []byte
	Source   []byte  // the same place of the source; nil if there is none
	NoSource error   // why there is none, although a source was named
	Residual []byte  // the difference of each pixel from the mean of its 8 neighbours, amplified, on grey
	Gain     float64 // by which it was amplified
	Score    Score   // of this place
	X, Y     int     // of the upper left corner
}

var (
	errNoPattern = errors.New("too small to show a pattern")
	errOtherSize = errors.New("of another size")
)

// ShowPattern returns a function that shows the pattern of the image at a path. source is the path of its source, or "".
func ShowPattern(o OpenOptions) func(ctx context.Context, path, source string) (Pattern, error) {
	o.OwnToo = true
	read := Then(Open(o), Decode(nil))
	return func(ctx context.Context, path, source string) (Pattern, error) {
		img, err := read(ctx, Source{In: path})
		if err != nil {
			return Pattern{}, err
		}
		p := img.Pixels.OnWhite()
		if min(p.Width, p.Height) < PatternSide {
			return Pattern{}, errNoPattern
		}
		at, score := p.StrongestPattern()
		crop := p.Part(at)
		residual, gain := crop.Residual()
		shown := Pattern{Score: score, X: at.X, Y: at.Y, Gain: gain}
		if shown.Result, err = pngOfImage(crop.Image()); err != nil {
			return Pattern{}, err
		}
		if shown.Residual, err = pngOfImage(residual); err != nil || source == "" {
			return shown, err
		}
		before, err := read(ctx, Source{In: source})
		if err == nil && (before.Width != p.Width || before.Height != p.Height) {
			err = errOtherSize
		}
		if err != nil {
			shown.NoSource = err
			return shown, nil
		}
		shown.Source, err = pngOfImage(before.Pixels.OnWhite().Part(at).Image())
		return shown, err
	}
}

func pngOfImage(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
