package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gtx/stages/container"
	"gtx/stages/raster"
)

// An Image is a decoded image, upright and in sRGB. Decode returns it at least as large
// as the network takes it. Resize returns it in exactly the network's shape, without
// alpha.
type Image struct {
	Source        Source
	Format        Format
	Digest        string // of the file
	Width, Height int    // of the whole image, upright, or of the part that a crop leaves
	Pixels        Pixels
	Instances     Pixels   // from Resize: RGB of the size of Pixels, zero if there is no instance map
	Alpha         []byte   // from Resize: one byte per pixel, or nil if every pixel is opaque
	Profile       []byte   // a profile of sRGB if the file had any profile, else nil
	Warnings      []string // faults that do not prevent its use

	original original         // for Encode
	inner    raster.Rectangle // the part of Pixels without the padding around it
}

// Faults of a file that can still be decoded.
const (
	warnDamaged = "damaged inside: parts of the image may be wrong"
	warnIntent  = "the colour profile has no relative colorimetric intent: another one is used"
	warnProfile = "the colour profile is broken or does not fit the image: its colours are read as sRGB"
)

var errDecode = errors.New("cannot be decoded: corrupt, or a variant that libvips cannot read")

// A Shape gives the width and height at which an image of a given size enters a network.
type Shape func(width, height int) (int, int)

// Decode returns the stage that decodes a file, turns it upright, converts it to sRGB
// and shrinks it by powers of two, as long as it stays at least as large as the shape.
// With a nil shape it keeps the full size.
func Decode(shape Shape) func(context.Context, File) (Image, error) { return decodeStage(shape, 0) }

// DecodeOnce is Decode for images that Detail and Encode will need at full size. Small ones are decoded whole, and
// their pixels are kept until then.
func DecodeOnce(shape Shape) func(context.Context, File) (Image, error) {
	return decodeStage(shape, keptUpTo)
}

// keptUpTo is the pixel count up to which DecodeOnce keeps an image. Decoding it again would cost more than
// keeping its pixels, which take a few megabytes.
const keptUpTo = 1 << 20

func decodeStage(shape Shape, keepUpTo int) func(context.Context, File) (Image, error) {
	return func(_ context.Context, f File) (img Image, err error) {
		keep := f.Width*f.Height <= keepUpTo
		err = withPictures(func(s *scope) error {
			if img, err = decode(s, f, shape, keep, anyFault); err != nil && s.failed == nil && !errors.Is(err, errTooLarge) {
				img, err = decode(s, f, shape, keep, badFault)
				img.Warnings = append(img.Warnings, warnDamaged)
			}
			return err
		})
		if err == nil && !slices.Contains(img.Warnings, warnDamaged) && f.isDamaged() {
			img.Warnings = append(img.Warnings, warnDamaged)
		}
		if img.original.pixels.Data != nil {
			f.release() // or its pixels would be kept twice
		}
		return img, err
	}
}

// checksumUpTo is the pixel count up to which the checksum of a PNG's pixels is checked. libvips ignores it and does
// not give access to the bytes that it covers, so these are unpacked a second time. At 12 megapixels this takes 0.33 s
// of processor time, while the whole translation to a JPEG takes 0.66 s; the sum alone would take 0.03 s. The chunks of
// a PNG have their own checksums, which are always checked.
const checksumUpTo = 1 << 20

// isDamaged reports whether a file has faults inside that libvips passes over.
func (f File) isDamaged() bool {
	switch f.Format {
	case GIF:
		return container.GIFIsDamaged(f.Data)
	case PNG:
		return f.Width*f.Height <= checksumUpTo && container.PNGIsDamaged(f.Data)
	}
	return false
}

func decode(s *scope, f File, shape Shape, keep bool, strict strictness) (Image, error) {
	img := Image{Source: f.Source, Format: f.Format, Digest: f.Digest, original: original{file: f, strict: strict}}
	p := s.header(f, strict)
	if p.image == nil {
		return img, errDecode
	}
	// gtx's parser and libvips' decoder may read different sizes from a file.
	if err := checkPixels(p.width(), p.height(), f.maxPixels); err != nil {
		return img, err
	}
	p.orient(f.Orientation)
	img.readMetadata(p)
	img.readColours(p)
	if err := img.readSamples(p); err != nil {
		return img, err
	}
	// The picture as stored may lie on its side.
	width, height := p.width(), p.height()
	minWidth, minHeight := width, height
	turned := p.orientation() >= 5
	img.Width, img.Height = width, height
	if turned {
		img.Width, img.Height = height, width
	}
	if shape != nil {
		minWidth, minHeight = shape(img.Width, img.Height)
		if turned {
			minWidth, minHeight = minHeight, minWidth
		}
	}
	k := halvings(width, height, minWidth, minHeight)
	if err := checkSize(halved(width, k), halved(height, k), 4); err != nil {
		return img, err
	}
	keep = keep && !img.original.deep
	options := ""
	if !keep {
		options = shrinkOptions(f.Format, p, width, height, minWidth, minHeight, k)
	}
	if p = img.reopen(s, options); p.image == nil {
		return img, errDecode
	}
	if !keep {
		p.shrink(1 << halvings(p.width(), p.height(), minWidth, minHeight))
	}
	if p.image != nil && p.orientation() > 1 {
		p.toMemory()
		p.turnUpright()
	}
	var err error
	if img.Pixels, err = p.pixels(); err != nil {
		return img, errDecode
	}
	if keep {
		err = img.keep(p, k)
	}
	return img, err
}

// keep keeps the pixels, which are those of the whole image, and halves them k times for the network.
func (img *Image) keep(p picture, k int) (err error) {
	img.original.pixels, img.original.resolution = img.Pixels, p.resolution()
	if k > 0 {
		img.Pixels, err = p.scope.shrunk(img.Pixels, 1<<k)
	}
	return err
}

// reopen opens the image for its pixels, without its profile if that is of no use.
func (img *Image) reopen(s *scope, options string) picture {
	p := img.original.open(s, options, true, false, false)
	if p.image == nil && img.original.profile {
		img.original.ignoreProfile()
		img.Warnings = append(img.Warnings, warnProfile)
		p = img.original.open(s, options, true, false, false)
	}
	return p
}

// shrinkOptions lets the decoders of JPEG and WebP halve an image up to k times. They do it faster than libvips, but
// round the sides down.
func shrinkOptions(format Format, p picture, width, height, minWidth, minHeight, k int) string {
	n := min(k, 3)
	for n > 0 && (width>>n < minWidth || height>>n < minHeight) {
		n--
	}
	switch {
	case n == 0:
	case format == JPEG:
		return fmt.Sprintf("[shrink=%d]", 1<<n)
	case format == WebP && p.bands() == 3:
		return fmt.Sprintf("[scale=%g]", 1/float64(int(1)<<n))
	}
	return ""
}

// halvings is how often both sides can be halved without falling below minWidth × minHeight.
func halvings(width, height, minWidth, minHeight int) int {
	k := 0
	for k < 16 && halved(width, k+1) >= minWidth && halved(height, k+1) >= minHeight {
		k++
	}
	return k
}

// halved is n / 2^k, rounded up.
func halved(n, k int) int { return (n + 1<<k - 1) >> k }
