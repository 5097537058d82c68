package container

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// What reads any bytes must not fail on any, nor change them.
func FuzzReaders(f *testing.F) {
	f.Add(committed(f, "p3.icc"))
	f.Add(committed(f, "still.avif"))
	f.Add([]byte(note("0123", []Property{{"model", `a"<&`}})))
	f.Add([]byte(identityKey + `"` + sealKey))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		IsSRGB(data)
		IsPacket(data)
		ReadIdentity(data)
		ReadProperty(data, "model")
		if format := Sniff(data); format != "" {
			if MaxBytes(format, data, 1_000_000) < 0 {
				t.Error("a negative number of bytes")
			}
		}
		if !bytes.Equal(before, data) {
			t.Error("the data were changed")
		}
	})
}

// Whatever metadata a file has, a file that gets them stays whole and says how it was made.
func FuzzMetadataOfOneFileInAnother(f *testing.F) {
	whole := map[Format][]byte{
		JPEG: jpegOf(f, scene(20, 10)), PNG: pngOf(f, scene(20, 10)), WebP: committed(f, "lossy.webp"),
	}
	for _, file := range whole {
		f.Add(file)
	}
	f.Add(slices.Concat(Metadata{Exif: exifOf(binary.BigEndian), XMP: Metadata{}.WithNote("old", nil).XMP}.Insert(JPEG, whole[JPEG])...))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, _ := Parse(data)
		for _, m := range []Metadata{h.Metadata, h.Metadata.WithoutPosition(), h.Metadata.Upright().SayingSRGB()} {
			m = m.WithNote("0123456789", []Property{{"name", "value"}})
			if ReadIdentity(m.XMP) != "0123456789" || ReadProperty(m.XMP, "name") != "value" {
				t.Errorf("the note is lost in %q", m.XMP)
			}
			for format, file := range whole {
				m.ForLibvips(format)
				got := slices.Concat(m.Insert(format, file)...)
				if format == PNG && ReadIdentity(got) == "" {
					t.Error("a PNG without the note")
				}
				if h, err := Parse(got); err != nil || h.Format != format {
					t.Errorf("the %s is broken: %v", format, err)
				}
			}
		}
	})
}
