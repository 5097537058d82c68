package container

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"iter"
	"regexp"
	"slices"
)

// Metadata describe a photograph: an Exif block (CIPA DC-008), which is a small TIFF,
// an XMP packet and IPTC-IIM data. Each of them is nil if there is none.
//
// They go from file to file as they are. libvips copies XMP and IPTC data unchanged,
// but it writes a new Exif block with entries of its own. It therefore gets no Exif
// data, except for AVIF, and Insert adds them afterwards.
type Metadata struct{ Exif, XMP, IPTC []byte }

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

// WithoutPosition returns the metadata without the place where the photograph was
// taken.
func (m Metadata) WithoutPosition() Metadata {
	m.Exif = withoutGPS(m.Exif)
	m.XMP = positionInXMP.ReplaceAll(m.XMP, nil)
	return m
}

// positionInXMP matches a GPS property of XMP's Exif schema, as an attribute or an
// element.
var positionInXMP = regexp.MustCompile(`\s+exif:GPS\w+\s*=\s*("[^"]*"|'[^']*')|(?s)<exif:(GPS\w+)[^>]*/>|(?s)<exif:GPS\w+[^>]*>.*?</exif:GPS\w+>`)

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

// iptcResource finds the IPTC data among Photoshop's image resources (Adobe
// Photoshop File Formats Specification, "Image Resource Blocks").
func iptcResource(data []byte) []byte {
	for len(data) >= 12 && string(data[:4]) == "8BIM" {
		name := 6 + (2+int(data[6]))&^1 // its length and as many bytes, padded
		if name+4 > len(data) {
			return nil
		}
		size := int(binary.BigEndian.Uint32(data[name:]))
		body := data[name+4:]
		if size > len(body) {
			return nil
		}
		if binary.BigEndian.Uint16(data[4:]) == resourceIPTC {
			return body[:size]
		}
		data = body[min(size+size&1, len(body)):]
	}
	return nil
}

// resources returns image resources of Photoshop that hold IPTC data only.
func resources(iptc []byte) []byte {
	out := append(bytes.Clone(resourcePrefix), "8BIM\x04\x04\x00\x00"...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(iptc)))
	out = append(out, iptc...)
	if len(iptc)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// ForLibvips returns what libvips is to write into a file of a format, in its form.
// Insert adds the rest. Data that do not fit into a segment of a JPEG, or have no place
// in the format, are left out.
func (m Metadata) ForLibvips(f Format) (exif, xmp, iptc []byte) {
	switch f {
	case JPEG:
		if m.IPTC != nil {
			iptc = resources(m.IPTC)
		}
		if len(iptc) > segmentMost {
			iptc = nil
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
		return [][]byte{head, rest}
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
// and ends behind the end-of-image marker or where the file is cut off. It skips coded
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
