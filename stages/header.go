package stages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/gif"

	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

var (
	errTruncated = errors.New("truncated: the file ends before the picture does")
	errAnimated  = errors.New("animated pictures are not supported")
	errCorrupt   = errors.New("corrupt header")
)

// inspect reads the stored width and height of a picture, before any memory is
// taken for it, and finds what libvips would pass over in silence: files that
// end early, and animations.
func inspect(f Format, data []byte) (width, height int, err error) {
	switch f {
	case JPEG:
		width, height, err = inspectJPEG(data)
	case PNG:
		width, height, err = inspectPNG(data)
	case GIF:
		width, height, err = inspectGIF(data)
	case WebP:
		width, height, err = inspectWebP(data)
	case TIFF:
		c, e := tiff.DecodeConfig(bytes.NewReader(data))
		width, height, err = c.Width, c.Height, e
	case AVIF, HEIF:
		width, height, err = inspectHEIF(data)
	default:
		return 0, 0, errors.New("not a picture that gtx can read")
	}
	if err == nil && (width < 1 || height < 1) {
		err = errCorrupt
	}
	return width, height, err
}

// inspectJPEG walks the segments to the end-of-image marker (ITU T.81, annex B).
func inspectJPEG(data []byte) (width, height int, err error) {
	scanned := false
	for at := 2; ; {
		// A marker is 0xff, perhaps repeated, and a code.
		for at < len(data) && data[at] == 0xff {
			at++
		}
		if at >= len(data) {
			return 0, 0, errTruncated
		}
		marker := data[at]
		at++
		switch {
		case marker == 0xd9: // end of image
			if !scanned {
				return 0, 0, errCorrupt
			}
			return width, height, nil
		case marker == 0x01, marker >= 0xd0 && marker <= 0xd7: // alone, without a length
		default:
			if at+2 > len(data) {
				return 0, 0, errTruncated
			}
			length := int(binary.BigEndian.Uint16(data[at:]))
			if at+length > len(data) {
				return 0, 0, errTruncated
			}
			// Start of frame, but not the tables that share its range.
			if marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc {
				if length < 8 {
					return 0, 0, errCorrupt
				}
				height = int(binary.BigEndian.Uint16(data[at+3:]))
				width = int(binary.BigEndian.Uint16(data[at+5:]))
			}
			at += length
			if marker != 0xda {
				break
			}
			scanned = true
		}
		// To the next marker: through coded data, where 0xff 0x00 is a byte.
		for {
			next := bytes.IndexByte(data[min(at, len(data)):], 0xff)
			if next < 0 || at+next+1 >= len(data) {
				return 0, 0, errTruncated
			}
			at += next
			if code := data[at+1]; code != 0 && (code < 0xd0 || code > 0xd7) {
				break
			}
			at += 2
		}
	}
}

// inspectPNG walks the chunks to IEND (PNG specification, section 5).
func inspectPNG(data []byte) (width, height int, err error) {
	for at := 8; at+12 <= len(data); {
		length := int(binary.BigEndian.Uint32(data[at:]))
		body := at + 8
		if length < 0 || body+length+4 > len(data) {
			break
		}
		switch string(data[at+4 : body]) {
		case "IHDR":
			if length < 13 {
				return 0, 0, errCorrupt
			}
			width = int(binary.BigEndian.Uint32(data[body:]))
			height = int(binary.BigEndian.Uint32(data[body+4:]))
		case "acTL":
			return 0, 0, errAnimated
		case "IEND":
			return width, height, nil
		}
		at = body + length + 4
	}
	return 0, 0, errTruncated
}

// inspectGIF walks the blocks to the trailer (GIF89a, section 12) and counts
// the pictures.
func inspectGIF(data []byte) (width, height int, err error) {
	config, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, 0, errTruncated
	}
	table := func(flags byte) int { // bytes of a colour table
		if flags&0x80 == 0 {
			return 0
		}
		return 3 << (flags&7 + 1)
	}
	at := 13 + table(data[10])
	for pictures := 0; at < len(data); {
		block := data[at]
		switch block {
		case ';':
			if pictures == 0 {
				return 0, 0, errCorrupt
			}
			return config.Width, config.Height, nil
		case '!':
			at += 2
		case ',':
			if pictures++; pictures > 1 {
				return 0, 0, errAnimated
			}
			if at+10 > len(data) {
				return 0, 0, errTruncated
			}
			at += 11 + table(data[at+9])
		default:
			return 0, 0, errCorrupt
		}
		for at < len(data) && data[at] != 0 { // sub-blocks, ended by an empty one
			at += 1 + int(data[at])
		}
		at++
	}
	return 0, 0, errTruncated
}

// inspectWebP compares the length in the RIFF header with the file's.
func inspectWebP(data []byte) (width, height int, err error) {
	if uint64(binary.LittleEndian.Uint32(data[4:]))+8 > uint64(len(data)) {
		return 0, 0, errTruncated
	}
	if len(data) > 20 && string(data[12:16]) == "VP8X" && data[20]&0x02 != 0 {
		return 0, 0, errAnimated
	}
	config, err := webp.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	return config.Width, config.Height, nil
}

// inspectHEIF finds the largest spatial extent ('ispe', ISO/IEC 23008-12): that
// of the picture, others being of its tiles and thumbnails.
func inspectHEIF(data []byte) (width, height int, err error) {
	rest := data
	for {
		at := bytes.Index(rest, []byte("ispe"))
		if at < 0 || at+16 > len(rest) {
			break
		}
		w := int(binary.BigEndian.Uint32(rest[at+8:]))
		h := int(binary.BigEndian.Uint32(rest[at+12:]))
		if uint64(w)*uint64(h) > uint64(width)*uint64(height) {
			width, height = w, h
		}
		rest = rest[at+16:]
	}
	if width == 0 {
		return 0, 0, errTruncated
	}
	return width, height, nil
}
