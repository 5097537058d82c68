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

// What gtx writes carries an XMP packet (ISO 16684-1) that says how it was made.
// Every format that gtx writes can hold one, uncompressed, so that a scan for it
// needs no parser. It serves to leave own outputs alone and to know which of
// them are up to date.
const noteSpace = "https://gtx.invalid/ns/1/"

// A Property is a name and a value in the packet, say "model" and "seasons".
type Property struct{ Name, Value string }

// Identity is a digest of all that decides the bytes of an output: the input's
// digest and the parameters, which include the model's digest and the version.
func Identity(digest string, parameters []Property) string {
	h := sha256.New()
	fmt.Fprintln(h, digest)
	for _, p := range parameters {
		fmt.Fprintf(h, "%q=%q\n", p.Name, p.Value)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

const identityKey = `gtx:identity="`

// noteMost is the size of a source's packet that an output has room for: JPEG
// holds 64 KiB.
const noteMost = 60_000

// rdfEnd is where a description can be added to a packet.
const rdfEnd = "</rdf:RDF>"

var orientationNote = regexp.MustCompile(`(tiff:Orientation(?:="|>))[2-8]`)

// Note is the XMP packet of an output: that of its source, if there is one, and
// what gtx did.
func Note(identity string, parameters []Property, source []byte) []byte {
	var b strings.Builder
	attribute := func(name, value string) {
		fmt.Fprintf(&b, " gtx:%s=\"", name)
		xml.EscapeText(&b, []byte(value)) // a Builder never fails
		b.WriteByte('"')
	}
	b.WriteString("<rdf:Description rdf:about=\"\" xmlns:gtx=\"" + noteSpace + "\"")
	attribute("identity", identity)
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
	upright := orientationNote.ReplaceAll(source[:end], []byte("${1}1"))
	return slices.Concat(upright, []byte(b.String()), source[end:])
}

// ReadIdentity finds the identity in a file that gtx wrote, or returns "".
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
