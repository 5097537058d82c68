package container

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Every file that gtx writes carries an XMP packet (ISO 16684-1) with a note: how the
// file was made. All formats can hold such a packet uncompressed, so that a plain
// search finds the identity in it. By its note gtx recognises its own outputs and
// knows which of them are up to date.

const (
	noteSpace   = "https://gtx.invalid/ns/1/"
	identityKey = `gtx:identity="`

	// noteMost is the largest packet of a source, in bytes, that goes into an output. A
	// segment of a JPEG holds 64 KiB.
	noteMost = 60_000

	// rdfEnd is where a packet can take one more description.
	rdfEnd = "</rdf:RDF>"
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

// ReadProperty finds a property in the note of a file that gtx wrote. It returns "" for one without it.
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

// WithNote returns the metadata of an output, whose XMP packet says how it was made.
// The packet of the source goes along if it is one, fits and has no note yet; its
// orientation then becomes upright.
func (m Metadata) WithNote(identity string, parameters []Property) Metadata {
	m.XMP = note(identity, parameters, m.XMP)
	return m
}

var orientationInXMP = regexp.MustCompile(`(tiff:Orientation(?:="|>))[2-8]`)

func note(identity string, parameters []Property, source []byte) []byte {
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
	end := bytes.LastIndex(source, []byte(rdfEnd))
	if end < 0 || len(source) > noteMost || ReadIdentity(source) != "" {
		return []byte("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
			"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">" +
			b.String() + rdfEnd + "</x:xmpmeta>\n<?xpacket end=\"r\"?>")
	}
	turned := orientationInXMP.ReplaceAll(source[:end], []byte("${1}1"))
	return slices.Concat(turned, []byte(b.String()), source[end:])
}

// IsPacket reports whether data hold an XMP packet that can take a note.
func IsPacket(data []byte) bool { return bytes.Contains(data, []byte(rdfEnd)) }
