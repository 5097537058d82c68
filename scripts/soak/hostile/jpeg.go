package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

var (
	big    = binary.BigEndian
	little = binary.LittleEndian
)

// segment inserts a segment after the first marker of a JPEG.
func segment(jpg []byte, marker byte, body []byte) []byte {
	head := big.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return slices.Concat(jpg[:2], head, body, jpg[2:])
}

// An entry of a TIFF directory.
type entry struct {
	tag, kind uint16
	count     uint32
	value     uint32
}

const (
	kindByte, kindASCII, kindShort, kindLong, kindIFD = 1, 2, 3, 4, 13

	tagExif, tagGPS = 0x8769, 0x8825
)

// directory writes entries and the offset of the next directory.
func directory(next uint32, entries ...entry) []byte {
	b := little.AppendUint16(nil, uint16(len(entries)))
	for _, e := range entries {
		b = little.AppendUint16(little.AppendUint16(b, e.tag), e.kind)
		b = little.AppendUint32(little.AppendUint32(b, e.count), e.value)
	}
	return little.AppendUint32(b, next)
}

// exif is an Exif block whose first directory lies at offset 8.
func exif(first []byte, rest ...[]byte) []byte {
	return slices.Concat([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00"), first, bytes.Join(rest, nil))
}

// repeated is n times the same entry.
func repeated(e entry, n int) []entry { return slices.Repeat([]entry{e}, n) }

// chain is n directories, each of which points to the next one twice, as Exif and as GPS data.
func chain(n int) []byte {
	var b []byte
	const size = 2 + 2*12 + 4
	for i := range n {
		at := uint32(8 + (i+1)*size)
		b = append(b, directory(at, entry{tagExif, kindLong, 1, at}, entry{tagGPS, kindLong, 1, at})...)
	}
	return b
}

// xmp is a segment body that holds an XMP packet.
func xmp(packet string) []byte { return []byte("http://ns.adobe.com/xap/1.0/\x00" + packet) }

const (
	rdfHead = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">`
	rdfTail = `</rdf:RDF></x:xmpmeta>`
)

// jpegs are JPEGs with hostile headers.
func jpegs(whole []byte) []File {
	app1 := func(body []byte) []byte { return segment(whole, 0xe1, body) }
	sof := bytes.Index(whole, []byte{0xff, 0xc0})
	claims := func(width, height uint16) []byte {
		b := slices.Clone(whole)
		big.PutUint16(b[sof+5:], height)
		big.PutUint16(b[sof+7:], width)
		return b
	}
	second := slices.Concat(whole[:sof], whole[sof:sof+19], whole[sof:])
	big.PutUint16(second[sof+5:], 1)
	big.PutUint16(second[sof+7:], 1)
	noise := make([]byte, 65000)
	for i := range noise {
		noise[i] = byte(i * i >> 3)
	}
	return slices.Concat([]File{
		{Name: "exif-points-at-itself.jpg", Data: app1(exif(directory(8, repeated(entry{tagGPS, kindLong, 1, 8}, 5000)...))), Want: Either},
		{Name: "exif-next-is-itself.jpg", Data: app1(exif(directory(8, entry{tagExif, kindLong, 1, 8}))), Want: Either},
		{Name: "exif-chain.jpg", Data: app1(exif(chain(2000))), Want: Either},
		{Name: "exif-counts.jpg", Data: app1(exif(directory(0, repeated(entry{0x010e, kindASCII, 0xffffffff, 0xfffffff0}, 3000)...))), Want: Either},
		{Name: "exif-of-noise.jpg", Data: app1(append([]byte("Exif\x00\x00MM\x00*"), noise[:60000]...)), Want: Either},
		{Name: "exif-many.jpg", Data: manySegments(whole, 0xe1, exif(chain(100)), 300), Want: Either},
		{Name: "xmp-deep.jpg", Data: app1(xmp(rdfHead + strings.Repeat("<a>", 10000) + strings.Repeat("</a>", 7000) + rdfTail)), Want: Either},
		{Name: "xmp-entities.jpg", Data: app1(xmp(laughs() + rdfHead + "&l9;" + rdfTail)), Want: Either},
		{Name: "xmp-attributes.jpg", Data: app1(xmp(rdfHead + `<rdf:Description` + strings.Repeat(` a:b="c"`, 7000) + `/>` + rdfTail)), Want: Either},
		{Name: "xmp-namespaces.jpg", Data: app1(xmp(rdfHead + namespaces(1500) + rdfTail)), Want: Either},
		{Name: "xmp-unclosed.jpg", Data: app1(xmp(rdfHead + strings.Repeat("<!--<![CDATA[", 4000))), Want: Either},
		{Name: "profile-of-noise.jpg", Data: segment(whole, 0xe2, slices.Concat([]byte("ICC_PROFILE\x00\x01\x01"), noise[:50000])), Want: Either},
		{Name: "profile-of-tags.jpg", Data: segment(whole, 0xe2, slices.Concat([]byte("ICC_PROFILE\x00\x01\x01"), profile(0xffffffff))), Want: Either},
		{Name: "profile-parts.jpg", Data: manySegments(whole, 0xe2, slices.Concat([]byte("ICC_PROFILE\x00\x01\xff"), noise[:60000]), 300), Want: Either},
		{Name: "iptc-of-noise.jpg", Data: segment(whole, 0xed, slices.Concat([]byte("Photoshop 3.0\x008BIM\x04\x04\x00\x00\xff\xff\xff\xff"), noise[:60000])), Want: Either},
		{Name: "comments.jpg", Data: manySegments(whole, 0xfe, noise, 300), Want: Made},
		{Name: "empty-segments.jpg", Data: manySegments(whole, 0xfe, nil, 500_000), Want: Either},
		{Name: "fill-bytes.jpg", Data: slices.Concat(whole[:2], bytes.Repeat([]byte{0xff}, 4<<20), whole[3:]), Want: Either},
		{Name: "tables.jpg", Data: manySegments(whole, 0xdb, slices.Concat([]byte{3}, noise[:64]), 200_000), Want: Either},
		{Name: "claims-65535.jpg", Data: claims(65535, 65535), Want: Refused},
		{Name: "claims-16000.jpg", Data: claims(16000, 12000), Want: Either},
		{Name: "claims-nothing.jpg", Data: claims(0, 0), Want: Refused},
		{Name: "second-frame.jpg", Data: second, Want: Either},
		{Name: "second-frame-large.jpg", Data: slices.Concat(whole[:sof], claims(65000, 65000)[sof:sof+19], whole[sof:]), Want: Refused},
		{Name: "second-frame-later.jpg", Data: slices.Concat(whole[:sof+19], claims(65000, 65000)[sof:sof+19], whole[sof+19:]), Want: Refused},
	}, scans())
}

// manySegments inserts n equal segments.
func manySegments(jpg []byte, marker byte, body []byte, n int) []byte {
	one := append(big.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2)), body...)
	return slices.Concat(jpg[:2], bytes.Repeat(one, n), jpg[2:])
}

// scans is a progressive JPEG of many pixels in few bytes, of which each of many scans visits all.
func scans() []File {
	const side = 10_000
	b := []byte{0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}
	b = append(b, bytes.Repeat([]byte{1}, 64)...)
	b = append(b, 0xff, 0xc2, 0, 11, 8, side>>8, side&0xff, side>>8, side&0xff, 1, 1, 0x11, 0)
	b = append(b, 0xff, 0xc4, 0, 20, 0x00, 1)
	b = append(b, make([]byte, 15)...)
	b = append(b, 0, 0xff, 0xc4, 0, 20, 0x10, 1)
	b = append(b, make([]byte, 15)...)
	b = append(b, 0)
	scan := append([]byte{0xff, 0xda, 0, 8, 1, 1, 0, 1, 5, 0}, bytes.Repeat([]byte{0}, 8)...)
	b = append(append(b, bytes.Repeat(scan, 5000)...), 0xff, 0xd9)
	return []File{{Name: "scans.jpg", Data: b, Want: Either}}
}

// laughs is a document type whose entities grow tenfold, nine times over.
func laughs() string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE x [<!ENTITY l0 "ha">`)
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, `<!ENTITY l%d "%s">`, i, strings.Repeat(fmt.Sprintf("&l%d;", i-1), 10))
	}
	return b.String() + "]>"
}

// namespaces are nested elements that each declare a name space.
func namespaces(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<n%d:a xmlns:n%d="u:%d">`, i, i, i)
	}
	return b.String()
}

// profile is an ICC profile that claims to have so many tags.
func profile(tags uint32) []byte {
	b := make([]byte, 128)
	big.PutUint32(b, 4096)
	copy(b[8:], "\x04\x00\x00\x00mntrRGB XYZ ")
	copy(b[36:], "acsp")
	b = big.AppendUint32(b, tags)
	for i := range 300 {
		b = big.AppendUint32(append(b, "rXYZ"...), uint32(132+12*(i%3)))
		b = big.AppendUint32(b, 0xfffffff0)
	}
	return append(b, make([]byte, 4096-len(b)%4096)...)
}
