package container

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"
	"slices"
)

// Metadata describe a photograph: an Exif block (CIPA DC-008), which is a small TIFF,
// an XMP packet and IPTC-IIM data. Each of them is nil if there is none.
//
// They go from file to file as they are. libvips copies XMP and IPTC data unchanged,
// but it writes a new Exif block with entries of its own. It therefore gets no Exif
// data, except for AVIF, and Insert adds them afterwards.
type Metadata struct {
	Exif, XMP, IPTC []byte

	// Lost are warnings: what of the source is not in the metadata any more.
	Lost []string

	extended []byte // the extended XMP packet of a JPEG: see For
}

// Warnings of metadata that are lost.
const (
	warnExif     = "the Exif data are broken and were left out"
	warnXMP      = "the XMP packet is broken and was left out"
	warnPosition = "the %s data cannot be searched for the position: what is unreadable was left out"
	warnTooLong  = "the %s are too long for a JPEG and were left out"
)

func (m Metadata) losing(warning string) Metadata {
	m.Lost = append(slices.Clip(m.Lost), warning)
	return m
}

// Upright returns the metadata for an image that has been turned upright.
func (m Metadata) Upright() Metadata {
	m.Exif = upright(m.Exif)
	return m
}

// SayingSRGB returns the metadata for an image that has been converted to sRGB.
func (m Metadata) SayingSRGB() Metadata {
	m.Exif = sayingSRGB(m.Exif)
	return m
}

// SaysAdobeRGB reports whether the Exif data say that the colours are Adobe RGB.
func (m Metadata) SaysAdobeRGB() bool { return saysAdobeRGB(m.Exif) }

// Orientation returns the orientation, 1 to 8, that the Exif data name or, if they name none, the XMP packet.
// It returns 0 if neither names one.
func (m Metadata) Orientation() int {
	if o := exifOrientation(m.Exif); o != 0 {
		return o
	}
	return xmpOrientation(m.XMP)
}

// WithoutPosition returns the metadata without the place where the photograph was taken: without coordinates
// and without names of places. What cannot be read is left out.
func (m Metadata) WithoutPosition() Metadata {
	without := func(name string, data []byte, remove func([]byte) ([]byte, error)) []byte {
		out, err := remove(data)
		if err != nil {
			m = m.losing(fmt.Sprintf(warnPosition, name))
		}
		return out
	}
	m.Exif = without("Exif", m.Exif, withoutGPS)
	m.XMP = without("XMP", m.XMP, xmpWithoutPosition)
	m.IPTC = without("IPTC", m.IPTC, iptcWithoutPosition)
	return m
}

var (
	exifPrefix     = []byte("Exif\x00\x00")                     // of the segment of a JPEG
	xmpPrefix      = []byte("http://ns.adobe.com/xap/1.0/\x00") // of the segment of a JPEG
	resourcePrefix = []byte("Photoshop 3.0\x00")                // of the segment with Photoshop's image resources
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	// pngXMP begins an iTXt chunk that holds an uncompressed XMP packet.
	pngXMP = "XML:com.adobe.xmp\x00\x00\x00\x00\x00"
	// resourceIPTC is the number of the image resource that holds IPTC data.
	resourceIPTC = 0x0404
	// segmentMost is how many bytes a segment of a JPEG can hold.
	segmentMost = 0xffff - 2
)

// For returns the metadata as a file of a format can hold them.
func (m Metadata) For(f Format) Metadata {
	if f != JPEG {
		return m
	}
	if len(exifPrefix)+len(m.Exif) > segmentMost {
		m.Exif = nil
		m = m.losing(fmt.Sprintf(warnTooLong, "Exif data"))
	}
	if len(resources(m.IPTC)) > segmentMost {
		m.IPTC = nil
		m = m.losing(fmt.Sprintf(warnTooLong, "IPTC data"))
	}
	main, extended, err := divideXMP(m.XMP)
	if err != nil {
		main = onlyNote(m.XMP)
		m = m.losing(fmt.Sprintf(warnTooLong, "XMP data"))
	}
	m.XMP, m.extended = main, extended
	return m
}

// ForLibvips returns what libvips is to write into a file of a format, in its form.
// Insert adds the rest. IPTC data go into JPEG and TIFF only.
func (m Metadata) ForLibvips(f Format) (exif, xmp, iptc []byte) {
	switch f {
	case JPEG:
		if m.IPTC != nil {
			iptc = resources(m.IPTC)
		}
	case PNG: // libvips would compress the packet, which the XMP specification (part 3) forbids
		return nil, nil, nil
	case AVIF:
		if m.Exif != nil {
			exif = append(bytes.Clone(exifPrefix), m.Exif...)
		}
	}
	return exif, m.XMP, iptc
}

// Insert adds to a file that libvips wrote the metadata that ForLibvips kept back, and
// removes the Exif data that libvips made up. It returns the file in pieces.
func (m Metadata) Insert(f Format, file []byte) [][]byte {
	switch f {
	case JPEG:
		head := []byte{0xff, 0xd8}
		if size := 2 + len(exifPrefix) + len(m.Exif); m.Exif != nil && size <= 0xffff {
			head = append(head, 0xff, app1[0], byte(size>>8), byte(size))
			head = append(append(head, exifPrefix...), m.Exif...)
		}
		rest := file[2:]
		for _, body := range segments(file) { // the first one
			if bytes.HasPrefix(body, exifPrefix) {
				rest = rest[4+len(body):]
			}
			break
		}
		if m.extended == nil {
			return [][]byte{head, rest}
		}
		behind := 0 // the main packet
		for _, body := range segments(file) {
			if bytes.HasPrefix(body, xmpPrefix) {
				behind = offset(rest, body) + len(body)
				break
			}
		}
		return [][]byte{head, rest[:behind], extensionSegments(m.extended), rest[behind:]}
	case PNG:
		const header = len(pngSignature) + 25 // IHDR
		chunks := pngChunk("iTXt", append([]byte(pngXMP), m.XMP...))
		if m.Exif != nil {
			chunks = append(pngChunk("eXIf", m.Exif), chunks...)
		}
		return [][]byte{file[:header], chunks, file[header:]}
	case WebP:
		return webpWithExif(file, m.Exif)
	case TIFF:
		return tiffWithMetadata(file, m)
	}
	return [][]byte{file}
}

// A part is a segment of a JPEG, or a chunk of a PNG or WebP file.
type part struct {
	kind string
	body []byte
}

// find returns what follows the prefix in the first part of a kind that has it.
func find(parts []part, kind string, prefix []byte) []byte {
	for _, p := range parts {
		if p.kind == kind && bytes.HasPrefix(p.body, prefix) {
			return p.body[len(prefix):]
		}
	}
	return nil
}

// Markers of JPEG.
const (
	app1       = "\xe1" // Exif data or XMP
	app13      = "\xed" // Photoshop's image resources
	markerScan = 0xda
	markerEnd  = 0xd9
)

// segments yields the markers of a JPEG file, with what follows each as its segment,
// and ends after the end-of-image marker or where the file is cut off. It skips coded
// data, and bytes between segments that belong to none.
func segments(file []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for at := 2; ; {
			// A marker is 0xff, perhaps repeated, and a code.
			for at < len(file) && file[at] == 0xff {
				at++
			}
			if at >= len(file) {
				return
			}
			marker := file[at]
			at++
			var body []byte
			if hasLength := marker > 0x01 && (marker < 0xd0 || marker > 0xd7) && marker != markerEnd; hasLength {
				if at+2 > len(file) {
					return
				}
				length := int(binary.BigEndian.Uint16(file[at:]))
				if at+length > len(file) {
					return
				}
				body = file[at+min(2, length) : at+length]
				at += length
			}
			if !yield(marker, body) || marker == markerEnd {
				return
			}
			next := nextMarker(file[min(at, len(file)):])
			if next < 0 {
				return
			}
			at += next
		}
	}
}

// nextMarker returns the offset of the next marker in coded data, or -1. In coded data
// 0xff 0x00 stands for the byte 0xff, and restart markers are part of them.
func nextMarker(data []byte) int {
	for at := 0; ; at += 2 {
		next := bytes.IndexByte(data[at:], 0xff)
		if next < 0 || at+next+1 >= len(data) {
			return -1
		}
		at += next
		if code := data[at+1]; code != 0 && (code < 0xd0 || code > 0xd7) {
			return at
		}
	}
}

// pngChunks lists the chunks of a PNG file that are whole.
func pngChunks(file []byte) []part {
	var list []part
	for at := len(pngSignature); at+12 <= len(file); {
		length := int(binary.BigEndian.Uint32(file[at:]))
		if at+12+length > len(file) {
			break
		}
		list = append(list, part{string(file[at+4 : at+8]), file[at+8 : at+8+length]})
		at += 12 + length
	}
	return list
}

// riffChunks lists the chunks of a WebP file that are whole (RFC 9649).
func riffChunks(file []byte) []part {
	var list []part
	for at := 12; at+8 <= len(file); {
		length := int(binary.LittleEndian.Uint32(file[at+4:]))
		if at+8+length > len(file) {
			break
		}
		list = append(list, part{string(file[at : at+4]), file[at+8 : at+8+length]})
		at += 8 + length + length&1
	}
	return list
}

// pngChunk returns a chunk; kind has four letters.
func pngChunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// webpWithExif replaces the Exif data of a WebP file, or removes them if exif is nil.
// The file must be an extended one, as every file with XMP is.
func webpWithExif(file, exif []byte) [][]byte {
	const exifFlag = 0x08
	chunks := riffChunks(file)
	if len(chunks) == 0 || chunks[0].kind != "VP8X" || len(chunks[0].body) == 0 {
		return [][]byte{file}
	}
	chunks = slices.DeleteFunc(chunks, func(c part) bool { return c.kind == "EXIF" })
	features := bytes.Clone(chunks[0].body)
	features[0] &^= exifFlag
	if exif != nil {
		features[0] |= exifFlag
		chunks = append(chunks, part{"EXIF", exif})
	}
	chunks[0].body = features
	header := []byte("RIFF\x00\x00\x00\x00WEBP")
	out, size := [][]byte{header}, 4
	for _, c := range chunks {
		head := binary.LittleEndian.AppendUint32([]byte(c.kind), uint32(len(c.body)))
		out = append(out, head, c.body, make([]byte, len(c.body)%2))
		size += 8 + len(c.body) + len(c.body)%2
	}
	binary.LittleEndian.PutUint32(header[4:], uint32(size))
	return out
}
