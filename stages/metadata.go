package stages

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// What a photograph says of itself, Exif data (CIPA DC-008), which have the form
// of a small TIFF, and XMP, is read from JPEG, PNG and WebP files here. libvips
// takes XMP as it is but writes Exif data anew, with some of its own: so they are
// put into the file that it gives, of the same three formats.

var (
	exifPrefix = []byte("Exif\x00\x00")
	xmpPrefix  = []byte("http://ns.adobe.com/xap/1.0/\x00")
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	// pngNote is how the data of an iTXt chunk begin that is XMP, uncompressed.
	pngNote = "XML:com.adobe.xmp\x00\x00\x00\x00\x00"
)

// exifOf finds the Exif data in a whole file, or returns nil.
func exifOf(f Format, file []byte) []byte {
	switch f {
	case JPEG:
		return find(segments(file), app1, exifPrefix)
	case PNG:
		return find(pngChunks(file), "eXIf", nil)
	case WebP:
		return bytes.TrimPrefix(find(riffChunks(file), "EXIF", nil), exifPrefix) // some writers add it
	}
	return nil
}

// xmpOf finds the XMP packet in a whole file, or returns nil.
func xmpOf(f Format, file []byte) []byte {
	switch f {
	case JPEG:
		return find(segments(file), app1, xmpPrefix)
	case PNG:
		return find(pngChunks(file), "iTXt", []byte(pngNote))
	case WebP:
		return find(riffChunks(file), "XMP ", nil)
	}
	return nil
}

// withExif puts Exif data into a file that libvips wrote, in place of those that
// libvips makes up. Formats that it does not know are left as they are, and so
// is a JPEG whose data would not fit into a segment.
func withExif(f Format, file, exif []byte) []byte {
	if exif = uprightExif(exif); exif == nil {
		return file
	}
	switch f {
	case JPEG:
		size := 2 + len(exifPrefix) + len(exif)
		if size > 0xffff {
			return file
		}
		out := append(make([]byte, 0, len(file)+size+2), 0xff, 0xd8, 0xff, 0xe1, byte(size>>8), byte(size))
		out = append(append(out, exifPrefix...), exif...)
		rest := 2
		if old := segments(file); len(old) > 0 && bytes.HasPrefix(old[0].body, exifPrefix) {
			rest += 4 + len(old[0].body)
		}
		return append(out, file[rest:]...)
	case PNG:
		return withChunk(file, "eXIf", exif)
	case WebP:
		return webpWithExif(file, exif)
	}
	return file
}

// uprightExif is a copy that says what is true of a result: that it stands
// upright, and that there is no thumbnail. It is nil for what is not Exif.
func uprightExif(exif []byte) []byte {
	if len(exif) < 8 {
		return nil
	}
	var order binary.ByteOrder
	switch string(exif[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil
	}
	at := int(order.Uint32(exif[4:]))
	if at+2 > len(exif) {
		return nil
	}
	entries := int(order.Uint16(exif[at:]))
	next := at + 2 + 12*entries
	if next+4 > len(exif) {
		return nil
	}
	out := bytes.Clone(exif)
	for i := range entries {
		entry := out[at+2+12*i:][:12]
		if order.Uint16(entry) == tagOrientation && order.Uint16(entry[2:]) == typeShort {
			order.PutUint16(entry[8:], 1)
		}
	}
	order.PutUint32(out[next:], 0) // the directory of the thumbnail
	return out
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

// app1 is the marker of segments that hold Exif data or XMP.
const app1 = "\xe1"

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

// withChunk inserts a chunk of a kind, four letters, behind the IHDR of a PNG.
func withChunk(png []byte, kind string, body []byte) []byte {
	const header = len(pngSignature) + 25
	named := append([]byte(kind), body...)
	out := append(make([]byte, 0, len(png)+len(named)+8), png[:header]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	out = append(out, named...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(named))
	return append(out, png[header:]...)
}

// webpWithExif writes the file anew; it must be of the extended kind, as all are
// that carry a note.
func webpWithExif(file, exif []byte) []byte {
	const exifFlag = 0x08
	chunks := riffChunks(file)
	if len(chunks) == 0 || chunks[0].kind != "VP8X" {
		return file
	}
	features := bytes.Clone(chunks[0].body)
	features[0] |= exifFlag
	chunks[0].body = features
	chunks = slices.DeleteFunc(chunks, func(c part) bool { return c.kind == "EXIF" })
	chunks = append(chunks, part{"EXIF", exif})
	out := append(make([]byte, 0, len(file)+len(exif)+8), "RIFF\x00\x00\x00\x00WEBP"...)
	for _, c := range chunks {
		out = append(out, c.kind...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(c.body)))
		out = append(out, c.body...)
		if len(c.body)%2 == 1 {
			out = append(out, 0)
		}
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}
