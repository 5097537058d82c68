package container

import (
	"bytes"
	"encoding/binary"
	"slices"
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

// positionInIPTC are the data sets of record 2 that name the place where a photograph was taken, or one that
// it shows (IPTC-IIM 4.2): codes and names of content locations, city, sub-location, province, and code and
// name of the country.
var positionInIPTC = []byte{26, 27, 90, 92, 95, 100, 101}

// iptcWithoutPosition returns IPTC data without the place where the photograph was taken. If it cannot read all
// of them, it returns those before the fault and an error.
func iptcWithoutPosition(data []byte) ([]byte, error) {
	const marker, application = 0x1c, 2
	var out []byte
	for len(data) >= 5 && data[0] == marker {
		size, head := int(binary.BigEndian.Uint16(data[3:])), 5
		if size&0x8000 != 0 { // the length of the length
			n := size & 0x7fff
			if n < 1 || n > 4 || len(data) < head+n {
				break
			}
			size = 0
			for _, b := range data[head : head+n] {
				size = size<<8 | int(b)
			}
			head += n
		}
		if size > len(data)-head {
			break
		}
		if data[1] != application || !slices.Contains(positionInIPTC, data[2]) {
			out = append(out, data[:head+size]...)
		}
		data = data[head+size:]
	}
	if len(bytes.Trim(data, "\x00")) > 0 { // not padding
		return out, ErrCorrupt
	}
	return out, nil
}
