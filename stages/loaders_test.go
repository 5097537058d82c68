package stages

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"testing"
)

// foreign are whole files of formats that libvips may know and gtx does not read.
func foreign() map[string][]byte {
	return map[string][]byte{
		"SVG":  []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="9" height="9"/></svg>`),
		"PPM":  append([]byte("P6 4 4 255\n"), make([]byte, 48)...),
		"PGM":  []byte("P2 2 2 255\n1 2 3 4\n"),
		"MIFF": append([]byte("id=ImageMagick\nclass=DirectClass\ncolumns=4 rows=4 depth=8\ncompression=None\n\f\n:\x1a"), make([]byte, 48)...),
		"BMP":  bitmap(4, 4),
		"PDF": []byte("%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
			"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 64 64]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"),
		"Radiance": append([]byte("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 4\n"), make([]byte, 64)...),
	}
}

// bitmap is a black image of Windows.
func bitmap(width, height int) []byte {
	stride := (3*width + 3) &^ 3
	file := make([]byte, 54+stride*height)
	copy(file, "BM")
	le := binary.LittleEndian
	le.PutUint32(file[2:], uint32(len(file)))
	le.PutUint32(file[10:], 54)
	le.PutUint32(file[14:], 40)
	le.PutUint32(file[18:], uint32(width))
	le.PutUint32(file[22:], uint32(height))
	le.PutUint16(file[26:], 1)
	le.PutUint16(file[28:], 24)
	return file
}

func TestForeignLoadersAreBlocked(t *testing.T) {
	for name, file := range foreign() {
		err := withPictures(func(s *scope) error {
			if p := s.open(file, "", true, badFault); p.image != nil {
				return fmt.Errorf("%d×%d", p.width(), p.height())
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s opens: %v", name, err)
		}
	}
}

func TestForeignFilesInDisguiseDoNotOpen(t *testing.T) {
	box := func(kind string, contents ...[]byte) []byte {
		body := bytes.Join(contents, nil)
		return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
	}
	// An image of 8×8, item 1, that lies nowhere.
	meta := box("meta", make([]byte, 4), box("pitm", []byte{0, 0, 0, 0, 0, 1}), box("iprp",
		box("ipco", box("ispe", []byte{0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 8})), box("ipma", []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1})))
	for name, file := range foreign() {
		disguised := append([]byte("\x00\x00\x00\x14ftypavif\x00\x00\x00\x00mif1"), meta...)
		data := append(append([]byte{0, 0, 0, 0}, "mdat"...), file...)
		binary.BigEndian.PutUint32(data, uint32(len(data)))
		webp := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x07\x00\x00"), file...)
		binary.LittleEndian.PutUint32(webp[4:], uint32(len(webp)-8))
		for as, whole := range map[string][]byte{"AVIF": append(disguised, data...), "WebP": webp} {
			f, err := Open(OpenOptions{})(context.Background(), Source{Data: whole})
			if err != nil {
				t.Errorf("%s as %s is refused too early for this test: %v", name, as, err)
			} else if _, err = Decode(nil)(context.Background(), f); err == nil {
				t.Errorf("%s as %s decodes", name, as)
			}
		}
	}
}
