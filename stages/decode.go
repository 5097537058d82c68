package stages

import (
	"context"
	"errors"
	"fmt"
	"math"

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

	file     File // for Encode, which decodes it whole
	how      decoding
	metadata container.Metadata
	crop     rectangle // of the whole picture: the part that is translated, which Width and Height are of
	inner    rectangle // of Pixels: the picture, where there is padding around it
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
	img.readMetadata(p)
	img.readColours(p)
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
	p.hold()
	p.turnUpright()
	var err error
	if img.Pixels, err = p.pixels(); err != nil {
		return img, errDecode
	}
	return img, nil
}

// readColours takes the size from a file's picture, and decides how to read its colours.
func (img *Image) readColours(p picture) {
	img.Width, img.Height = p.width(), p.height()
	if p.orientation() >= 5 {
		img.Width, img.Height = img.Height, img.Width
	}
	img.how.deep = p.deep()
	switch profile := p.blob(fieldProfile); {
	case profile == nil && p.bands() >= 3 && img.metadata.SaysAdobeRGB():
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

// readMetadata takes the metadata from the header, and those of AVIF and HEIF from
// libheif.
func (img *Image) readMetadata(p picture) {
	h := img.file.Header
	if img.Format == AVIF || img.Format == HEIF {
		m := container.Metadata{Exif: p.blob(fieldExif), XMP: p.blob(fieldXMP)}
		// libvips does not recognise a packet with a header as XMP.
		for i := 0; i < 8 && m.XMP == nil; i++ {
			if data := p.blob(fmt.Sprintf("heif-mime-%d", i)); container.IsPacket(data) {
				m.XMP = data
			}
		}
		h = h.WithMetadata(m)
	}
	img.metadata = h.Metadata
	img.Warnings = append(img.Warnings, h.Warnings...)
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

// checkSize refuses an image that takes more than 2 GiB at 8 bits per sample.
func checkSize(width, height, bands int) error {
	const most = math.MaxInt32
	if width > most/height/bands {
		return fmt.Errorf("%d×%d is more than 2 GiB of pixels", width, height)
	}
	return nil
}
