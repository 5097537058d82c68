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
	Profile       []byte // one for sRGB, where the file had a profile; else nil

	file  File      // for Detail, which decodes it whole
	crop  rectangle // of the whole picture: the part that is translated, which Width and Height are of
	inner rectangle // of Pixels: the picture, where there is padding around it
}

// A Shape gives the width and height at which a picture enters a network.
type Shape func(width, height int) (int, int)

// Decode returns the stage that decodes a file: turned upright, through its
// profile to sRGB, and shrunk by a power of two as far as the shape leaves room.
// A nil shape decodes it whole.
func Decode(shape Shape) func(context.Context, File) (Image, error) {
	return func(_ context.Context, f File) (Image, error) { return decodeFile(f, shape) }
}

func decodeFile(f File, shape Shape) (Image, error) {
	options := bimg.Options{
		Type: bimg.TIFF,
		// bimg would turn a JPEG by way of a second JPEG.
		NoAutoRotate: true,
	}
	if !isSRGB(iccProfile(f.Format, f.Data)) {
		options.OutputICC = "srgb" // libvips' own
	}
	if f.Grey {
		// bimg takes a picture to this first, and only then through its
		// profile: grey levels have to be grey levels still.
		options.Interpretation = bimg.InterpretationBW
	}
	width, height := f.Width, f.Height // of what bimg is to give
	if shape != nil && f.Shrinks {
		// It may lie on its side, which is known only afterwards.
		k := min(halvings(width, height, shape), halvings(height, width, shape))
		if k > 0 {
			width, height = shifted(width, k), shifted(height, k)
			options.Width, options.Height, options.Force = width, height, true
		}
	}
	if err := holds(width, height, 4); err != nil {
		return Image{}, err
	}
	r, err := decode(f.Data, options)
	if err != nil {
		// Perhaps the profile is broken, or not of the picture's kind.
		options.NoProfile = true
		r, err = decode(f.Data, options)
	}
	if err != nil {
		return Image{}, err
	}
	img := Image{
		Source: f.Source, Format: f.Format, Digest: f.Digest,
		Pixels: upright(r.Pixels, r.orientation), Profile: r.profile,
		file: f,
	}
	if f.Shrinks {
		img.Width, img.Height = f.Width, f.Height
		if r.orientation >= 5 {
			img.Width, img.Height = f.Height, f.Width
		}
		return img, nil
	}
	// What the decoder turned by itself is known only now (HEIF).
	img.Width, img.Height = img.Pixels.Width, img.Pixels.Height
	if shape != nil {
		img.Pixels = img.Pixels.shrunk(halvings(img.Width, img.Height, shape))
	}
	return img, nil
}

// decode returns the RGB or RGBA picture in a file.
func decode(file []byte, o bimg.Options) (raster, error) {
	file, err := bimg.NewImage(file).Process(o)
	if err != nil {
		// The text in err may be another file's: libvips has one buffer for all.
		return raster{}, errors.New("cannot be decoded: corrupt, or of a kind that libvips cannot read")
	}
	r, err := parseRaster(file)
	if err != nil {
		return raster{}, err
	}
	switch r.Bands {
	case 1, 2:
		r.Pixels = coloured(r.Pixels)
	case 3, 4:
	default:
		return raster{}, fmt.Errorf("%d bands: neither RGB nor RGBA", r.Bands)
	}
	return r, nil
}

// coloured makes RGB of grey levels, and RGBA of grey levels and alpha.
func coloured(p Pixels) Pixels {
	out := Pixels{Width: p.Width, Height: p.Height, Bands: p.Bands + 2, Data: make([]byte, 0, p.Width*p.Height*(p.Bands+2))}
	for i := 0; i < len(p.Data); i += p.Bands {
		grey := p.Data[i]
		out.Data = append(append(out.Data, grey, grey), p.Data[i:i+p.Bands]...)
	}
	return out
}

// halvings is how often width and height can be halved and still cover the
// shape that they have in the network.
func halvings(width, height int, shape Shape) int {
	wide, high := shape(width, height)
	k := 0
	for k < 16 && shifted(width, k+1) >= wide && shifted(height, k+1) >= high {
		k++
	}
	return k
}

// shifted is n / 2^k, rounded up.
func shifted(n, k int) int { return (n + 1<<k - 1) >> k }

// shrunk averages blocks of 2^k × 2^k pixels, smaller ones at the right and at
// the bottom. Colour counts by its alpha.
func (p Pixels) shrunk(k int) Pixels {
	if k == 0 {
		return p
	}
	out := Pixels{Width: shifted(p.Width, k), Height: shifted(p.Height, k), Bands: p.Bands}
	out.Data = make([]byte, 0, out.Width*out.Height*out.Bands)
	sums := make([][4]uint64, out.Width) // of colour × weight, and of weights
	for y := range p.Height {
		row := p.Data[y*p.Width*p.Bands:][:p.Width*p.Bands]
		for x := range p.Width {
			px, weight := row[x*p.Bands:][:3], uint64(255)
			if p.Bands == 4 {
				weight = uint64(row[x*4+3])
			}
			sum := &sums[x>>k]
			sum[0] += uint64(px[0]) * weight
			sum[1] += uint64(px[1]) * weight
			sum[2] += uint64(px[2]) * weight
			sum[3] += weight
		}
		if (y+1)&(1<<k-1) != 0 && y+1 < p.Height {
			continue
		}
		high := y&(1<<k-1) + 1
		for x, sum := range sums {
			weight := max(sum[3], 1)
			for _, s := range sum[:3] {
				out.Data = append(out.Data, byte((s+weight/2)/weight))
			}
			if p.Bands == 4 {
				n := uint64(high * min(1<<k, p.Width-x<<k))
				out.Data = append(out.Data, byte((sum[3]+n/2)/n))
			}
		}
		clear(sums)
	}
	return out
}

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
