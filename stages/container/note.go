package container

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"strings"
)

// Every file that gtx writes carries an XMP packet (ISO 16684-1) with a note: how the file was
// made. All formats can hold such a packet uncompressed, so that a plain search finds the identity
// in it. gtx recognises its own outputs by their notes, and knows from them which are up to date.

const (
	noteSpace   = "https://gtx.invalid/ns/1/"
	identityKey = `gtx:identity="`

	// noteMost is the longest note, in bytes, that ReadProperty looks at.
	noteMost = 60_000

	// rdfEnd is the end of most packets that can take a note.
	rdfEnd = "</rdf:RDF>"

	packetBegin = "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
	packetEnd   = "\n<?xpacket end=\"r\"?>"
)

// A Property is a name and a value in the note, say "model" and "seasons".
type Property struct{ Name, Value string }

// Identity returns a digest of everything that decides the bytes of an output: the
// digest of the input, and the parameters, which include the digest of the model and
// the version of gtx.
func Identity(digest string, parameters []Property) string {
	h := sha256.New()
	fmt.Fprintln(h, digest)
	for _, p := range parameters {
		fmt.Fprintf(h, "%q=%q\n", p.Name, p.Value)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// ReadIdentity finds the identity in a file that gtx wrote. It returns "" for all
// other files.
func ReadIdentity(file []byte) string {
	_, rest, found := bytes.Cut(file, []byte(identityKey))
	if !found {
		return ""
	}
	value, _, found := bytes.Cut(rest[:min(len(rest), 64)], []byte(`"`))
	if !found {
		return ""
	}
	return string(value)
}

// ReadProperty finds a property in the note of a file that gtx wrote. It returns "" if the note has no such property.
func ReadProperty(file []byte, name string) string {
	at := bytes.Index(file, []byte(identityKey))
	if at < 0 {
		return ""
	}
	note, _, _ := bytes.Cut(file[at:min(len(file), at+noteMost)], []byte("/>"))
	_, rest, found := bytes.Cut(note, []byte(" gtx:"+name+`="`))
	if !found {
		return ""
	}
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}

// WithNote returns the metadata of an output, whose XMP packet says how it was made. It keeps the source's
// packet if that can be read, but sets the orientation to upright and replaces an earlier note.
func (m Metadata) WithNote(identity string, parameters []Property) Metadata {
	text := note(identity, parameters)
	if len(m.XMP) > 0 {
		noted, err := xmpWithNote(m.XMP, text)
		if err == nil {
			m.XMP = noted
			return m
		}
		m = m.losing(warnXMP)
	}
	m.XMP = newPacket(text)
	return m
}

// newPacket returns a packet that holds only a note.
func newPacket(note string) []byte {
	return []byte(packetBegin + "<x:xmpmeta xmlns:x=\"" + spaceMeta + "\"><rdf:RDF xmlns:rdf=\"" + spaceRDF + "\">" +
		note + rdfEnd + "</x:xmpmeta>" + packetEnd)
}

func note(identity string, parameters []Property) string {
	var b strings.Builder
	attribute := func(name, value string) {
		fmt.Fprintf(&b, " gtx:%s=\"", name)
		xml.EscapeText(&b, []byte(value)) // a Builder never fails
		b.WriteByte('"')
	}
	b.WriteString("<rdf:Description rdf:about=\"\" xmlns:gtx=\"" + noteSpace + "\"")
	attribute("identity", identity)
	b.WriteString(sealKey + string(unsealed) + `"`) // Seal fills it in
	for _, p := range parameters {
		attribute(p.Name, p.Value)
	}
	b.WriteString("/>")
	return b.String()
}

// IsPacket reports whether data hold an XMP packet that can take a note.
func IsPacket(data []byte) bool { return bytes.Contains(data, []byte(spaceRDF)) }
