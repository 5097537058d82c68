package stages

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/xml"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/h2non/bimg"
)

// dated is Exif data of either byte order with an orientation, a date, and a
// second directory, the thumbnail's.
func dated(order binary.AppendByteOrder) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(order.AppendUint16(b, tagOrientation), typeShort)
	b = order.AppendUint16(order.AppendUint16(order.AppendUint32(b, 1), 6), 0)
	b = order.AppendUint16(order.AppendUint16(b, 306), 2) // DateTime, ASCII
	b = order.AppendUint32(order.AppendUint32(b, 20), 42)
	b = order.AppendUint32(b, 38)
	b = append(b, "\x00\x00\x00\x00"...)
	return append(b, "2026:11:23 01:02:03\x00"...)
}

func TestExifGoesFromFileToFileUpright(t *testing.T) {
	p := scene(48, 32)
	webp := vipsOf(t, p, bimg.Options{Type: bimg.WEBP})
	for name, exif := range map[string][]byte{"little": dated(binary.LittleEndian), "big": dated(binary.BigEndian)} {
		sources := map[string][]byte{
			"JPEG": withSegment(jpegOf(t, p), 0xe1, append([]byte("Exif\x00\x00"), exif...)),
			"PNG":  withChunk(pngOf(t, goImage(p)), "eXIf", exif),
			"WebP": extended(webp, 48, 32, 0x08, "EXIF", exif),
		}
		for from, source := range sources {
			for _, to := range []Format{JPEG, PNG, WebP} {
				file := throughFile(t, source, to)
				got := exifOf(to, file)
				if !bytes.Contains(got, []byte("2026:11:23")) {
					t.Errorf("%s endian, %s to %s: the date is lost", name, from, to)
					continue
				}
				if want := uprightExif(exif); !bytes.Equal(got, want) {
					t.Errorf("%s endian, %s to %s: % x, want % x", name, from, to, got, want)
				}
				img := decoded(t, file, nil) // it would be turned if the orientation were left
				if img.Width != 32 || img.Height != 48 {
					t.Errorf("%s endian, %s to %s: %d×%d", name, from, to, img.Width, img.Height)
				}
				if readIdentity(file) == "" {
					t.Errorf("%s endian, %s to %s: the note is lost", name, from, to)
				}
				if n := bytes.Count(file, []byte("EXIF")) + bytes.Count(file, []byte("eXIf")) + bytes.Count(file, exifPrefix); n != 1 {
					t.Errorf("%s endian, %s to %s: %d Exif blocks", name, from, to, n)
				}
			}
		}
	}
}

// throughFile is source after Open, Decode, Resize and Encode to a file.
func throughFile(t *testing.T, source []byte, to Format) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	f, err := Open(OpenOptions{})(context.Background(), Source{Data: source, Out: out, Format: to})
	if err != nil {
		t.Fatal(err)
	}
	img, err := Decode(nil)(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	size, _ := ParseSize("source")
	c := Checked{Translated: Translated{Labelled: Labelled{Image: img}, Result: img.Pixels}}
	if _, err := Encode(EncodeOptions{Size: size, Quality: 90})(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestBadExifIsLeftBehind(t *testing.T) {
	whole := dated(binary.LittleEndian)
	for n := range 38 { // up to the end of the directory
		if got := uprightExif(whole[:n]); got != nil {
			t.Errorf("%d bytes pass for Exif data", n)
		}
	}
	file := jpegOf(t, scene(8, 8))
	if got := withExif(JPEG, file, []byte("no Exif at all")); !bytes.Equal(got, file) {
		t.Error("the file was changed")
	}
	large := append(dated(binary.LittleEndian), make([]byte, 1<<16)...)
	if got := withExif(JPEG, file, large); !bytes.Equal(got, file) {
		t.Error("a segment that is too long was written")
	}
	gray := pngOf(t, image.NewGray(image.Rect(0, 0, 2, 2)))
	if exifOf(PNG, gray) != nil || exifOf(TIFF, gray) != nil {
		t.Error("Exif data where there are none")
	}
}

func TestXMPGoesFromFileToFileWithTheNote(t *testing.T) {
	const packet = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">` +
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""` +
		` xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" tiff:Artist="Nobody"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
	p := scene(48, 32)
	sources := map[string][]byte{
		"JPEG": withSegment(jpegOf(t, p), 0xe1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), packet...)),
		"PNG":  withNote(pngOf(t, goImage(p)), []byte(packet)),
		"WebP": extended(vipsOf(t, p, bimg.Options{Type: bimg.WEBP}), 48, 32, 0x04, "XMP ", []byte(packet)),
	}
	for from, source := range sources {
		for _, to := range Formats {
			file := throughFile(t, source, to)
			_, got, _ := bytes.Cut(file, []byte("<x:xmpmeta"))
			got, _, _ = bytes.Cut(got, []byte("</x:xmpmeta>"))
			for _, want := range []string{`tiff:Artist="Nobody"`, `tiff:Orientation="1"`, identityKey} {
				if !bytes.Contains(got, []byte(want)) {
					t.Errorf("%s to %s: %s is not in %q", from, to, want, got)
				}
			}
			if err := xml.Unmarshal([]byte("<x:xmpmeta"+string(got)+"</x:xmpmeta>"), new(struct{})); err != nil {
				t.Errorf("%s to %s: %v", from, to, err)
			}
		}
	}
	// One that is too large for a JPEG, or gtx' own, gives way.
	for _, source := range []string{packet + string(make([]byte, noteMost)), string(note("older", nil, nil))} {
		if got := note("newer", nil, []byte(source)); readIdentity(got) != "newer" || bytes.Contains(got, []byte("older")) {
			t.Errorf("%q", got)
		}
	}
}
