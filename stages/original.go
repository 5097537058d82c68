package stages

import (
	"fmt"

	"gtx/stages/container"
	"gtx/stages/raster"
)

// An original is a photograph as Encode reads it again: at its full size, with all that the file
// says of it.
type original struct {
	file     File
	metadata container.Metadata
	strict   strictness
	deep     bool             // it has 16 bits per sample
	profile  bool             // its own profile, not sRGB, defines its colours
	intent   container.Intent // of that profile, for reading it
	own      []byte           // that profile, if it is one for RGB and results can be in it
	assumed  bool             // the file does not embed that profile but names it in its Exif data
	samples  *samples         // how they are read, if they are unusual
	crop     raster.Rectangle // the part that is translated
	pixels   Pixels           // of all of it, upright, 8 bits and sRGB, if DecodeOnce kept them

	resolution resolution // with pixels
}

// readMetadata takes the metadata from the header, and in AVIF and HEIF from libheif.
func (img *Image) readMetadata(p picture) {
	h := img.original.file.Header
	if img.Format == AVIF || img.Format == HEIF {
		m := container.Metadata{Exif: p.blob(fieldExif), XMP: p.blob(fieldXMP)}
		// libvips does not recognise a packet of XMP that begins with a header.
		for i := 0; i < 8 && m.XMP == nil; i++ {
			if data := p.blob(fmt.Sprintf("heif-mime-%d", i)); container.IsPacket(data) {
				m.XMP = data
			}
		}
		h = h.WithMetadata(m)
	}
	img.original.metadata = h.Metadata
	img.Warnings = append(img.Warnings, h.Warnings...)
}

// readColours decides how the colours of the file are to be read.
func (img *Image) readColours(p picture) {
	o := &img.original
	o.deep = p.deep()
	switch profile := p.blob(fieldProfile); {
	case profile == nil && p.bands() >= 3 && o.metadata.SaysAdobeRGB():
		img.Profile = srgbProfile()
		o.profile, o.intent, o.assumed, o.own = true, container.Relative, true, container.AdobeRGB()
	case profile == nil && o.file.Header.Profile:
		img.Profile = srgbProfile()
		img.Warnings = append(img.Warnings, warnProfile)
	case profile == nil:
	case container.IsSRGB(profile) && !p.isCMYK():
		img.Profile = profile
	default:
		img.Profile = srgbProfile()
		from, to := container.Intents(profile)
		if from == container.NoIntent || !p.suits(profile) {
			img.Warnings = append(img.Warnings, warnProfile)
			return
		}
		o.profile, o.intent = true, from
		if from != container.Relative {
			img.Warnings = append(img.Warnings, warnIntent)
		}
		if p.bands() >= 3 && container.Space(profile) == "RGB " && to != container.NoIntent {
			o.own = profile
		}
	}
}

// readSamples decides how the samples of the file are to be read. It reads all of p.
func (img *Image) readSamples(p picture) error {
	if img.Format != TIFF {
		return nil
	}
	found, warning, err := samplesOf(p)
	if err != nil || found == nil {
		return err
	}
	o := &img.original
	found.linear = found.linear && !o.profile
	o.samples, o.deep = found, true
	if warning != "" {
		img.Warnings = append(img.Warnings, warning)
	}
	return nil
}

// ignoreProfile reads the colours as sRGB from now on.
func (o *original) ignoreProfile() { o.profile, o.assumed, o.own = false, false, nil }

// open makes a picture of the file as stored, not turned. own: keep the colours of its own profile
// instead of converting them to sRGB. deep: keep 16 bits per sample if it has them.
func (o original) open(s *scope, options string, downwards, deep, own bool) picture {
	p := s.file(o.file, options, downwards, o.strict)
	p.orient(o.file.Orientation)
	p.scale(o.samples)
	if o.assumed {
		p.attach(o.own)
	}
	p.toSRGB(o.profile && !own, o.intent, deep)
	return p
}

// whole makes a picture of the photograph, upright and cropped, at the given size.
func (o original) whole(s *scope, width, height int, deep, own bool) picture {
	p := o.upright(s, deep, own)
	p.crop(o.crop)
	p.resize(FilterLanczos, width, height)
	return p
}

// upright makes a picture of the whole photograph, from the kept pixels if they are what is asked for.
func (o original) upright(s *scope, deep, own bool) picture {
	if o.pixels.Data != nil && !(own && o.own != nil) {
		p := s.of(o.pixels)
		p.resolve(o.resolution)
		return p
	}
	p := o.open(s, "", true, deep, own)
	if p.image != nil && p.orientation() > 1 {
		p = o.open(s, "", false, deep, own)
		p.turnUpright()
	}
	return p
}
