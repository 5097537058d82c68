package stages

import (
	"bytes"
	"encoding/xml"
	"testing"

	"gtx/stages/container"
)

var properties = []Property{{Name: "model", Value: `se"as<o>ns & 'more'`}, {Name: "to", Value: "hiver é"}, {Name: "line", Value: "a\nb\tc"}}

func TestEveryFormatCarriesTheIdentity(t *testing.T) {
	want := container.Identity("digest", properties)
	for _, format := range Formats {
		file := encodedAs(t, format, translated(scene(40, 30)))
		if got := container.ReadIdentity(file); got != want {
			t.Errorf("%s: identity %q, want %q", format, got, want)
		}
		start, end := bytes.Index(file, []byte("<x:xmpmeta")), bytes.Index(file, []byte("</x:xmpmeta>"))
		if start < 0 || end < start {
			t.Errorf("%s: no packet", format)
			continue
		}
		if err := xml.Unmarshal(file[start:end+12], new(struct{})); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}
