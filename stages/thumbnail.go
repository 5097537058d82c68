package stages

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"math"

	"gtx/stages/container"
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
		t.File, err = img.Pixels.onWhite().thumbnail(t.Width, t.Height, o.Note)
		return t, err
	}
}

// onWhite returns the pixels without alpha, on white paper.
func (p Pixels) onWhite() Pixels {
	if p.Bands == 3 {
		return p
	}
	rgb, alpha := p.split()
	for i, a := range alpha {
		for k := range 3 {
			v := &rgb.Data[3*i+k]
			*v = byte((int(*v)*int(a) + 255*(255-int(a)) + 127) / 255)
		}
	}
	return rgb
}

// thumbnail encodes RGB pixels as a JPEG of a size, with a note if asked. Decode has shrunk them to less than twice that
// size, so that a simple filter does.
func (p Pixels) thumbnail(width, height int, note bool) (file []byte, err error) {
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
const PatternSide = 44

// A Pattern shows the checkerboard of an image where it is strongest, in square PNGs of PatternSide.
type Pattern struct {
	Result   []byte
	Source   []byte  // the same place of the source; nil if there is none of the size of the image
	Residual []byte  // what each pixel differs from the mean of its 8 neighbours, made stronger, on grey
	Gain     float64 // by which it was made stronger
	Score    Score   // of this place
	X, Y     int     // of the upper left corner
}

var errNoPattern = errors.New("too small to show a pattern")

// ShowPattern returns a function that shows the pattern of the image at a path. source is the path of its source, or "".
func ShowPattern(o OpenOptions) func(ctx context.Context, path, source string) (Pattern, error) {
	o.OwnToo = true
	read := Then(Open(o), Decode(nil))
	return func(ctx context.Context, path, source string) (Pattern, error) {
		img, err := read(ctx, Source{In: path})
		if err != nil {
			return Pattern{}, err
		}
		p := img.Pixels.onWhite()
		if min(p.Width, p.Height) < PatternSide {
			return Pattern{}, errNoPattern
		}
		at, score := p.strongest()
		shown := Pattern{Score: score, X: at.x, Y: at.y}
		crop := p.part(at)
		if shown.Result, err = crop.png(); err != nil {
			return Pattern{}, err
		}
		if shown.Residual, shown.Gain, err = crop.residual(); err != nil || source == "" {
			return shown, err
		}
		if before, err := read(ctx, Source{In: source}); err == nil && before.Width == p.Width && before.Height == p.Height {
			shown.Source, _ = before.Pixels.onWhite().part(at).png()
		}
		return shown, nil
	}
}

// patternsTried bounds the places at which strongest looks.
const patternsTried = 2000

// strongest finds the square of PatternSide whose pattern stands out most from the noise, and its score. Texture has
// strong patterns by chance, too.
func (p Pixels) strongest() (at rectangle, best Score) {
	const quiet = 0.05 // grey levels; fainter noise makes no difference
	step := PatternSide / 2
	for (p.Width/step)*(p.Height/step) > patternsTried {
		step += PatternSide / 2
	}
	at, best.Valid = rectangle{width: PatternSide, height: PatternSide}, true
	most := -1.0
	for y := 0; y+PatternSide <= p.Height; y += step {
		for x := 0; x+PatternSide <= p.Width; x += step {
			l := latticeOf(p, rectangle{x, y, PatternSide, PatternSide})
			s := Score{A2: l.amplitude(2), A4: l.amplitude(4), A8: l.amplitude(8), Valid: true}
			if a := max(s.A2, s.A4, s.A8) / (math.Sqrt(max(0, l.chance)) + quiet); a > most {
				most, at.x, at.y, best = a, x, y, s
			}
		}
	}
	return at, best
}

// The standard deviation of a residual that is shown, in grey levels, and the most by which it is made stronger.
const (
	residualShown = 36
	residualGain  = 64
)

// residual draws what each pixel differs from the mean of its 8 neighbours, on grey.
func (p Pixels) residual() (file []byte, gain float64, err error) {
	luma := p.Luma()
	values := make([]float64, len(luma))
	squares := 0.0
	for y := 1; y < p.Height-1; y++ {
		for x := 1; x < p.Width-1; x++ {
			i := y*p.Width + x
			around := luma[i-p.Width-1] + luma[i-p.Width] + luma[i-p.Width+1] + luma[i-1] + luma[i+1] +
				luma[i+p.Width-1] + luma[i+p.Width] + luma[i+p.Width+1]
			values[i] = float64(luma[i] - around/8)
			squares += min(64, values[i]*values[i])
		}
	}
	deviation := math.Sqrt(squares / float64(len(values)))
	gain = math.Round(max(1, min(residualGain, residualShown/max(deviation, 0.01))))
	img := image.NewGray(image.Rect(0, 0, p.Width, p.Height))
	for i, v := range values {
		img.Pix[i] = byte(max(0, min(255, 128+gain*v)))
	}
	var b bytes.Buffer
	err = png.Encode(&b, img)
	return b.Bytes(), gain, err
}

// png encodes RGB pixels.
func (p Pixels) png() ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i := range p.Width * p.Height {
		copy(img.Pix[4*i:4*i+3], p.Data[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
