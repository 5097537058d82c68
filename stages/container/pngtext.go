package container

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
)

// PNG has had a chunk for Exif data since version 1.5 of its specification, and a place for XMP for as long
// as XMP has existed. Older programs, and ImageMagick to this day, put Exif, XMP and IPTC data into text
// chunks, as hexadecimal digits under keywords such as "Raw profile type exif".

const (
	rawProfile = "Raw profile type "
	keywordXMP = "XML:com.adobe.xmp"

	warnPNGText = "metadata in a text chunk are broken or too large and were left out"
)

// inflateRatio and inflateFree bound the text that compressed chunks may give: the ratio times the bytes of
// the chunks, plus the free bytes. Real metadata compress to about a third.
const (
	inflateRatio = 32
	inflateFree  = 1 << 20
)

// pngMetadata finds the metadata of a PNG. Chunks made for them come first, then text.
func pngMetadata(chunks []part) (m Metadata, warnings []string) {
	m.Exif = find(chunks, "eXIf", nil)
	room := inflateFree
	for _, c := range chunks {
		keyword, _, found := bytes.Cut(c.body, []byte{0})
		if !found || len(keyword) > 79 || c.kind != "tEXt" && c.kind != "zTXt" && c.kind != "iTXt" {
			continue
		}
		place := m.placeOf(string(keyword))
		if place == nil || *place != nil {
			continue
		}
		room += inflateRatio * len(c.body)
		text, ok := pngText(c, &room)
		kind, raw := strings.CutPrefix(string(keyword), rawProfile)
		if ok && raw {
			text, ok = profileOfText(text)
		}
		switch {
		case !ok:
			warnings = append(warnings, warnPNGText)
		case kind == "8bim":
			*place = iptcResource(text)
		case kind == "iptc" && bytes.HasPrefix(text, []byte("8BIM")):
			*place = iptcResource(text)
		case bytes.HasPrefix(text, xmpPrefix):
			m.XMP = text[len(xmpPrefix):]
		default:
			*place = text
		}
	}
	return m, warnings
}

// placeOf is where the text of a keyword goes, or nil if it goes nowhere.
func (m *Metadata) placeOf(keyword string) *[]byte {
	switch keyword {
	case keywordXMP, rawProfile + "xmp":
		return &m.XMP
	case rawProfile + "exif", rawProfile + "APP1": // the second may hold XMP, too
		return &m.Exif
	case rawProfile + "iptc", rawProfile + "8bim":
		return &m.IPTC
	}
	return nil
}

// pngText returns the text of a chunk (PNG specification, section 11.3.3). It inflates compressed text to
// at most room bytes, and lessens room by them.
func pngText(c part, room *int) (text []byte, ok bool) {
	_, text, _ = bytes.Cut(c.body, []byte{0})
	compressed := c.kind == "zTXt"
	if c.kind == "iTXt" {
		if len(text) < 2 {
			return nil, false
		}
		compressed = text[0] == 1
		text = text[1:] // then the method
	}
	if c.kind != "tEXt" {
		if len(text) == 0 || text[0] != 0 && compressed {
			return nil, false
		}
		text = text[1:]
	}
	if c.kind == "iTXt" {
		for range 2 { // language and translated keyword
			if _, text, ok = bytes.Cut(text, []byte{0}); !ok {
				return nil, false
			}
		}
	}
	if !compressed {
		return text, true
	}
	z, err := zlib.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, false
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(*room)+1))
	*room = max(0, *room-len(out))
	return out, err == nil && *room > 0
}

// profileOfText decodes a raw profile: its name, its length in bytes, and hexadecimal digits in lines.
func profileOfText(text []byte) (profile []byte, ok bool) {
	text = bytes.TrimLeft(text, "\n")
	_, text, found := bytes.Cut(text, []byte("\n"))
	if !found {
		return nil, false
	}
	length, digits, found := bytes.Cut(text, []byte("\n"))
	size, err := strconv.Atoi(string(bytes.TrimSpace(length)))
	if !found || err != nil {
		return nil, false
	}
	digits = bytes.Join(bytes.Fields(digits), nil)
	profile = make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(profile, digits); err != nil || size > len(profile) || size < 0 {
		return nil, false
	}
	return profile[:size], true
}
