package container

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// An XMP packet (ISO 16684-1) is XML: an rdf:RDF element whose children describe the image. gtx reads it with
// its namespaces resolved and changes it by cutting and replacing bytes, so that the rest stays as it is.

const (
	spaceRDF  = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	spaceTIFF = "http://ns.adobe.com/tiff/1.0/"
	spaceXMP  = "http://ns.adobe.com/xmp/note/" // of HasExtendedXMP
	spaceMeta = "adobe:ns:meta/"                // of the element around rdf:RDF
)

var errXMP = errors.New("not a packet of XMP")

// A span is a part of a packet by its offsets.
type span struct{ from, to int }

// A property is an attribute or an element without inner elements.
type property struct {
	all   span // with the space before an attribute
	value span
}

// A packet is an XMP packet that has been read.
type packet struct {
	data         []byte
	root         span // the outermost element that holds rdf:RDF
	inside       span // of rdf:RDF
	children     []child
	positions    []span     // properties that say where the photograph was taken
	orientations []property // all of tiff:Orientation
	extended     []property // all of xmpNote:HasExtendedXMP
	spaces       []string   // declarations of namespaces on rdf:RDF and around it, such as `xmlns:a="b"`
	prefixed     bool       // the prefix rdf is usable inside rdf:RDF
}

// A child is an element directly inside rdf:RDF.
type child struct {
	all    span
	name   int      // end of its name
	spaces []string // its own declarations of namespaces
	note   bool     // the note of gtx
}

// A tag is a start tag of a packet.
type tag struct {
	name  xml.Name
	start int  // where it begins
	end   int  // after it
	text  bool // no element is inside so far
}

// readXMP reads a packet. It takes time and memory linear in its size.
func readXMP(data []byte) (*packet, error) {
	r := xmpReader{packet: packet{data: data}}
	d := xml.NewDecoder(bytes.NewReader(legible(data)))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // packets in files are UTF-8
	for {
		start := int(d.InputOffset())
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil, errXMP
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := r.begin(t, start, int(d.InputOffset())); err != nil {
				return nil, err
			}
		case xml.EndElement:
			r.end(start, int(d.InputOffset()))
			// After the outermost element there may be padding, or anything else.
			if len(r.open) == 0 && r.inside != (span{}) {
				return &r.packet, nil
			}
		}
	}
}

// legible returns data, or a copy as long in which bytes that XML does not allow are question marks. Some
// writers put text of other encodings into a packet.
func legible(data []byte) []byte {
	out, shared := data, true
	for i := 0; i < len(data); {
		c, n := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && n == 1 || c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0xfffe || c == 0xffff {
			if shared {
				out, shared = bytes.Clone(data), false
			}
			copy(out[i:i+n], "???")
		}
		i += n
	}
	return out
}

type xmpReader struct {
	packet
	open []tag // the elements around the current place
	rdf  int   // which of them is rdf:RDF, from 1
	cut  int   // which of them says where the photograph was taken, from 1
}

func (r *xmpReader) begin(t xml.StartElement, start, end int) error {
	attributes, name, err := attributesIn(r.data[start:end], start, t.Attr)
	if err != nil {
		return err
	}
	if n := len(r.open); n > 0 {
		r.open[n-1].text = false
	} else {
		r.spaces = nil
	}
	r.open = append(r.open, tag{t.Name, start, end, true})
	depth := len(r.open)
	switch {
	case r.rdf == 0 && r.inside == (span{}):
		r.spaces = append(r.spaces, declarations(r.data, t.Attr, attributes)...)
		if t.Name == (xml.Name{Space: spaceRDF, Local: "RDF"}) {
			r.rdf, r.inside = depth, span{end, end}
			r.prefixed = bytes.HasPrefix(r.data[start:], []byte("<rdf:"))
		}
	case r.rdf > 0 && depth == r.rdf+1:
		c := child{all: span{start, end}, name: name, spaces: declarations(r.data, t.Attr, attributes)}
		c.note = slices.ContainsFunc(t.Attr, func(a xml.Attr) bool { return a.Name.Space == noteSpace })
		r.children = append(r.children, c)
	}
	if r.cut > 0 {
		return nil
	}
	if saysPosition(t.Name) {
		r.cut = depth
		return nil
	}
	for i, a := range t.Attr {
		r.found(a.Name, attributes[i])
		if saysPosition(a.Name) {
			r.positions = append(r.positions, attributes[i].all)
		}
	}
	return nil
}

func (r *xmpReader) end(start, end int) {
	depth := len(r.open)
	t := r.open[depth-1]
	r.open = r.open[:depth-1]
	all := span{t.start, end}
	switch {
	case r.rdf > 0 && depth == r.rdf:
		r.rdf, r.inside.to = 0, start
		if start == end { // <rdf:RDF/>
			r.inside = span{}
		}
	case r.rdf > 0 && depth == r.rdf+1:
		r.children[len(r.children)-1].all = all
	}
	if depth == 1 {
		r.root = all
	}
	if r.cut == depth {
		r.cut = 0
		r.positions = append(r.positions, all)
	} else if r.cut == 0 && t.text && start < end {
		r.found(t.name, property{all, span{t.end, start}})
	}
}

// found keeps a property that gtx needs.
func (r *xmpReader) found(name xml.Name, p property) {
	switch name {
	case xml.Name{Space: spaceTIFF, Local: "Orientation"}, xml.Name{Space: "tiff", Local: "Orientation"}: // perhaps undeclared
		r.orientations = append(r.orientations, p)
	case xml.Name{Space: spaceXMP, Local: "HasExtendedXMP"}:
		r.extended = append(r.extended, p)
	}
}

// attributesIn finds the attributes of a start tag, which begins at offset at of the packet, and the end of
// its name. want are those that the XML parser found in it.
func attributesIn(text []byte, at int, want []xml.Attr) (list []property, name int, err error) {
	const space = " \t\r\n"
	i := 1 + max(0, bytes.IndexAny(text[1:], space+"/>"))
	name = at + i
	for {
		from := i
		for i < len(text) && strings.IndexByte(space, text[i]) >= 0 {
			i++
		}
		if i == len(text) || text[i] == '/' || text[i] == '>' {
			break
		}
		equals := bytes.IndexByte(text[i:], '=')
		if equals < 0 {
			return nil, 0, errXMP
		}
		i += equals + 1
		for i < len(text) && strings.IndexByte(space, text[i]) >= 0 {
			i++
		}
		if i == len(text) {
			return nil, 0, errXMP
		}
		size := bytes.IndexByte(text[i+1:], text[i])
		if size < 0 {
			return nil, 0, errXMP
		}
		list = append(list, property{span{at + from, at + i + size + 2}, span{at + i + 1, at + i + 1 + size}})
		i += size + 2
	}
	if len(list) != len(want) {
		return nil, 0, errXMP
	}
	return list, name, nil
}

// declarations are those attributes, as they are written, that declare namespaces.
func declarations(data []byte, attributes []xml.Attr, places []property) (list []string) {
	for i, a := range attributes {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			list = append(list, strings.TrimSpace(string(data[places[i].all.from:places[i].all.to])))
		}
	}
	return list
}

// declared is the name that a declaration declares, such as xmlns:exif.
func declared(declaration string) string {
	name, _, _ := strings.Cut(declaration, "=")
	return strings.TrimSpace(name)
}

// positionSpaces hold nothing but positions: of the W3C's vocabulary, and of cells of a mobile network.
var positionSpaces = []string{
	"http://www.w3.org/2003/01/geo/wgs84_pos#",
	"http://developer.sonyericsson.com/cell/1.0/",
}

// positionNames are names of properties, in lower case, that say where a photograph was taken: of Photoshop,
// IPTC Core and Extension, Dublin Core, Darwin Core and others.
var positionNames = []string{
	"city", "state", "province", "provincestate", "stateprovince", "country", "countrycode", "countryname",
	"sublocation", "worldregion", "ratingregion", "coverage", "locality",
}

// saysPosition reports whether a property of XMP says where the photograph was taken: as coordinates or as
// the name of a place. Such a property has the same name in many namespaces.
func saysPosition(name xml.Name) bool {
	switch name.Space {
	case spaceRDF, spaceMeta, noteSpace, "xmlns", "":
		return false
	}
	local := strings.ToLower(name.Local)
	for _, part := range []string{"latitude", "longitude", "longtitude", "altitude"} { // the third is DJI's
		if strings.Contains(local, part) {
			return true
		}
	}
	for _, prefix := range []string{"gps", "location", "dctermslocation", "earthpos"} {
		if strings.HasPrefix(local, prefix) {
			return true
		}
	}
	return strings.HasSuffix(local, "location") || slices.Contains(positionNames, local) || slices.Contains(positionSpaces, name.Space)
}

// An edit replaces a part of a packet.
type edit struct {
	span
	text string
}

// edited returns the packet with its parts replaced.
func (p *packet) edited(edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	out := make([]byte, 0, len(p.data)+256)
	at := 0
	for _, e := range edits {
		if e.from < at { // inside one before
			continue
		}
		out = append(append(out, p.data[at:e.from]...), e.text...)
		at = e.to
	}
	return append(out, p.data[at:]...)
}

// xmpWithoutPosition returns a packet without the properties that say where the photograph was taken.
func xmpWithoutPosition(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	p, err := readXMP(data)
	if err != nil {
		return nil, err
	}
	var edits []edit
	for _, s := range p.positions {
		edits = append(edits, edit{s, " "})
	}
	return p.edited(edits), nil
}

// xmpOrientation returns the orientation, 1 to 8, that a packet names first, or 0.
func xmpOrientation(data []byte) int {
	if !bytes.Contains(data, []byte("Orientation")) {
		return 0
	}
	p, err := readXMP(data)
	if err != nil || len(p.orientations) == 0 {
		return 0
	}
	v := p.orientations[0].value
	text := bytes.TrimSpace(data[v.from:v.to])
	if len(text) != 1 || text[0] < '1' || text[0] > '8' {
		return 0
	}
	return int(text[0] - '0')
}

// xmpWithNote returns a packet that ends with a description, in which the image is upright and which has no
// other note. It fails if the packet cannot take one.
func xmpWithNote(data []byte, note string) ([]byte, error) {
	p, err := readXMP(data)
	if err != nil {
		return nil, err
	}
	if !p.prefixed {
		note = strings.Replace(note, "<rdf:Description", `<rdf:Description xmlns:rdf="`+spaceRDF+`"`, 1)
	}
	edits := []edit{{span{p.inside.to, p.inside.to}, note}}
	for _, c := range p.children {
		if c.note {
			edits = append(edits, edit{c.all, ""})
		}
	}
	for _, o := range p.orientations {
		edits = append(edits, edit{o.value, "1"})
	}
	for _, x := range p.extended { // an extended packet has been joined with this one, or is lost
		edits = append(edits, edit{x.all, " "})
	}
	return p.edited(edits), nil
}

// onlyNote returns a packet with nothing but the note of another packet.
func onlyNote(data []byte) []byte {
	p, err := readXMP(data)
	if err != nil {
		return nil
	}
	var note []byte
	for _, c := range p.children {
		if c.note {
			note = data[c.all.from:c.all.to]
		}
	}
	return newPacket(string(note))
}
