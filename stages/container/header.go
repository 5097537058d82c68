package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// Errors of Parse, besides the one for an unknown format.
var (
	ErrTruncated = errors.New("truncated: the file ends before the image does")
	ErrAnimated  = errors.New("animated images are not supported")
	ErrCorrupt   = errors.New("corrupt header")
	ErrKnotted   = errors.New("the Exif data lead in circles")
)

// A Header is what a file says about its image outside the coded pixels.
type Header struct {
	Format        Format
	Width, Height int         // as stored, before any orientation
	Subsampling   Subsampling // of a JPEG in colour, else ""
	Orientation   int         // 1 to 8: how the image is to be turned; 0 if the file does not say, or in AVIF and HEIF
	Metadata      Metadata    // empty for AVIF and HEIF: see WithMetadata
	Profile       bool        // a PNG has a colour profile, which libpng drops if it does not fit
	Warnings      []string    // faults that do not keep the image from being used
}

// Subsampling says at which size a JPEG keeps its chroma.
type Subsampling string

const (
	Subsampling420 Subsampling = "420" // half the width and half the height, or less
	Subsampling444 Subsampling = "444" // more than that
)

// subsamplingOf reads the sampling factors of a frame header with three components
// (ITU T.81, B.2.2). They are relative: those of luma count only against those of chroma.
func subsamplingOf(frame []byte) Subsampling {
	const components = 6 // offset; each has an identifier, its factors and a table
	if len(frame) < components+9 || frame[components-1] != 3 {
		return ""
	}
	luma := frame[components+1]
	for _, at := range []int{components + 4, components + 7} {
		chroma := frame[at]
		if luma>>4 < 2*(chroma>>4) || luma&15 < 2*(chroma&15) {
			return Subsampling444
		}
	}
	return Subsampling420
}

// Parse reads the header of a whole file. It also finds what libvips accepts without a
// word: files that end early, and animations. It takes time and memory linear in the
// size of the file.
func Parse(file []byte) (Header, error) {
	parsers := map[Format]func([]byte) (Header, error){
		JPEG: parseJPEG, PNG: parsePNG, GIF: parseGIF, WebP: parseWebP,
		TIFF: parseTIFF, AVIF: parseHEIF, HEIF: parseHEIF,
	}
	format := Sniff(file)
	parse, known := parsers[format]
	if !known {
		return Header{}, errors.New("not an image that gtx can read")
	}
	h, err := parse(file)
	switch {
	case err != nil:
	case h.Width < 1 || h.Height < 1:
		err = ErrCorrupt
	case knotted(bytes.TrimPrefix(h.Metadata.Exif, exifPrefix)):
		err = ErrKnotted
	}
	if err != nil {
		return Header{}, err
	}
	h.Format = format
	h = h.WithMetadata(h.Metadata)
	if h.Orientation == 0 {
		h.Orientation = h.Metadata.Orientation()
	}
	return h, nil
}

// WithMetadata returns the header with metadata that were found elsewhere. Parse does
// not look for those of AVIF and HEIF, which libheif reads. Exif data that are broken
// are left out, with a warning.
func (h Header) WithMetadata(m Metadata) Header {
	m.Exif = bytes.TrimPrefix(m.Exif, exifPrefix) // some writers of WebP add it
	if !isExif(m.Exif) {
		if len(m.Exif) > 0 {
			h.Warnings = append(slices.Clone(h.Warnings), warnExif)
		}
		m.Exif = nil
	}
	h.Metadata = m
	return h
}

// parseJPEG reads the segments up to the end-of-image marker (ITU T.81, annex B).
func parseJPEG(file []byte) (h Header, err error) {
	var parts []part // before the first scan
	scanned, ended := false, false
	for marker, body := range segments(file) {
		switch {
		case marker == markerEnd:
			ended = true
		case marker == markerScan:
			scanned = true
		case isFrame(marker):
			if len(body) < 6 {
				return Header{}, ErrCorrupt
			}
			h.Height = int(binary.BigEndian.Uint16(body[1:]))
			h.Width = int(binary.BigEndian.Uint16(body[3:]))
			h.Subsampling = subsamplingOf(body)
		case !scanned:
			parts = append(parts, part{string([]byte{marker}), body})
		}
	}
	if !ended {
		return Header{}, ErrTruncated
	}
	if !scanned {
		return Header{}, ErrCorrupt
	}
	h.Metadata = Metadata{Exif: find(parts, app1, exifPrefix), IPTC: iptcResource(find(parts, app13, resourcePrefix))}
	h.Metadata.XMP, h.Warnings = jpegXMP(parts)
	return h, nil
}

// parsePNG reads the chunks up to IEND (PNG specification, section 5).
func parsePNG(file []byte) (h Header, err error) {
	chunks := pngChunks(file)
	for _, chunk := range chunks {
		switch chunk.kind {
		case "IHDR":
			if len(chunk.body) < 13 {
				return Header{}, ErrCorrupt
			}
			h.Width = int(binary.BigEndian.Uint32(chunk.body))
			h.Height = int(binary.BigEndian.Uint32(chunk.body[4:]))
		case "iCCP":
			h.Profile = true
		case "acTL":
			return Header{}, ErrAnimated
		case "IEND":
			h.Metadata, h.Warnings = pngMetadata(chunks)
			return h, nil
		}
	}
	return Header{}, ErrTruncated
}

// parseGIF reads the blocks up to the trailer (GIF89a, section 12) and refuses a
// second image.
func parseGIF(file []byte) (h Header, err error) {
	if len(file) < 13 {
		return Header{}, ErrTruncated
	}
	word := func(at int) int { return int(binary.LittleEndian.Uint16(file[at:])) }
	h.Width, h.Height = word(6), word(8)
	at := 13 + gifTable(file[10])
	for images := 0; at < len(file); {
		block := file[at]
		switch block {
		case ';':
			if images == 0 {
				return Header{}, ErrCorrupt
			}
			return h, nil
		case '!':
			at += 2
		case ',':
			if images++; images > 1 {
				return Header{}, ErrAnimated
			}
			if at+10 > len(file) {
				return Header{}, ErrTruncated
			}
			// libvips enlarges the screen for an image that reaches beyond it.
			h.Width = max(h.Width, word(at+1)+word(at+5))
			h.Height = max(h.Height, word(at+3)+word(at+7))
			at += 11 + gifTable(file[at+9])
		default:
			return Header{}, ErrCorrupt
		}
		for at < len(file) && file[at] != 0 { // sub-blocks, ended by an empty one
			at += 1 + int(file[at])
		}
		at++
		// Old encoders omit the trailer. Nothing is missing then.
		if block == ',' && at == len(file) {
			return h, nil
		}
	}
	return Header{}, ErrTruncated
}

// parseWebP compares the length in the RIFF header with the length of the file, and
// reads the first chunk (RFC 9649, section 2).
func parseWebP(file []byte) (h Header, err error) {
	if len(file) < 30 || uint64(binary.LittleEndian.Uint32(file[4:]))+8 > uint64(len(file)) {
		return Header{}, ErrTruncated
	}
	bits := func(at int) int { return int(binary.LittleEndian.Uint32(file[at:])) }
	switch string(file[12:16]) {
	case "VP8X":
		if file[20]&0x02 != 0 {
			return Header{}, ErrAnimated
		}
		h.Width, h.Height = bits(24)&0xffffff+1, bits(26)>>8+1
	case "VP8 ":
		h.Width, h.Height = bits(26)&0x3fff, bits(26)>>16&0x3fff
	case "VP8L":
		h.Width, h.Height = bits(21)&0x3fff+1, bits(21)>>14&0x3fff+1
	default:
		return Header{}, ErrCorrupt
	}
	chunks := riffChunks(file)
	h.Metadata = Metadata{Exif: find(chunks, "EXIF", nil), XMP: find(chunks, "XMP ", nil)}
	return h, nil
}
