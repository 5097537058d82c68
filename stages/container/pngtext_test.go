package container

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rawProfileOf is the text of a raw profile as ImageMagick writes it.
func rawProfileOf(kind string, data []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n%8d\n", kind, len(data))
	for line := range slices.Chunk(data, 36) {
		fmt.Fprintln(&b, hex.EncodeToString(line))
	}
	return b.String()
}

func deflated(text string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // a Buffer never fails
	_ = z.Close()
	return b.String()
}

func TestMetadataAreReadFromTextOfAPNG(t *testing.T) {
	exif := exifOf(binary.BigEndian)
	iptc := "\x1c\x02\x78\x00\x05Birds"
	plain := pngOf(t, scene(8, 8))
	raw := func(kind string, data []byte) string { return rawProfile + kind + "\x00" + rawProfileOf(kind, data) }
	packed := func(kind string, data []byte) string {
		return rawProfile + kind + "\x00\x00" + deflated(rawProfileOf(kind, data))
	}
	block := append(bytes.Clone(exifPrefix), exif...)
	for _, c := range []struct {
		chunk, body string
		want        Metadata
	}{
		{"tEXt", raw("exif", block), Metadata{Exif: exif}},
		{"zTXt", packed("exif", exif), Metadata{Exif: exif}},
		{"zTXt", packed("APP1", block), Metadata{Exif: exif}},
		{"zTXt", packed("APP1", append(bytes.Clone(xmpPrefix), packetOfXMP...)), Metadata{XMP: []byte(packetOfXMP)}},
		{"zTXt", packed("xmp", []byte(packetOfXMP)), Metadata{XMP: []byte(packetOfXMP)}},
		{"iTXt", pngXMP + packetOfXMP, Metadata{XMP: []byte(packetOfXMP)}},
		{"iTXt", keywordXMP + "\x00\x00\x00en\x00packet\x00" + packetOfXMP, Metadata{XMP: []byte(packetOfXMP)}},
		{"iTXt", keywordXMP + "\x00\x01\x00\x00\x00" + deflated(packetOfXMP), Metadata{XMP: []byte(packetOfXMP)}},
		{"iTXt", rawProfile + "iptc\x00\x01\x00\x00\x00" + deflated(rawProfileOf("iptc", []byte(iptc))), Metadata{IPTC: []byte(iptc)}},
		{"zTXt", packed("iptc", resources([]byte(iptc))[len(resourcePrefix):]), Metadata{IPTC: []byte(iptc)}},
		{"zTXt", packed("8bim", resources([]byte(iptc))[len(resourcePrefix):]), Metadata{IPTC: []byte(iptc)}},
		{"tEXt", "Comment\x00" + packetOfXMP, Metadata{}},
	} {
		h, err := Parse(withChunk(plain, c.chunk, []byte(c.body)))
		m := h.Metadata
		if err != nil || len(h.Warnings) > 0 || !bytes.Equal(m.Exif, c.want.Exif) || !bytes.Equal(m.XMP, c.want.XMP) || !bytes.Equal(m.IPTC, c.want.IPTC) {
			t.Errorf("%s %.30q: %v, %q, %.60q", c.chunk, c.body, err, h.Warnings, m)
		}
	}
	both := withChunk(withChunk(plain, "zTXt", []byte(packed("exif", exifOf(binary.LittleEndian)))), "eXIf", exif)
	if h, err := Parse(both); err != nil || !bytes.Equal(h.Metadata.Exif, exif) || h.Orientation != 6 {
		t.Errorf("the chunk for Exif data does not come first: %v, orientation %d", err, h.Orientation)
	}
}

func TestBrokenTextOfAPNGIsReported(t *testing.T) {
	plain := pngOf(t, scene(8, 8))
	for _, body := range []string{
		rawProfile + "exif\x00\x00" + "no zlib", rawProfile + "exif\x00\x00" + deflated("exif"), rawProfile + "exif\x00\x01" + deflated(rawProfileOf("exif", []byte("II*\x00"))),
		rawProfile + "exif\x00\x00" + deflated("\nexif\n  4\nzz"), rawProfile + "exif\x00\x00" + deflated("\nexif\n  400\n00"), rawProfile + "exif\x00\x00" + deflated("\nexif\n  -4\n00"),
		rawProfile + "xmp\x00\x00" + deflated(strings.Repeat("0", 50<<20)), rawProfile + "xmp\x00",
	} {
		h, err := Parse(withChunk(plain, "zTXt", []byte(body)))
		if err != nil || !slices.Equal(h.Warnings, []string{warnPNGText}) || h.Metadata.Exif != nil || h.Metadata.XMP != nil {
			t.Errorf("%.40q: %v, %q", body, err, h.Warnings)
		}
	}
}

func FuzzPNGText(f *testing.F) {
	f.Add("zTXt", []byte(rawProfile+"exif\x00\x00"+deflated(rawProfileOf("exif", []byte("II*\x00")))))
	f.Add("tEXt", []byte(rawProfile+"8bim\x00\n8bim\n1\n00"))
	f.Add("iTXt", []byte(keywordXMP+"\x00\x01\x00\x00\x00"+deflated(packetOfXMP)))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		m, warnings := pngMetadata([]part{{kind, body}, {kind, body}})
		if size := len(m.Exif) + len(m.XMP) + len(m.IPTC); size > 2*(inflateFree+inflateRatio*len(body)) || len(warnings) > 2 {
			t.Errorf("%d bytes of %d", size, len(body))
		}
	})
}
