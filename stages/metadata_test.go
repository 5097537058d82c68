package stages

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/h2non/bimg"

	"gtx/stages/container"
)

// exifData are Exif data of either byte order: a maker, a date, an orientation, an
// exposure and a maker's note in a second directory, a position in a third, and a
// thumbnail that is not there.
func exifData(order binary.AppendByteOrder) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	line := func(tag, kind uint16, count, value uint32) {
		b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, tag), kind), count)
		if kind == 3 {
			b = order.AppendUint16(order.AppendUint16(b, uint16(value)), 0)
		} else {
			b = order.AppendUint32(b, value)
		}
	}
	b = order.AppendUint16(b, 5)
	line(271, 2, 6, 74)
	line(274, 3, 1, 6)
	line(306, 2, 20, 80)
	line(34665, 4, 1, 100)
	line(34853, 4, 1, 146)
	b = order.AppendUint32(b, 42) // the thumbnail's
	b = append(b, "Maker\x002026:11:23 01:02:03\x00"...)
	b = order.AppendUint16(b, 2)
	line(33434, 5, 1, 130)
	line(37500, 7, 8, 138)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint32(order.AppendUint32(b, 1), 250)
	b = append(b, "\x01secret\x02"...)
	b = order.AppendUint16(b, 2)
	b = append(order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 1), 2), 2), "N\x00\x00\x00"...)
	line(2, 5, 3, 176)
	b = order.AppendUint32(b, 0)
	for _, v := range []uint32{47, 1, 11, 1, 4321, 100} {
		b = order.AppendUint32(b, v)
	}
	return b
}

const packetOfXMP = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">` +
	`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""` +
	` xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" tiff:Orientation="6" exif:GPSLatitude="47,11.72N" tiff:Artist="Nobody">` +
	`<exif:GPSLongitude>8,30E</exif:GPSLongitude></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`

// iptcData is a caption (IPTC-IIM, 2:120).
var iptcData = []byte("\x1c\x02\x78\x00\x05Birds")

func metadataOf(t *testing.T, file []byte) container.Metadata {
	t.Helper()
	h, err := container.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	return h.Metadata
}

// facts returns the Exif facts of a file as libexif reads them for libvips. libvips does not read those of a
// TIFF.
func facts(t *testing.T, file []byte) map[string]string {
	t.Helper()
	out := map[string]string{}
	if container.Sniff(file) == TIFF {
		exif := metadataOf(t, file).Exif
		if exif == nil {
			return out
		}
		file = withSegment(jpegOf(t, scene(8, 8)), 0xe1, append([]byte("Exif\x00\x00"), exif...))
	}
	m, err := bimg.Metadata(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]string{
		"Make": m.EXIF.Make, "DateTime": m.EXIF.Datetime, "Orientation": strings.Trim(fmt.Sprint(m.EXIF.Orientation), "0"),
		"ExposureTime": m.EXIF.ExposureTime, "MakerNote": m.EXIF.MakerNote, "GPSLatitude": m.EXIF.GPSLatitude,
	} {
		if v, _, _ = strings.Cut(v, " ("); v != "" {
			out[name] = v
		}
	}
	return out
}

// sourcesWith returns an image of 48×32 as a file of each format, with the Exif, XMP and IPTC data that the
// format can hold.
func sourcesWith(t *testing.T, exif []byte) map[Format][]byte {
	t.Helper()
	p := scene(48, 32)
	jpeg := withSegment(jpegOf(t, p), 0xe1, append([]byte("Exif\x00\x00"), exif...))
	jpeg = withSegment(jpeg, 0xe1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), packetOfXMP...))
	other := "8BIM\x03\xed\x03abc\x00\x00\x00\x03123\x00" // with a name and an odd length
	iptc := fmt.Sprintf("8BIM\x04\x04\x00\x00\x00\x00\x00%c%s", len(iptcData), iptcData)
	jpeg = withSegment(jpeg, 0xed, []byte("Photoshop 3.0\x00"+other+iptc))
	png := withChunk(pngOf(t, goImage(p)), "eXIf", exif)
	png = withChunk(png, "iTXt", append([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), packetOfXMP...))
	webp := extended(vipsOf(t, p, bimg.Options{Type: bimg.WEBP}), 48, 32, 0x0c, "EXIF", exif)
	webp = append(webp, "XMP "...)
	webp = binary.LittleEndian.AppendUint32(webp, uint32(len(packetOfXMP)))
	webp = append(webp, packetOfXMP...)
	webp = append(webp, make([]byte, len(packetOfXMP)%2)...)
	binary.LittleEndian.PutUint32(webp[4:], uint32(len(webp)-8))
	tiff := tiffOf(48, 32, 8, 3, 2, p.Data, tag{700, 1, uint32(len(packetOfXMP)), 0, []byte(packetOfXMP)},
		tag{33723, 7, uint32(len(iptcData)), 0, iptcData}, tag{274, 3, 1, 6, nil})
	tiff = slices.Concat(container.Metadata{Exif: exif}.Insert(TIFF, tiff)...)
	var avif []byte
	err := withPictures(func(s *scope) error {
		q := s.of(Pixels{Width: 32, Height: 48, Bands: 3, Data: lying(p, 8).Data}) // upright: it has no other way
		return q.save(".avif[Q=90,compression=av1,speed=9]", append([]byte("Exif\x00\x00"), exif...), []byte(packetOfXMP), nil, func(f []byte) error {
			avif = bytes.Clone(f)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return map[Format][]byte{JPEG: jpeg, PNG: png, WebP: webp, TIFF: tiff, AVIF: avif}
}

func TestMetadataGoFromEachFormatToEach(t *testing.T) {
	for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
		exif := exifData(order)
		for from, source := range sourcesWith(t, exif) {
			for _, to := range Formats {
				what := fmt.Sprintf("%s endian, %s to %s", name, from, to)
				file := throughFile(t, source, to, EncodeOptions{})
				want := map[string]string{"Make": "Maker", "DateTime": "2026:11:23 01:02:03", "ExposureTime": "1/250",
					"MakerNote": "8 bytes undefined data", "GPSLatitude": "47 11 43.21"}
				got := facts(t, file)
				if o := got["Orientation"]; o != "" && o != "1" {
					t.Errorf("%s: orientation %s", what, o)
				}
				delete(got, "Orientation")
				if v := got["GPSLatitude"]; strings.HasPrefix(v, "47") {
					got["GPSLatitude"] = "47 11 43.21" // libexif writes it in several ways
				}
				if !maps.Equal(got, want) {
					t.Errorf("%s: %q, want %q", what, got, want)
				}
				plain := from != TIFF && from != AVIF && to != TIFF && to != AVIF
				if m := metadataOf(t, file); plain && !bytes.Equal(m.Exif, container.Metadata{Exif: exif}.Upright().Exif) {
					t.Errorf("%s: Exif data are not the same bytes", what)
				} else if (from == JPEG || from == TIFF) && (to == JPEG || to == TIFF) && !bytes.HasPrefix(m.IPTC, iptcData) {
					t.Errorf("%s: IPTC data are %q", what, m.IPTC)
				}
				for _, want := range []string{`tiff:Artist="Nobody"`, `tiff:Orientation="1"`, "GPSLatitude", `gtx:identity="`} {
					_, packet, _ := bytes.Cut(file, []byte("<x:xmpmeta"))
					if packet, _, _ = bytes.Cut(packet, []byte("</x:xmpmeta>")); !bytes.Contains(packet, []byte(want)) {
						t.Errorf("%s: %s is not in %q", what, want, packet)
					} else if err := xml.Unmarshal([]byte("<x:xmpmeta"+string(packet)+"</x:xmpmeta>"), new(struct{})); err != nil {
						t.Errorf("%s: %v", what, err)
					}
				}
				if img := decoded(t, file, nil); img.Width != 32 || img.Height != 48 || len(img.Warnings) > 0 {
					t.Errorf("%s: %d×%d, %q", what, img.Width, img.Height, img.Warnings)
				}
			}
		}
	}
}

func TestStripLeavesOutWhatIsAskedFor(t *testing.T) {
	for from, source := range sourcesWith(t, exifData(binary.BigEndian)) {
		for _, to := range Formats {
			file := throughFile(t, source, to, EncodeOptions{Strip: true})
			if got := facts(t, file); got["Make"]+got["DateTime"]+got["GPSLatitude"] != "" || bytes.Contains(file, []byte("Nobody")) || bytes.Contains(file, []byte("Birds")) {
				t.Errorf("%s to %s: %q is left", from, to, got)
			}
			if container.ReadIdentity(file) == "" {
				t.Errorf("%s to %s: the note is lost", from, to)
			}
			file = throughFile(t, source, to, EncodeOptions{StripGPS: true})
			got := facts(t, file)
			if got["Make"] != "Maker" || got["ExposureTime"] != "1/250" || got["GPSLatitude"] != "" {
				t.Errorf("%s to %s: %q", from, to, got)
			}
			if bytes.Contains(file, []byte("exif:GPS")) || bytes.Contains(file, binary.BigEndian.AppendUint32(nil, 4321)) || !bytes.Contains(file, []byte("Nobody")) {
				t.Errorf("%s to %s: the position is left, or more is gone", from, to)
			}
		}
	}
}

// throughFile passes source through Open, Decode, Resize and Encode, to a file.
func throughFile(t *testing.T, source []byte, to Format, o EncodeOptions) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	img := decoded(t, source, nil)
	img.Source = Source{Out: out, Format: to}
	img.Pixels, img.Alpha = img.Pixels.Split()
	o.Size, o.Quality = Size{kind: "source"}, cmp.Or(o.Quality, 90)
	c := Checked{Translated: Translated{Labelled: Labelled{Image: img}, Result: img.Pixels}}
	if _, err := encodedTo(t, t.Context(), o, c); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestBadExifIsLeftBehindWithAWarning(t *testing.T) {
	file := withSegment(jpegOf(t, scene(8, 8)), 0xe1, []byte("Exif\x00\x00no Exif at all"))
	if img := decoded(t, file, nil); !slices.Equal(img.Warnings, []string{"the Exif data are broken and were left out"}) {
		t.Errorf("warnings %q", img.Warnings)
	}
}

// gtx only reads HEIC. Here libvips writes it, if libheif has an encoder.
func TestMetadataComeOutOfHEIC(t *testing.T) {
	var heic []byte
	err := withPictures(func(s *scope) error {
		p := s.of(scene(64, 48))
		return p.save(".heic[Q=90,compression=hevc,speed=9]", append([]byte("Exif\x00\x00"), exifData(binary.BigEndian)...), []byte(packetOfXMP), nil, func(f []byte) error {
			heic = bytes.Clone(f)
			return nil
		})
	})
	if err != nil {
		t.Skip("no encoder for HEVC")
	}
	if f := container.Sniff(heic); f != HEIF {
		t.Fatalf("a file of format %q", f)
	}
	file := throughFile(t, heic, JPEG, EncodeOptions{})
	if got := facts(t, file); got["Make"] != "Maker" || !bytes.Contains(file, []byte("Nobody")) {
		t.Errorf("%q", got)
	}
	if d := distance(t, decoded(t, file, nil).Pixels, scene(64, 48)); d > 3 {
		t.Errorf("off by %.1f grey levels", d)
	}
}

// rawProfile is the text of a PNG that holds a profile as ImageMagick writes it.
func rawProfile(kind string, data []byte) []byte {
	return fmt.Appendf(nil, "Raw profile type %s\x00\n%s\n%8d\n%x", kind, kind, len(data), data)
}

// Pillow and Adobe's programs turn such images, too.
func TestOrientationThatOnlyXMPOrTextNamesTurnsTheImage(t *testing.T) {
	want := scene(48, 32)
	for _, o := range []int{1, 3, 6, 7} {
		stored := lying(want, o)
		for _, form := range []string{`tiff:Orientation="%d"`, `tiff:Orientation='%d'`} {
			packet := []byte(strings.Replace(packetOfXMP, `tiff:Orientation="6"`, fmt.Sprintf(form, o), 1))
			inXMP := append([]byte("http://ns.adobe.com/xap/1.0/\x00"), packet...)
			png, jpeg := pngOf(t, goImage(stored)), jpegOf(t, stored)
			both := withSegment(withSegment(jpeg, 0xe1, inXMP), 0xe1, append([]byte("Exif\x00\x00"), exif(o, nil)...))
			for name, file := range map[string][]byte{
				"JPEG": withSegment(jpeg, 0xe1, inXMP), "JPEG with Exif data": both,
				"PNG":                    withChunk(png, "iTXt", append([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), packet...)),
				"PNG with text":          withChunk(png, "tEXt", rawProfile("exif", exif(o, nil))),
				"PNG with XMP in a text": withChunk(png, "tEXt", rawProfile("xmp", packet)),
				"WebP":                   extended(vipsOf(t, stored, bimg.Options{Type: bimg.WEBP, Lossless: true}), stored.Width, stored.Height, 0x04, "XMP ", packet),
				"TIFF":                   tiffOf(stored.Width, stored.Height, 8, 3, 2, stored.Data, tag{700, 1, uint32(len(packet)), 0, packet}),
			} {
				for _, shape := range []Shape{nil, square(16)} {
					img := decoded(t, file, shape)
					if shape == nil && distance(t, img.Pixels, want) > 2 || img.Width != 48 || img.Height != 32 || len(img.Warnings) > 0 {
						t.Errorf("%s, %s, %d: %d×%d, %q", name, form, o, img.Width, img.Height, img.Warnings)
					}
				}
				out := throughFile(t, file, TIFF, EncodeOptions{})
				if h, err := container.Parse(out); err != nil || h.Orientation != 1 || h.Metadata.Orientation() > 1 {
					t.Errorf("%s, %s, %d: the result has orientation %d, %v", name, form, o, h.Metadata.Orientation(), err)
				}
				if img := decoded(t, out, nil); distance(t, img.Pixels, want) > 2 {
					t.Errorf("%s, %s, %d: the result is turned", name, form, o)
				}
			}
		}
	}
}

// An AVIF says in another place how it is turned.
func TestOrientationInXMPTurnsNoAVIF(t *testing.T) {
	if img := decoded(t, sourcesWith(t, exifData(binary.LittleEndian))[AVIF], nil); img.Width != 32 || img.Height != 48 {
		t.Errorf("%d×%d", img.Width, img.Height)
	}
}

func TestLongXMPGoesFromEachFormatToEach(t *testing.T) {
	long := strings.Repeat("long", 40_000)
	packet := []byte(strings.Replace(packetOfXMP, `tiff:Artist="Nobody"`, `tiff:Artist="`+long+`"`, 1))
	file := withChunk(pngOf(t, goImage(scene(48, 32))), "iTXt", append([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), packet...))
	for _, from := range Formats {
		source := throughFile(t, file, from, EncodeOptions{})
		for _, to := range Formats {
			out := throughFile(t, source, to, EncodeOptions{StripGPS: true})
			img := decoded(t, out, nil)
			if xmp := img.original.metadata.XMP; !bytes.Contains(xmp, []byte(long)) || bytes.Contains(xmp, []byte("GPS")) || len(img.Warnings) > 0 {
				t.Errorf("%s to %s: %d bytes of XMP, %q", from, to, len(xmp), img.Warnings)
			}
			if container.ReadSeal(out) != container.SealWhole {
				t.Errorf("%s to %s: the seal does not fit", from, to)
			}
		}
	}
}

func TestLostMetadataAreReported(t *testing.T) {
	tooLong := exif(1, make([]byte, 1<<16))
	png := withChunk(pngOf(t, goImage(scene(48, 32))), "eXIf", tooLong)
	png = withChunk(png, "iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00<broken"))
	img := decoded(t, png, nil)
	c := Checked{Translated: Translated{Labelled: Labelled{Image: img}, Result: img.Pixels}}
	c.Source = Source{Out: Stdout, Format: JPEG}
	w, err := Encode(EncodeOptions{Size: Size{kind: "source"}, Quality: 90})(t.Context(), c)
	want := []string{"the XMP packet is broken and was left out", "the Exif data are too long for a JPEG and were left out"}
	if err != nil || !slices.Equal(w.Warnings, want) {
		t.Errorf("%v, %q", err, w.Warnings)
	}
}
