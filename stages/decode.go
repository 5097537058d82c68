package stages

import (
	"context"
	"errors"
	"fmt"

	"github.com/h2non/bimg"
)

// An Image is a decoded picture, upright and in sRGB. Decode makes it at least
// as large as the network wants it; Resize makes it just so, without alpha.
type Image struct {
	Source        Source
	Format        Format
	Digest        string // of the file
	Width, Height int    // of the whole picture, upright
	Pixels        Pixels
	Alpha         []byte // of Pixels, one byte a pixel; nil: opaque, or not resized yet
	Profile       []byte // sRGB, where the file had a profile; else nil
}

// A Shape gives the width and height at which a picture enters a network.
type Shape func(width, height int) (int, int)

// Decode returns the stage that decodes a file: shrunk by a power of two on the
// way (for JPEG inside the decoder) as far as the shape leaves room, turned
// upright, and through its profile to sRGB. A nil shape decodes it whole.
func Decode(shape Shape) func(context.Context, File) (Image, error) {
	return func(_ context.Context, f File) (Image, error) {
		options := bimg.Options{
			Type: bimg.TIFF,
			// bimg would turn a JPEG by way of a second JPEG.
			NoAutoRotate: true,
			OutputICC:    "srgb", // libvips' own
		}
		if shape != nil {
			wide, high := shape(f.Width, f.Height)
			if k := halvings(f.Width, f.Height, wide, high); k > 0 {
				options.Width, options.Height = shifted(f.Width, k), shifted(f.Height, k)
				options.Force = true
			}
		}
		file, err := bimg.NewImage(f.Data).Process(options)
		if err != nil {
			// The text in err may be another file's: libvips has one buffer for all.
			return Image{}, errors.New("cannot be decoded: corrupt, or of a kind that libvips cannot read")
		}
		r, err := parseRaster(file)
		if err != nil {
			return Image{}, err
		}
		if r.Bands != 3 && r.Bands != 4 {
			return Image{}, fmt.Errorf("%d bands: neither RGB nor RGBA", r.Bands)
		}
		img := Image{
			Source: f.Source, Format: f.Format, Digest: f.Digest,
			Width: f.Width, Height: f.Height,
			Pixels: upright(r.Pixels, r.orientation), Profile: r.profile,
		}
		if r.orientation >= 5 {
			img.Width, img.Height = f.Height, f.Width
		}
		return img, nil
	}
}

// halvings is how often width and height can be halved and still cover the
// network's shape.
func halvings(width, height, wide, high int) int {
	k := 0
	for shifted(width, k+1) >= wide && shifted(height, k+1) >= high {
		k++
	}
	return k
}

// shifted is n / 2^k, rounded up.
func shifted(n, k int) int { return (n + 1<<k - 1) >> k }

// upright turns a picture as its Exif orientation (1 to 8) says.
func upright(p Pixels, orientation int) Pixels {
	if orientation < 2 || orientation > 8 {
		return p
	}
	out := Pixels{Width: p.Width, Height: p.Height, Bands: p.Bands, Data: make([]byte, len(p.Data))}
	if orientation >= 5 {
		out.Width, out.Height = p.Height, p.Width
	}
	// Where the source pixel of (0,0) lies, and the steps to its neighbours to
	// the right and below in the upright picture.
	right, bottom := p.Width-1, p.Height-1
	at := func(x, y int) int { return (y*p.Width + x) * p.Bands }
	var start, stepX, stepY int
	switch orientation {
	case 2: // mirrored
		start, stepX, stepY = at(right, 0), -at(1, 0), at(0, 1)
	case 3: // upside down
		start, stepX, stepY = at(right, bottom), -at(1, 0), -at(0, 1)
	case 4: // mirrored, upside down
		start, stepX, stepY = at(0, bottom), at(1, 0), -at(0, 1)
	case 5: // transposed
		start, stepX, stepY = 0, at(0, 1), at(1, 0)
	case 6: // to be turned right
		start, stepX, stepY = at(0, bottom), -at(0, 1), at(1, 0)
	case 7: // transposed along the other diagonal
		start, stepX, stepY = at(right, bottom), -at(0, 1), -at(1, 0)
	case 8: // to be turned left
		start, stepX, stepY = at(right, 0), at(0, 1), -at(1, 0)
	}
	to := 0
	for y := range out.Height {
		from := start + y*stepY
		for range out.Width {
			copy(out.Data[to:to+p.Bands], p.Data[from:from+p.Bands])
			to += p.Bands
			from += stepX
		}
	}
	return out
}
