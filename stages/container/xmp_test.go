package container

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// packetWith is a packet with attributes and elements in its description.
func packetWith(attributes, elements string) string {
	return `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">` +
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""` + attributes + `>` +
		elements + "</rdf:Description></rdf:RDF></x:xmpmeta>\n   \n<?xpacket end=\"w\"?>"
}

// isWellFormed reports the first fault of XML.
func isWellFormed(data []byte) error {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

const placeSpaces = ` xmlns:e="http://ns.adobe.com/exif/1.0/" xmlns:p="http://ns.adobe.com/photoshop/1.0/"` +
	` xmlns:core="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"` +
	` xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:dc="http://purl.org/dc/elements/1.1/"`

func TestPositionIsRemovedFromXMPWhateverItsForm(t *testing.T) {
	secret := []string{
		` e:GPSLatitude="secret"`, ` e:GPSLatitude='sec"ret'`, "\n e:GPSLatitude\n=\t\"secret\"", ` drone-dji:GpsLongtitude="+secret"`,
		` p:City="secret"`, ` p:State="secret>"`, ` p:Country="secret"`, ` core:Location="secret"`, ` core:CountryCode="secret"`, ` geo:lat="secret"`,
		"<e:GPSLatitude>secret</e:GPSLatitude>", "<p:City>secret</p:City>", "<p:City>secret<!-- > --></p:City >", "<p:City rdf:parseType='Resource'><rdf:value>secret</rdf:value></p:City>",
		"<ext:LocationCreated><rdf:Bag><rdf:li><rdf:Description ext:Sublocation='secret'><ext:City>secret</ext:City></rdf:Description></rdf:li></rdf:Bag></ext:LocationCreated>",
		"<ext:LocationShown><rdf:Bag><rdf:li rdf:parseType='Resource'><ext:City>secret</ext:City></rdf:li></rdf:Bag></ext:LocationShown>",
		"<dc:unknown><rdf:Bag><rdf:li rdf:parseType='Resource'><ext:City>secret</ext:City></rdf:li></rdf:Bag></dc:unknown>",
		`<x:GPSLatitude xmlns:x="http://ns.adobe.com/exif/1.0/">secret</x:GPSLatitude>`, `<City xmlns="http://ns.adobe.com/photoshop/1.0/">secret</City>`,
		"<drone-dji:AbsoluteAltitude>secret</drone-dji:AbsoluteAltitude>", "<dc:coverage>secret</dc:coverage>", "<p:City>secret</p:City><p:Country>secret</p:Country>",
	}
	for _, s := range secret {
		attributes, elements := placeSpaces+s+` dc:kept="one"`, "<dc:title>two</dc:title>"
		if strings.HasPrefix(s, "<") {
			attributes, elements = placeSpaces+` dc:kept="one"`, s+elements+s
		}
		source := packetWith(attributes, elements)
		got := Metadata{XMP: []byte(source)}.WithoutPosition()
		if bytes.Contains(got.XMP, []byte("secret")) || bytes.Contains(got.XMP, []byte("City")) || len(got.Lost) > 0 {
			t.Errorf("%s: left in %s, %q", s, got.XMP, got.Lost)
		}
		for _, kept := range []string{`dc:kept="one"`, "<dc:title>two</dc:title>", "\n   \n<?xpacket"} {
			if !bytes.Contains(got.XMP, []byte(kept)) {
				t.Errorf("%s: %s is lost in %s", s, kept, got.XMP)
			}
		}
		if err := isWellFormed(got.XMP); err != nil {
			t.Errorf("%s: %v in %s", s, err, got.XMP)
		}
	}
}

func TestXMPWithoutPositionStaysAsItIs(t *testing.T) {
	source := packetWith(` xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:x='urn:x' x:Alternative="1" x:statement='2'`,
		"<!-- City --><dc:title><rdf:Alt><rdf:li xml:lang='x-default'>GPSLatitude <![CDATA[<p:City>]]> &amp; \xe9</rdf:li></rdf:Alt></dc:title>")
	if got := (Metadata{XMP: []byte(source)}).WithoutPosition(); string(got.XMP) != source {
		t.Errorf("%s", got.XMP)
	}
}

func TestUnreadableMetadataAreLeftOutWithAWarningIfThePositionMustGo(t *testing.T) {
	m := Metadata{XMP: []byte(packetWith("", "<p:City>secret")), Exif: []byte("secret"), IPTC: []byte("\x1c\x02\x78\x00\x01Asecret")}.WithoutPosition()
	if m.XMP != nil || m.Exif != nil || string(m.IPTC) != "\x1c\x02\x78\x00\x01A" || len(m.Lost) != 3 {
		t.Errorf("%+v", m)
	}
}

func TestPlacesAreRemovedFromIPTC(t *testing.T) {
	set := func(number byte, text string) string {
		return string(binary.BigEndian.AppendUint16([]byte{0x1c, 2, number}, uint16(len(text)))) + text
	}
	long := "\x1c\x02\x5a\x80\x04\x00\x00\x00\x03abc" // a city with a length of four bytes
	data := "\x1c\x01\x5a\x00\x03\x1b%G" + set(90, "City") + set(120, "Birds") + set(92, "Place") + set(95, "State") + set(100, "CHE") + long +
		set(101, "Country") + set(26, "CH") + set(27, "Swiss") + set(25, "keyword") + "\x00\x00"
	got := Metadata{IPTC: []byte(data)}.WithoutPosition()
	if want := "\x1c\x01\x5a\x00\x03\x1b%G" + set(120, "Birds") + set(25, "keyword"); string(got.IPTC) != want || len(got.Lost) > 0 {
		t.Errorf("%q, %q", got.IPTC, got.Lost)
	}
}

func TestOrientationIsReadAndResetInEveryForm(t *testing.T) {
	const space = ` xmlns:t="http://ns.adobe.com/tiff/1.0/"`
	for _, c := range []struct {
		attributes, elements string
		want                 int
	}{
		{space + ` t:Orientation="6"`, "", 6}, {space + ` t:Orientation='6'`, "", 6}, {space + "\n t:Orientation = '8'", "", 8},
		{space, "<t:Orientation>3</t:Orientation>", 3}, {space, "<t:Orientation>\n 3 </t:Orientation>", 3},
		{"", `<u:Orientation xmlns:u="http://ns.adobe.com/tiff/1.0/">5</u:Orientation>`, 5},
		{` tiff:Orientation="7"`, "", 7}, {` xmlns:o="urn:other" o:Orientation="6"`, "", 0}, {space + ` t:Orientation="9"`, "", 0}, {"", "", 0},
	} {
		source := []byte(packetWith(c.attributes, c.elements))
		if got := (Metadata{XMP: source}).Orientation(); got != c.want {
			t.Errorf("%s%s: %d", c.attributes, c.elements, got)
		}
		if got := (Metadata{XMP: source, Exif: exifOf(binary.BigEndian)}).Orientation(); got != 6 {
			t.Errorf("%s%s with 6 in the Exif data: %d", c.attributes, c.elements, got)
		}
		m := Metadata{XMP: source}.WithNote("id", nil)
		if got := m.Orientation(); c.want != 0 && got != 1 || ReadIdentity(m.XMP) != "id" || isWellFormed(m.XMP) != nil {
			t.Errorf("%s%s becomes %d in %s", c.attributes, c.elements, got, m.XMP)
		}
	}
}

func TestNoteReplacesAnOlderOneAndKeepsTheRest(t *testing.T) {
	m := Metadata{XMP: []byte(packetOfXMP)}.WithNote("older", nil).WithNote("newer", nil)
	if bytes.Contains(m.XMP, []byte("older")) || ReadIdentity(m.XMP) != "newer" || !bytes.Contains(m.XMP, []byte("Nobody")) || len(m.Lost) > 0 {
		t.Errorf("%s, %q", m.XMP, m.Lost)
	}
	other := strings.ReplaceAll(packetOfXMP, "rdf:", "r:")
	if m := (Metadata{XMP: []byte(strings.ReplaceAll(other, "xmlns:rdf", "xmlns:r"))}).WithNote("newer", nil); isWellFormed(m.XMP) != nil ||
		!bytes.Contains(m.XMP, []byte("Nobody")) || len(m.Lost) > 0 {
		t.Errorf("%s, %q", m.XMP, m.Lost)
	}
	for _, broken := range []string{"no XML", packetOfXMP[:len(packetOfXMP)/2], `<a xmlns="b"/>`, "<r:RDF xmlns:r='" + spaceRDF + "'/>"} {
		m := Metadata{XMP: []byte(broken)}.WithNote("newer", nil)
		if ReadIdentity(m.XMP) != "newer" || isWellFormed(m.XMP) != nil || !slices.Equal(m.Lost, []string{warnXMP}) {
			t.Errorf("%s, %q", m.XMP, m.Lost)
		}
	}
}

// longPacket is a packet of some length with a short description, which comes second.
func longPacket(length int) string {
	return strings.Replace(packetWith(` xmlns:d="urn:depth" d:data="`+strings.Repeat("deep", length/4)+`"`, ""), "</rdf:RDF>",
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:short="yes"/></rdf:RDF>`, 1)
}

func TestLongPacketsAreDividedInAJPEGAndJoinedAgain(t *testing.T) {
	for _, length := range []int{100, 59_000, 60_000, 65_536, 200_000, 1_000_000} {
		m := Metadata{XMP: []byte(longPacket(length))}.WithNote("id", nil).For(JPEG)
		if len(m.XMP) > mainMost || len(m.Lost) > 0 || ReadIdentity(m.XMP) != "id" || !bytes.Contains(m.XMP, []byte("dc:short")) {
			t.Errorf("%d: a main packet of %d bytes, %q", length, len(m.XMP), m.Lost)
		}
		written := withSegment(jpegOf(t, scene(16, 16)), app1[0], append(bytes.Clone(xmpPrefix), m.XMP...)) // as libvips
		file := slices.Concat(m.Insert(JPEG, written)...)
		h, err := Parse(file)
		if err != nil || len(h.Warnings) > 0 {
			t.Fatalf("%d: %v, %q", length, err, h.Warnings)
		}
		for _, want := range []string{`gtx:identity="id"`, strings.Repeat("deep", length/4), "dc:short"} {
			if !bytes.Contains(h.Metadata.XMP, []byte(want)) || isWellFormed(h.Metadata.XMP) != nil || bytes.Contains(h.Metadata.XMP, []byte("HasExtendedXMP")) {
				t.Errorf("%d: %.20q is lost in %d bytes", length, want, len(h.Metadata.XMP))
			}
		}
	}
}

// jpegOfParts is a JPEG with a main packet that names a digest, and with the given segments after it.
func jpegOfParts(t *testing.T, digest string, segments ...string) []byte {
	file := jpegOf(t, scene(16, 16))
	slices.Reverse(segments)
	for _, s := range segments {
		file = withSegment(file, app1[0], append(bytes.Clone(extensionPrefix), s...))
	}
	main := packetWith(` xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="`+digest+`"`, "")
	return withSegment(file, app1[0], append(bytes.Clone(xmpPrefix), main...))
}

func TestPartsOfAnExtendedPacketAreJoinedInAnyOrderOrReportedMissing(t *testing.T) {
	extended := `<m:xmpmeta xmlns:m="adobe:ns:meta/"><r:RDF xmlns:r="` + spaceRDF + `" xmlns:outer="urn:outer"><r:Description r:about="" outer:a="kept"/></r:RDF></m:xmpmeta>`
	digest := strings.Repeat("0A", 16)
	segment := func(from, to, length int) string {
		head := binary.BigEndian.AppendUint32([]byte(digest), uint32(length))
		return string(binary.BigEndian.AppendUint32(head, uint32(from))) + extended[from:to]
	}
	n := len(extended)
	first, second := segment(0, 100, n), segment(100, n, n)
	for name, segments := range map[string][]string{
		"in order": {first, second}, "exchanged": {second, first}, "twice": {first, second, second},
		"with another": {strings.Repeat("1", 40) + "other", first, second}, "one": {segment(0, n, n)},
	} {
		h, err := Parse(jpegOfParts(t, digest, segments...))
		if err != nil || len(h.Warnings) > 0 || !bytes.Contains(h.Metadata.XMP, []byte(`outer:a="kept"`)) || isWellFormed(h.Metadata.XMP) != nil {
			t.Errorf("%s: %v, %q, %s", name, err, h.Warnings, h.Metadata.XMP)
		}
	}
	for name, segments := range map[string][]string{
		"the first only": {first}, "the second only": {second}, "longer than said": {segment(0, n, n-1)}, "a gap": {first, segment(110, n, n)},
		"of another digest": {strings.Repeat("1", 40) + "other"}, "short": {"0"}, "not XML": {segment(10, n, n)},
	} {
		h, err := Parse(jpegOfParts(t, digest, segments...))
		if err != nil || !slices.Equal(h.Warnings, []string{warnExtension}) || h.Metadata.XMP == nil {
			t.Errorf("%s: %v, %q", name, err, h.Warnings)
		}
	}
}

func TestHostilePacketsTakeLinearTime(t *testing.T) {
	const n = 300_000
	nested := strings.Repeat("<a>", n) + strings.Repeat("</a>", n)
	attributes, spaces := strings.Builder{}, strings.Builder{}
	for i := range n / 4 {
		fmt.Fprintf(&attributes, ` a:b%d="c"`, i)
		fmt.Fprintf(&spaces, ` xmlns:b%d="c"`, i)
	}
	for name, source := range map[string]string{
		"nested": packetWith("", nested), "many attributes": packetWith(attributes.String(), ""), "many namespaces": packetWith(spaces.String(), ""),
		"many places": packetWith("", strings.Repeat("<p:City>x</p:City>", n)), "many notes": packetWith("", strings.Repeat(`</rdf:Description><rdf:Description xmlns:g="`+noteSpace+`" g:a="">`, n/10)),
		"open": strings.Repeat("<", n), "quotes": "<a " + strings.Repeat(`a="`, n), "comment": "<!--" + strings.Repeat("-", n),
	} {
		start := busy()
		m := Metadata{XMP: []byte(source)}
		m.Orientation()
		m.WithoutPosition().WithNote("id", nil).For(JPEG)
		if d := busy() - start; d > 10*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}

func FuzzXMP(f *testing.F) {
	f.Add([]byte(packetOfXMP), []byte(packetOfXMP))
	f.Add([]byte(packetWith(placeSpaces+` e:GPSLatitude="1"p:City='2'`, "<p:City><a/></p:City>")), []byte(longPacket(4_000)))
	f.Add([]byte(packetWith(` xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="1" tiff:Orientation='6'`, "")), []byte("<rdf:RDF/>"))
	f.Add(bytes.Repeat([]byte("\xff<a b="), 10), []byte(" "))
	f.Fuzz(func(t *testing.T, data, other []byte) {
		before := bytes.Clone(data)
		m := Metadata{XMP: data}
		m.Orientation()
		m = m.WithoutPosition()
		if p, err := readXMP(m.XMP); err == nil && len(p.positions) > 0 {
			t.Errorf("a position is left in %q", m.XMP)
		}
		m = m.WithNote("id", nil).For(JPEG)
		if p, err := readXMP(m.XMP); err != nil || ReadIdentity(m.XMP) == "" || len(p.children) == 0 {
			t.Errorf("%v: no note in %q", err, m.XMP)
		}
		if joined, err := joinXMP(data, func(string) []byte { return other }); err == nil {
			if _, err := readXMP(joined); err != nil {
				t.Errorf("%v: %q", err, joined)
			}
		}
		if !bytes.Equal(before, data) {
			t.Error("the packet was changed")
		}
	})
}

func FuzzIPTC(f *testing.F) {
	f.Add([]byte("\x1c\x02\x78\x00\x01A\x1c\x02\x5a\x80\x04\x00\x00\x00\x01B\x00"))
	f.Add([]byte("\x1c\x02\x5a\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, _ := iptcWithoutPosition(data)
		if again, err := iptcWithoutPosition(out); !bytes.Equal(again, out) || err != nil {
			t.Errorf("%q becomes %q: %v", out, again, err)
		}
		iptcResource(data)
	})
}
