package stages

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"gtx/stages/container"
)

// An Image is a decoded picture, upright and in sRGB. Decode makes it at least
// as large as the network wants it; Resize makes it just so, without alpha.
type Image struct {
	Source        Source
	Format        Format
	Digest        string // of the file
	Width, Height int    // of the whole picture, upright
	Pixels        Pixels
	Alpha         []byte   // of Pixels, one byte a pixel; nil: opaque, or not resized yet
	Profile       []byte   // one for sRGB, where the file had a profile; else nil
	Warnings      []string // of faults that do not keep it from being used

	file  File // for Encode, which decodes it whole
	how   decoding
	about container.Metadata
	crop  rectangle // of the whole picture: the part that is translated, which Width and Height are of
	inner rectangle // of Pixels: the picture, where there is padding around it
}

// A decoding is how a file turned out to be decoded best.
type decoding struct {
	strict  strictness
	profile bool   // to sRGB by its own profile
	own     []byte // that profile, where it is one for RGB
	assumed bool   // the file has none embedded and says so elsewhere
	deep    bool   // it has 16 bits a sample
}

// What may be wrong with a file that can be decoded all the same.
const (
	warnDamaged = "damaged inside: parts of the picture may be wrong"
	warnExif    = "the Exif data are broken and left out"
	warnProfile = "the colour profile is broken, or for another kind of picture: the colours are taken for sRGB"
)

var errDecode = errors.New("cannot be decoded: corrupt, or of a kind that libvips cannot read")

// A Shape gives the width and height at which a picture enters a network.
type Shape func(width, height int) (int, int)

// Decode returns the stage that decodes a file: turned upright, through its
// profile to sRGB, and shrunk by a power of two as far as the shape leaves room.
// A nil shape decodes it whole.
func Decode(shape Shape) func(context.Context, File) (Image, error) {
	return func(_ context.Context, f File) (img Image, err error) {
		err = withPictures(func(s *scope) error {
			if img, err = decode(s, f, shape, anyFault); err != nil {
				img, err = decode(s, f, shape, badFault)
				img.Warnings = append(img.Warnings, warnDamaged)
			}
			return err
		})
		return img, err
	}
}

func decode(s *scope, f File, shape Shape, strict strictness) (Image, error) {
	img := Image{Source: f.Source, Format: f.Format, Digest: f.Digest, file: f, how: decoding{strict: strict}}
	p := s.open(f.Data, "", true, strict)
	if p.image == nil {
		return img, errDecode
	}
	img.describe(p)
	img.inspect(p)
	// As the picture lies in the file.
	width, height, wide, high := p.width(), p.height(), p.width(), p.height()
	if shape != nil {
		wide, high = shape(img.Width, img.Height)
		if p.orientation() >= 5 {
			wide, high = high, wide
		}
	}
	k := halvings(width, height, wide, high)
	if err := checkSize(shifted(width, k), shifted(height, k), 4); err != nil {
		return img, err
	}
	options := ""
	if n := min(k, 3); f.Format == JPEG || f.Format == WebP && p.bands() == 3 {
		// The decoder itself shrinks, which is faster, but rounds down.
		for n > 0 && (width>>n < wide || height>>n < high) {
			n--
		}
		if options = fmt.Sprintf("[shrink=%d]", 1<<n); f.Format == WebP {
			options = fmt.Sprintf("[scale=%g]", 1/float64(int(1)<<n))
		}
	}
	p = img.open(s, options, true, false, false)
	if p.image == nil && img.how.profile {
		img.how.profile, img.how.assumed, img.how.own = false, false, nil
		img.Warnings = append(img.Warnings, warnProfile)
		p = img.open(s, options, true, false, false)
	}
	if p.image == nil {
		return img, errDecode
	}
	p.shrink(1 << halvings(p.width(), p.height(), wide, high))
	p.toMemory()
	p.turnUpright()
	var err error
	if img.Pixels, err = p.pixels(); err != nil {
		return img, errDecode
	}
	return img, nil
}

// inspect takes from a file's picture its size, and how its colours are to be read.
func (img *Image) inspect(p picture) {
	img.Width, img.Height = p.width(), p.height()
	if p.orientation() >= 5 {
		img.Width, img.Height = img.Height, img.Width
	}
	img.how.deep = p.deep()
	switch profile := p.blob(fieldProfile); {
	case profile == nil && p.bands() >= 3 && container.SaysAdobeRGB(img.about.Exif):
		img.Profile = srgbProfile()
		img.how.profile, img.how.assumed, img.how.own = true, true, container.AdobeRGB()
	case profile == nil:
	case container.IsSRGB(profile):
		img.Profile = profile
	default:
		img.Profile = srgbProfile()
		img.how.profile = true
		if p.bands() >= 3 && len(profile) > 20 && string(profile[16:20]) == "RGB " {
			img.how.own = profile
		}
	}
}

// describe takes from the file what the photograph says of itself.
func (img *Image) describe(p picture) {
	m := container.MetadataOf(img.Format, img.file.Data)
	if img.Format == AVIF || img.Format == HEIF {
		m.Exif, m.XMP = bytes.TrimPrefix(p.blob(fieldExif), container.ExifPrefix), p.blob(fieldXMP)
		// A packet with a header libvips takes for anything.
		for i := 0; i < 8 && m.XMP == nil; i++ {
			if data := p.blob(fmt.Sprintf("heif-mime-%d", i)); bytes.Contains(data, []byte("</rdf:RDF>")) {
				m.XMP = data
			}
		}
	}
	if len(m.Exif) > 0 {
		m.Exif = container.UprightExif(m.Exif)
		if m.Exif == nil {
			img.Warnings = append(img.Warnings, warnExif)
		}
	}
	img.about = m
}

// open makes the picture of an image's file, as it lies there: in sRGB, or in the
// colours of its own profile, with 16 bits a sample where it has as many and they
// are wanted.
func (img *Image) open(s *scope, options string, downwards, deep, own bool) picture {
	p := s.open(img.file.Data, options, downwards, img.how.strict)
	if img.how.assumed {
		p.attach(img.how.own)
	}
	p.toSRGB(img.how.profile && !own, deep)
	return p
}

// halvings is how often width and height can be halved and still be as wide and
// high as that.
func halvings(width, height, wide, high int) int {
	k := 0
	for k < 16 && shifted(width, k+1) >= wide && shifted(height, k+1) >= high {
		k++
	}
	return k
}

// shifted is n / 2^k, rounded up.
func shifted(n, k int) int { return (n + 1<<k - 1) >> k }
