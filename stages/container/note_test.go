package container

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"testing"
)

var properties = []Property{{"model", `se"as<o>ns & 'more'`}, {"to", "hiver é"}, {"line", "a\nb\tc"}}

func TestNoteIsXMLThatKeepsEveryValue(t *testing.T) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(newPacket(note("0123", properties)), []byte("\ufeff"))))
	got := map[string]string{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "Description" {
			for _, a := range e.Attr {
				if a.Name.Space == noteSpace {
					got[a.Name.Local] = a.Value
				}
			}
		}
	}
	want := map[string]string{"identity": "0123", "seal": string(unsealed)}
	for _, p := range properties {
		want[p.Name] = p.Value
	}
	if !maps.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPropertiesAreReadFromTheNote(t *testing.T) {
	file := append([]byte("precision=\"none\" "), newPacket(note("0123", append([]Property{{"precision", "bf16"}}, properties...)))...)
	for name, want := range map[string]string{"precision": "bf16", "absent": "", "prec": ""} {
		if got := ReadProperty(file, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, file := range [][]byte{nil, []byte(` gtx:precision="bf16"`), []byte(identityKey)} {
		if got := ReadProperty(file, "precision"); got != "" {
			t.Errorf("%q: %q", file, got)
		}
	}
}

func TestForeignFilesHaveNoIdentity(t *testing.T) {
	for _, file := range [][]byte{
		nil, jpegOf(t, scene(20, 20)), []byte(identityKey), []byte(identityKey + "unfinished"),
		[]byte(identityKey + `"`),
	} {
		if got := ReadIdentity(file); got != "" {
			t.Errorf("%q", got)
		}
	}
}

func TestIdentityDependsOnAllThatMatters(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{
		Identity("a", nil), Identity("b", nil), Identity("a", []Property{{"x", "1"}}),
		Identity("a", []Property{{"x", "2"}}), Identity("a", []Property{{"y", "1"}}),
		Identity("a", []Property{{"x", "1\"=\"2"}}), Identity("a", []Property{{"x", "1"}, {"", ""}}),
	} {
		if seen[id] || len(id) != 32 {
			t.Errorf("%s twice", id)
		}
		seen[id] = true
	}
}
