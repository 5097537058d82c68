package container

import (
	"bytes"
	"encoding/binary"
	"errors"
)

var (
	ErrTruncated = errors.New("truncated: the file ends before the picture does")
	ErrAnimated  = errors.New("animated pictures are not supported")
	ErrCorrupt   = errors.New("corrupt header")
)

// A Header is what a file says of its picture before it is decoded.
type Header struct {
	Format        Format
	Width, Height int // as stored, before any orientation
}

// Parse reads the header of a picture, before any memory is taken for it, and
// finds what libvips would pass over in silence: files that end early, and
// animations.
func Parse(data []byte) (Header, error) {
	readers := map[Format]func([]byte) (Header, error){
		JPEG: parseJPEG, PNG: parsePNG, GIF: parseGIF, WebP: parseWebP,
		TIFF: parseTIFF, AVIF: parseHEIF, HEIF: parseHEIF,
	}
	f := Sniff(data)
	read, known := readers[f]
	if !known {
		return Header{}, errors.New("not a picture that gtx can read")
	}
	h, err := read(data)
	if err == nil && (h.Width < 1 || h.Height < 1) {
		err = ErrCorrupt
	}
	h.Format = f
	return h, err
}

// parseJPEG walks the segments to the end-of-image marker (ITU T.81, annex B).
func parseJPEG(data []byte) (h Header, err error) {
	scanned := false
	for at := 2; ; {
		// A marker is 0xff, perhaps repeated, and a code.
		for at < len(data) && data[at] == 0xff {
			at++
		}
		if at >= len(data) {
			return Header{}, ErrTruncated
		}
		marker := data[at]
		at++
		switch {
		case marker == 0xd9: // end of image
			if !scanned {
				return Header{}, ErrCorrupt
			}
			return h, nil
		case marker <= 0x01, marker >= 0xd0 && marker <= 0xd7: // alone, without a length
		default:
			if at+2 > len(data) {
				return Header{}, ErrTruncated
			}
			length := int(binary.BigEndian.Uint16(data[at:]))
			if at+length > len(data) {
				return Header{}, ErrTruncated
			}
			// Start of frame, but not the tables that share its range.
			if marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc {
				if length < 8 {
					return Header{}, ErrCorrupt
				}
				h.Height = int(binary.BigEndian.Uint16(data[at+3:]))
				h.Width = int(binary.BigEndian.Uint16(data[at+5:]))
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
				return Header{}, ErrTruncated
			}
			at += next
			if code := data[at+1]; code != 0 && (code < 0xd0 || code > 0xd7) {
				break
			}
			at += 2
		}
	}
}

// parsePNG reads the chunks as far as IEND (PNG specification, section 5).
func parsePNG(data []byte) (h Header, err error) {
	for _, chunk := range pngChunks(data) {
		switch chunk.kind {
		case "IHDR":
			if len(chunk.body) < 13 {
				return Header{}, ErrCorrupt
			}
			h.Width = int(binary.BigEndian.Uint32(chunk.body))
			h.Height = int(binary.BigEndian.Uint32(chunk.body[4:]))
		case "acTL":
			return Header{}, ErrAnimated
		case "IEND":
			return h, nil
		}
	}
	return Header{}, ErrTruncated
}

// parseGIF walks the blocks to the trailer (GIF89a, section 12) and counts
// the pictures.
func parseGIF(data []byte) (h Header, err error) {
	if len(data) < 13 {
		return Header{}, ErrTruncated
	}
	word := func(at int) int { return int(binary.LittleEndian.Uint16(data[at:])) }
	h.Width, h.Height = word(6), word(8)
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
				return Header{}, ErrCorrupt
			}
			return h, nil
		case '!':
			at += 2
		case ',':
			if pictures++; pictures > 1 {
				return Header{}, ErrAnimated
			}
			if at+10 > len(data) {
				return Header{}, ErrTruncated
			}
			// A picture beyond the screen makes libvips enlarge the screen.
			h.Width = max(h.Width, word(at+1)+word(at+5))
			h.Height = max(h.Height, word(at+3)+word(at+7))
			at += 11 + table(data[at+9])
		default:
			return Header{}, ErrCorrupt
		}
		for at < len(data) && data[at] != 0 { // sub-blocks, ended by an empty one
			at += 1 + int(data[at])
		}
		at++
		// Old encoders leave the trailer out, where nothing is missing.
		if block == ',' && at == len(data) {
			return h, nil
		}
	}
	return Header{}, ErrTruncated
}

// parseWebP compares the length in the RIFF header with the file's and reads
// the first chunk (RFC 9649, section 2).
func parseWebP(data []byte) (Header, error) {
	if len(data) < 30 || uint64(binary.LittleEndian.Uint32(data[4:]))+8 > uint64(len(data)) {
		return Header{}, ErrTruncated
	}
	bits := func(at int) int { return int(binary.LittleEndian.Uint32(data[at:])) }
	switch string(data[12:16]) {
	case "VP8X":
		if data[20]&0x02 != 0 {
			return Header{}, ErrAnimated
		}
		return Header{Width: bits(24)&0xffffff + 1, Height: bits(26)>>8 + 1}, nil
	case "VP8 ":
		return Header{Width: bits(26) & 0x3fff, Height: bits(26) >> 16 & 0x3fff}, nil
	case "VP8L":
		return Header{Width: bits(21)&0x3fff + 1, Height: bits(21)>>14&0x3fff + 1}, nil
	}
	return Header{}, ErrCorrupt
}

// parseTIFF makes sure that all strips or tiles lie inside the file.
func parseTIFF(data []byte) (Header, error) {
	d, err := readDirectory(data)
	if err != nil {
		return Header{}, err
	}
	offsets, counts := d.numbers(tagStripOffsets), d.numbers(tagStripCounts)
	if len(offsets) == 0 {
		offsets, counts = d.numbers(tagTileOffsets), d.numbers(tagTileCounts)
	}
	if len(offsets) == 0 || len(offsets) != len(counts) {
		return Header{}, ErrCorrupt
	}
	for i, at := range offsets {
		if at+counts[i] > len(data) {
			return Header{}, ErrTruncated
		}
	}
	return Header{Width: d.number(tagWidth, 0), Height: d.number(tagHeight, 0)}, nil
}

// parseHEIF walks the boxes (ISO/IEC 14496-12, section 4.2) as far as those of
// a picture go, and finds the largest spatial extent ('ispe', ISO/IEC 23008-12):
// that of the picture, others being of its tiles and thumbnails.
func parseHEIF(data []byte) (h Header, err error) {
	switch string(data[8:12]) {
	case "avis", "hevc", "hevx", "msf1":
		return Header{}, ErrAnimated
	}
	boxes := 0 // of 'meta' and 'mdat'; some cameras add what is no box
	for at := 0; boxes < 2; {
		if at+16 > len(data) {
			return Header{}, ErrTruncated
		}
		size := uint64(binary.BigEndian.Uint32(data[at:]))
		switch size {
		case 0: // to the end
			size = uint64(len(data) - at)
		case 1:
			size = binary.BigEndian.Uint64(data[at+8:])
		}
		if size < 8 {
			return Header{}, ErrCorrupt
		}
		if size > uint64(len(data)-at) {
			return Header{}, ErrTruncated
		}
		switch string(data[at+4 : at+8]) {
		case "meta", "mdat":
			boxes++
		}
		at += int(size)
	}
	rest := data
	for {
		at := bytes.Index(rest, []byte("ispe"))
		if at < 0 || at+16 > len(rest) {
			break
		}
		wide := int(binary.BigEndian.Uint32(rest[at+8:]))
		high := int(binary.BigEndian.Uint32(rest[at+12:]))
		if uint64(wide)*uint64(high) > uint64(h.Width)*uint64(h.Height) {
			h.Width, h.Height = wide, high
		}
		rest = rest[at+16:]
	}
	if h.Width == 0 {
		return Header{}, ErrTruncated
	}
	return h, nil
}
