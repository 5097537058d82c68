package container

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"regexp"
	"slices"
)

// Metadata are what a photograph says of itself: Exif data (CIPA DC-008), which have
// the form of a small TIFF, an XMP packet, and IPTC-IIM data. They are taken from the
// files here and put into results as they are: libvips takes XMP and IPTC so, but
// writes Exif data anew, with some of its own. Only with AVIF and HEIF files, whose
// boxes are many, is that its work.
type Metadata struct{ Exif, XMP, IPTC []byte }

var (
	ExifPrefix = []byte("Exif\x00\x00")
	xmpPrefix  = []byte("http://ns.adobe.com/xap/1.0/\x00")
	// resourcePrefix begins the JPEG segment of Photoshop's image resources, one of
	// which is IPTC.
	resourcePrefix = []byte("Photoshop 3.0\x00")
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	// pngNote is how the data of an iTXt chunk begin that is XMP, uncompressed.
	pngNote = "XML:com.adobe.xmp\x00\x00\x00\x00\x00"
)

// MetadataOf finds the metadata in a whole file, but of those that libheif reads.
func MetadataOf(f Format, file []byte) (m Metadata) {
	switch f {
	case JPEG:
		parts := segments(file)
		m.Exif, m.XMP = find(parts, app1, ExifPrefix), find(parts, app1, xmpPrefix)
		m.IPTC = iptcResource(find(parts, app13, resourcePrefix))
	case PNG:
		parts := pngChunks(file)
		m.Exif, m.XMP = find(parts, "eXIf", nil), find(parts, "iTXt", []byte(pngNote))
	case WebP:
		parts := riffChunks(file)
		m.Exif, m.XMP = find(parts, "EXIF", nil), find(parts, "XMP ", nil)
	case TIFF:
		m.Exif = exifOfTIFF(file)
		if d, err := readDirectory(file); err == nil {
			m.XMP, m.IPTC = d.fields[tagXMP].values, d.fields[tagIPTC].values
			if m.IPTC == nil {
				m.IPTC = iptcResource(d.fields[tagResources].values)
			}
		}
	}
	m.Exif = bytes.TrimPrefix(m.Exif, ExifPrefix) // some writers of WebP add it
	return m
}

// WithoutPosition leaves out where the photograph was taken.
func (m Metadata) WithoutPosition() Metadata {
	m.Exif = withoutGPS(m.Exif)
	m.XMP = positionNote.ReplaceAll(m.XMP, nil)
	return m
}

// positionNote is a property of XMP's Exif schema that tells a position, as an
// attribute or an element.
var positionNote = regexp.MustCompile(`\s+exif:GPS\w+\s*=\s*("[^"]*"|'[^']*')|(?s)<exif:(GPS\w+)[^>]*/>|(?s)<exif:GPS\w+[^>]*>.*?</exif:GPS\w+>`)

// iptcResource finds the IPTC data among Photoshop's image resources (Adobe
// Photoshop File Formats Specification, "Image Resource Blocks").
func iptcResource(data []byte) []byte {
	for len(data) >= 12 && string(data[:4]) == "8BIM" {
		name := 6 + (2+int(data[6]))&^1 // a length and as many bytes, padded
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

const resourceIPTC = 0x0404

// resources are Photoshop's with IPTC data alone.
func resources(iptc []byte) []byte {
	out := append(bytes.Clone(resourcePrefix), "8BIM\x04\x04\x00\x00"...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(iptc)))
	out = append(out, iptc...)
	if len(iptc)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// segmentMost is what a segment of a JPEG can hold.
const segmentMost = 0xffff - 2

// Fields are what libvips is to write into a file of a format; the rest comes in by
// WithMetadata. What does not fit into a JPEG's segment, or has no place in a format,
// is left out.
func (m Metadata) Fields(f Format) (exif, xmp, iptc []byte) {
	switch f {
	case JPEG:
		if m.IPTC != nil {
			iptc = resources(m.IPTC)
		}
		if len(iptc) > segmentMost {
			iptc = nil
		}
	case PNG: // it would compress the packet, against the XMP specification, part 3
		return nil, nil, nil
	case AVIF:
		if m.Exif != nil {
			exif = append(bytes.Clone(ExifPrefix), m.Exif...)
		}
	}
	return exif, m.XMP, iptc
}

// WithMetadata is a file that libvips wrote, in pieces, with what it does not write
// as it should, and without the Exif data that it makes up.
func WithMetadata(f Format, file []byte, m Metadata) [][]byte {
	switch f {
	case JPEG:
		head := []byte{0xff, 0xd8}
		if size := 2 + len(ExifPrefix) + len(m.Exif); m.Exif != nil && size <= 0xffff {
			head = append(head, 0xff, app1[0], byte(size>>8), byte(size))
			head = append(append(head, ExifPrefix...), m.Exif...)
		}
		rest := file[2:]
		if old := segments(file); len(old) > 0 && bytes.HasPrefix(old[0].body, ExifPrefix) {
			rest = rest[4+len(old[0].body):]
		}
		return [][]byte{head, rest}
	case PNG:
		const header = len(pngSignature) + 25 // IHDR
		chunks := pngChunk("iTXt", append([]byte(pngNote), m.XMP...))
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

// A part of a file: a segment of JPEG, a chunk of PNG or WebP.
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

// Markers of segments that hold Exif data or XMP, and Photoshop's resources.
const (
	app1  = "\xe1"
	app13 = "\xed"
)

// segments lists the segments of a whole JPEG file before its first scan.
func segments(file []byte) []part {
	var list []part
	for at := 2; at+4 <= len(file) && file[at] == 0xff && file[at+1] != 0xda; {
		if file[at+1] == 0xff { // a fill byte
			at++
			continue
		}
		length := int(binary.BigEndian.Uint16(file[at+2:]))
		if length < 2 || at+2+length > len(file) {
			break
		}
		list = append(list, part{string(file[at+1 : at+2]), file[at+4 : at+2+length]})
		at += 2 + length
	}
	return list
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

// riffChunks lists the chunks of a whole WebP file (RFC 9649).
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

// pngChunk is a chunk of a kind, four letters.
func pngChunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// webpWithExif exchanges the Exif data, nil being none. A file that carries a note
// is of the extended kind.
func webpWithExif(file, exif []byte) [][]byte {
	const exifFlag = 0x08
	chunks := riffChunks(file)
	if len(chunks) == 0 || chunks[0].kind != "VP8X" {
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
