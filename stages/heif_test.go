package stages

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/h2non/bimg"
)

// boxAt returns the offset and the size of the first box of a kind.
func boxAt(t *testing.T, file []byte, kind string) (at, size int) {
	t.Helper()
	at = bytes.Index(file, []byte(kind)) - 4
	if at < 0 {
		t.Fatalf("no box %s", kind)
	}
	return at, int(binary.BigEndian.Uint32(file[at:]))
}

// inMetadata moves the pixels of an AVIF or HEIC of libvips from its 'mdat' to an 'idat' among the metadata.
func inMetadata(t *testing.T, file []byte) []byte {
	t.Helper()
	be := binary.BigEndian
	meta, metaSize := boxAt(t, file, "meta")
	iloc, ilocSize := boxAt(t, file, "iloc")
	mdat, mdatSize := boxAt(t, file, "mdat")
	old := file[iloc+8 : iloc+ilocSize]
	if old[0] != 0 || old[4] != 0x44 || old[5] != 0x40 { // version, sizes of numbers
		t.Skip("this libheif places images differently")
	}
	items := slices.Concat([]byte{1, 0, 0, 0, 0x44, 0x40}, old[6:8])
	for old = old[8:]; len(old) > 0; {
		size := 10 + 8*int(be.Uint16(old[8:])) // identifier, file, base offset, extents
		items = slices.Concat(items, old[:2], []byte{0, 1}, old[2:size])
		base := items[len(items)-size+4:]
		be.PutUint32(base, be.Uint32(base)-uint32(mdat)-8)
		old = old[size:]
	}
	pixels := bytes.Clone(file[mdat : mdat+mdatSize])
	copy(pixels[4:], "idat")
	body := slices.Concat([]byte("iloc"), items)
	inner := slices.Concat(file[meta+8:iloc], be.AppendUint32(nil, uint32(4+len(body))), body, file[iloc+ilocSize:meta+metaSize], pixels)
	return slices.Concat(file[:meta], be.AppendUint32(nil, uint32(8+len(inner))), []byte("meta"), inner)
}

func TestAVIFWithItsPixelsAmongTheMetadataDecodes(t *testing.T) {
	file := vipsOf(t, scene(96, 64), bimg.Options{Type: bimg.AVIF, Quality: 95})
	want := decoded(t, file, nil)
	got := decoded(t, inMetadata(t, file), nil)
	if !slices.Equal(got.Pixels.Data, want.Pixels.Data) || len(got.Warnings) > 0 {
		t.Errorf("%d×%d, %q", got.Width, got.Height, got.Warnings)
	}
}

func TestStillsOfSequenceBrandsDecode(t *testing.T) {
	var file []byte
	err := withPictures(func(s *scope) error {
		p := s.of(scene(96, 64))
		return p.save(".heic[Q=95,compression=hevc]", nil, nil, nil, func(f []byte) error {
			file = bytes.Clone(f)
			return nil
		})
	})
	if err != nil {
		t.Skip("no encoder for HEVC")
	}
	want := decoded(t, file, nil)
	still := bytes.Clone(file)
	copy(still[8:], "msf1")
	if got := decoded(t, still, nil); !slices.Equal(got.Pixels.Data, want.Pixels.Data) || len(got.Warnings) > 0 {
		t.Errorf("%d×%d, %q", got.Width, got.Height, got.Warnings)
	}
}
