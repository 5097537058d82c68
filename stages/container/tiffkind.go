package container

import (
	"errors"
	"fmt"
)

// A TIFF can hold more kinds of images than libvips reads rightly. It decodes some of them, without a word, to
// other colours, or takes the first of several images for the only one. parseTIFF refuses these.

// Tags that say what kind of image a directory describes (TIFF 6.0, DNG 1.4, TIFF/EP).
const (
	tagSubfile      = 254
	tagOldSubfile   = 255
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagSamples      = 277 // per pixel
	tagSampleFormat = 339
	tagSubdirectory = 330
	tagDNGVersion   = 50706
)

// Bits of tagSubfile.
const (
	subfileReduced = 1
	subfileMask    = 4
)

// Values of tagPhotometric.
const (
	photometricMinIsWhite = 0
	photometricSeparated  = 5
	photometricYCbCr      = 6
	photometricLab        = 8
	photometricICCLab     = 9
	photometricITULab     = 10
	photometricCFA        = 32803
	photometricLinearRaw  = 34892
)

// Values of tagCompression.
const (
	compressionNone = 1
	compressionJPEG = 7
)

// Values of tagSampleFormat.
const (
	samplesUnsigned = 1
	samplesSigned   = 2
	samplesFloat    = 3
)

var (
	errRaw       = errors.New("a camera's raw file: develop it first")
	errThumbnail = errors.New("the first image of this TIFF is a thumbnail of another one")
)

const warnSmaller = "the file holds further images, all much smaller: they were left out"

// A tiffKind describes the pixels of a directory.
type tiffKind struct{ subfile, old, bits, samples, compression, photometric, format, width, height int }

func (w *walker) kindOf(fields map[uint16]field) tiffKind {
	number := func(tag uint16, otherwise int) int {
		if f := fields[tag]; len(f.value) > 0 {
			f.value = f.value[:typeSizes[f.kind].value]
			if list := w.numbers(f); len(list) > 0 {
				return list[0]
			}
		}
		return otherwise
	}
	return tiffKind{
		subfile: number(tagSubfile, 0), old: number(tagOldSubfile, 0), bits: number(tagBits, 1), samples: number(tagSamples, 1),
		compression: number(tagCompression, 1), photometric: number(tagPhotometric, -1),
		format: number(tagSampleFormat, samplesUnsigned), width: number(tagWidth, 0), height: number(tagHeight, 0),
	}
}

// bytes is how many bytes the pixels take in the file at least.
func (k tiffKind) bytes() float64 {
	if k.compression != compressionNone {
		return 1
	}
	return float64(k.width) * float64(k.height) * float64(k.bits) * float64(k.samples) / 8
}

// check returns an error for an image that libvips would decode to other colours, or not at all.
func (k tiffKind) check() error {
	refuse := func(text string, a ...any) error {
		return fmt.Errorf("this kind of TIFF is not supported: "+text, a...)
	}
	name := map[int]string{samplesSigned: "signed", samplesFloat: "floating-point"}[k.format]
	switch {
	case k.format > samplesFloat && k.format != 4: // 4: undefined, and read as unsigned
		return refuse("complex samples")
	case k.format == samplesFloat && k.bits != 32:
		return refuse("floating-point samples of %d bits", k.bits)
	case k.bits > 32:
		return refuse("samples of %d bits", k.bits)
	case k.photometric == photometricSeparated && name != "":
		return refuse("CMYK in %s samples", name)
	case k.photometric == photometricSeparated && k.bits > 16:
		return refuse("CMYK in samples of %d bits", k.bits)
	case k.photometric == photometricMinIsWhite && (name != "" || k.bits > 16):
		return refuse("inverted grey in %s samples of %d bits", name, k.bits)
	case k.photometric == photometricYCbCr && k.compression != compressionJPEG:
		return refuse("YCbCr colours without JPEG compression")
	case k.photometric == photometricLab && k.bits != 8:
		return refuse("Lab colours of %d bits", k.bits)
	case k.photometric == photometricICCLab || k.photometric == photometricITULab:
		return refuse("Lab colours in the form of ICC or ITU")
	}
	return nil
}

// checkFirst returns an error if the first image is not the one that a user means.
func (k tiffKind) checkFirst(file []byte, fields map[uint16]field) error {
	const canon = "CR" // after the header
	_, dng := fields[tagDNGVersion]
	_, inner := fields[tagSubdirectory]
	reduced := k.subfile&subfileReduced != 0 // a raw file keeps the photograph in an inner directory
	switch {
	case dng, reduced && inner, k.photometric == photometricCFA, k.photometric == photometricLinearRaw, len(file) > 10 && string(file[8:10]) == canon:
		return errRaw
	case reduced:
		return errThumbnail
	}
	return nil
}

// furtherImages looks at the directories after the first. They may hold smaller versions of its image, or a
// mask. It returns an error if one holds another image.
func (w *walker) furtherImages(first tiffKind) (warnings []string, err error) {
	others, smaller := 0, false
	for at := w.next(w.first()); at != 0 && !w.seen[at] && w.lines > 0; at = w.next(at) {
		fields := map[uint16]field{}
		for f := range w.fields(at) {
			if _, twice := fields[f.tag]; !twice {
				fields[f.tag] = f
			}
		}
		const oldReduced = 2
		switch k := w.kindOf(fields); {
		case k.width == 0 || k.subfile&(subfileReduced|subfileMask) != 0 || k.old == oldReduced:
		case 2*k.width <= first.width && 2*k.height <= first.height:
			smaller = true
		default:
			others++
		}
	}
	if others > 0 {
		return nil, fmt.Errorf("%d images in one TIFF: gtx takes one", others+1)
	}
	if smaller {
		warnings = []string{warnSmaller}
	}
	return warnings, nil
}

// next returns the offset of the directory after another one, or 0.
func (w *walker) next(at uint32) uint32 {
	if _, next, _ := w.directory(at); next != nil {
		return w.order.Uint32(next)
	}
	return 0
}
