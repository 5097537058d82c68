package container

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

const packetOfXMP = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">` +
	`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""` +
	` xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" tiff:Orientation="6" exif:GPSLatitude="47,11.72N" tiff:Artist="Nobody">` +
	`<exif:GPSLongitude>8,30E</exif:GPSLongitude></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`

func TestBadExifIsLeftBehind(t *testing.T) {
	whole := exifOf(binary.LittleEndian)
	for n := range 74 { // up to the end of the directory
		if got := upright(whole[:n]); got != nil {
			t.Errorf("%d bytes pass for Exif data", n)
		}
	}
	large := append(whole, make([]byte, 1<<16)...)
	plain := jpegOf(t, scene(8, 8))
	if got := slices.Concat(Metadata{Exif: large}.Insert(JPEG, plain)...); !bytes.Equal(got, plain) {
		t.Error("a segment that is too long was written")
	}
}

func FuzzExif(f *testing.F) {
	f.Add(exifOf(binary.LittleEndian))
	f.Add(exifOf(binary.BigEndian))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x00"))
	tiff := imageOf(binary.LittleEndian, 2, 2, make([]byte, 12))
	f.Fuzz(func(t *testing.T, data []byte) {
		saysAdobeRGB(data)
		h, _ := parseTIFF(data)
		exifOrientation(data)
		anywhere, _ := withoutGPS(data)
		for _, exif := range [][]byte{h.Metadata.Exif, anywhere, upright(data), sayingSRGB(data)} {
			file := slices.Concat(tiffWithMetadata(tiff, Metadata{Exif: exif})...)
			if h, err := Parse(file); err != nil || h.Width != 2 {
				t.Errorf("the TIFF is broken: %v", err)
			}
		}
		iptcResource(data)
	})
}
