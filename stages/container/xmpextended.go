package container

import (
	"bytes"
	"crypto/md5" // #nosec G501 -- the XMP specification names extended packets by it
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A segment of a JPEG holds less than 64 KB. A longer XMP packet is divided (XMP specification, part 3,
// section 1.1.3.1): the packet in the first segment names the digest of another packet, the extended one,
// which lies in the segments after it. gtx joins the two when it reads a JPEG and divides them when it
// writes one.

var extensionPrefix = []byte("http://ns.adobe.com/xmp/extension/\x00")

const (
	digestLength    = 32               // of an extended packet, in hexadecimal digits
	extensionHeader = digestLength + 8 // then the length of the packet and the offset of the part
	extensionMost   = 65_000           // bytes of a packet in one segment
	mainMost        = 60_000           // bytes of a packet that libvips writes into a JPEG
	warnExtension   = "the extended XMP is not complete and was left out"
)

// extendedXMP joins the parts of the extended packet with a digest. It returns nil if one is missing.
func extendedXMP(parts []part, digest string) []byte {
	var list [][]byte
	for _, p := range parts {
		if p.kind == app1 && bytes.HasPrefix(p.body, extensionPrefix) {
			body := p.body[len(extensionPrefix):]
			if len(body) >= extensionHeader && strings.EqualFold(string(body[:digestLength]), digest) {
				list = append(list, body[digestLength:])
			}
		}
	}
	offset := func(b []byte) uint32 { return binary.BigEndian.Uint32(b[4:]) }
	slices.SortStableFunc(list, func(a, b []byte) int { return int(int64(offset(a)) - int64(offset(b))) })
	var out []byte
	for _, b := range list {
		if int64(offset(b)) == int64(len(out)) {
			out = append(out, b[8:]...)
		}
	}
	if len(list) == 0 || int64(binary.BigEndian.Uint32(list[0])) != int64(len(out)) {
		return nil
	}
	return out
}

// jpegXMP returns the packet of a JPEG, joined with its extended one.
func jpegXMP(parts []part) (xmp []byte, warnings []string) {
	xmp = find(parts, app1, xmpPrefix)
	if !slices.ContainsFunc(parts, func(p part) bool { return p.kind == app1 && bytes.HasPrefix(p.body, extensionPrefix) }) {
		return xmp, nil
	}
	joined, err := joinXMP(xmp, func(digest string) []byte { return extendedXMP(parts, digest) })
	if err != nil {
		return xmp, []string{warnExtension}
	}
	return joined, nil
}

// joinXMP moves the descriptions of the extended packet, which it asks for by its digest, into the main one.
func joinXMP(main []byte, extended func(digest string) []byte) ([]byte, error) {
	p, err := readXMP(main)
	if err != nil {
		return nil, err
	}
	if len(p.extended) == 0 {
		return nil, errXMP
	}
	digest := p.extended[0].value
	e, err := readXMP(extended(strings.TrimSpace(string(main[digest.from:digest.to]))))
	if err != nil {
		return nil, err
	}
	var more bytes.Buffer
	for _, c := range e.children {
		more.Write(e.data[c.all.from:c.name])
		for _, d := range e.spaces {
			if same := func(own string) bool { return declared(own) == declared(d) }; !slices.ContainsFunc(c.spaces, same) {
				more.WriteString(" " + d)
			}
		}
		more.Write(e.data[c.name:c.all.to])
	}
	edits := []edit{{span{p.inside.to, p.inside.to}, more.String()}}
	for _, x := range p.extended {
		edits = append(edits, edit{x.all, " "})
	}
	return p.edited(edits), nil
}

var errTooLong = errors.New("the XMP packet cannot be divided")

// divideXMP divides a packet with a note: into a main packet for the first segment and an extended one, which
// is nil if the main packet can hold everything. The note stays in the main one.
func divideXMP(data []byte) (main, extended []byte, err error) {
	if len(data) <= mainMost {
		return data, nil, nil
	}
	p, err := readXMP(data)
	if err != nil {
		return nil, nil, err
	}
	head, tail := data[p.root.from:p.inside.from], data[p.inside.to:p.root.to]
	const names = `<rdf:Description xmlns:rdf="` + spaceRDF + `" rdf:about="" xmlns:xmpNote="` + spaceXMP + `" xmpNote:HasExtendedXMP="%s"/>`
	room := mainMost - len(names) - digestLength - len(packetBegin) - len(packetEnd) - len(head) - len(tail)
	stays := make([]bool, len(p.children))
	for _, note := range []bool{true, false} {
		for i, c := range p.children {
			if size := c.all.to - c.all.from; c.note == note && size <= room {
				stays[i] = true
				room -= size
			} else if c.note && note {
				return nil, nil, errTooLong
			}
		}
	}
	var here, there bytes.Buffer
	there.Write(head)
	for i, c := range p.children {
		if stays[i] {
			here.Write(data[c.all.from:c.all.to])
		} else {
			there.Write(data[c.all.from:c.all.to])
		}
	}
	there.Write(tail)
	extended = there.Bytes()
	digest := fmt.Sprintf("%X", md5.Sum(extended))
	return slices.Concat([]byte(packetBegin), head, fmt.Appendf(nil, names, digest), here.Bytes(), tail, []byte(packetEnd)), extended, nil
}

// extensionSegments are the segments of a JPEG that hold an extended packet.
func extensionSegments(extended []byte) []byte {
	var out []byte
	digest := fmt.Sprintf("%X", md5.Sum(extended))
	for at := 0; at < len(extended); at += extensionMost {
		part := extended[at:min(at+extensionMost, len(extended))]
		out = append(out, 0xff, app1[0])
		out = binary.BigEndian.AppendUint16(out, uint16(2+len(extensionPrefix)+extensionHeader+len(part)))
		out = append(append(out, extensionPrefix...), digest...)
		out = binary.BigEndian.AppendUint32(out, uint32(len(extended)))
		out = binary.BigEndian.AppendUint32(out, uint32(at))
		out = append(out, part...)
	}
	return out
}
