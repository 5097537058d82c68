package container

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// srgb.icc and p3.icc are profiles of libvips.
func TestOnlyProfilesForSRGBPassForIt(t *testing.T) {
	srgb := committed(t, "srgb.icc")
	if !IsSRGB(srgb) {
		t.Errorf("libvips' sRGB profile of %d bytes does not pass", len(srgb))
	}
	if p3 := committed(t, "p3.icc"); len(p3) == 0 || IsSRGB(p3) {
		t.Errorf("a profile for Display P3, of %d bytes, passes", len(p3))
	}
	for n := range len(srgb) {
		if n < len(srgb)-2 && IsSRGB(srgb[:n]) {
			t.Fatalf("%d of %d bytes pass", n, len(srgb))
		}
	}
	// Each of the primaries and curves counts.
	for _, tag := range []string{"rXYZ", "bXYZ", "rTRC", "bTRC"} {
		other := bytes.Clone(srgb)
		at := bytes.Index(other[128:], []byte(tag)) + 128
		from := int(other[at+6])<<8 | int(other[at+7])
		other[from+13] ^= 0x7f
		other[from+12] ^= 0x3f
		if IsSRGB(other) {
			t.Errorf("another %s passes", tag)
		}
	}
	if IsSRGB(nil) || IsSRGB(AdobeRGB()) {
		t.Error("no profile, or one for Adobe RGB, passes")
	}
}

func TestIntentsThatAProfileHas(t *testing.T) {
	be := binary.BigEndian
	profile := func(space string, names ...string) []byte {
		p := make([]byte, 128)
		copy(p[16:], space)
		p = be.AppendUint32(p, uint32(len(names)))
		for _, name := range names {
			p = be.AppendUint32(be.AppendUint32(append(p, name...), 0), 12)
		}
		return p
	}
	matrix := []string{"rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"}
	for _, c := range []struct {
		profile  []byte
		from, to Intent
	}{
		{nil, NoIntent, NoIntent}, {profile("RGB "), NoIntent, NoIntent}, {profile("RGB ", matrix...), Relative, Relative},
		{profile("RGB ", matrix[1:]...), NoIntent, NoIntent}, {profile("CMYK", matrix...), NoIntent, NoIntent}, {profile("GRAY", "kTRC"), Relative, Relative},
		{profile("RGB ", "A2B0"), Perceptual, NoIntent}, {profile("RGB ", append(matrix, "A2B0")...), Relative, Relative},
		{profile("CMYK", "A2B0", "A2B1", "B2A0"), Relative, Perceptual}, {profile("RGB ", "A2B2", "B2A1"), Saturation, Relative},
		{append(profile("RGB ", "A2B0")[:144-4], 0xff, 0xff, 0xff, 0xff), NoIntent, NoIntent},
	} {
		if from, to := Intents(c.profile); from != c.from || to != c.to {
			t.Errorf("%q: %d and %d, want %d and %d", c.profile[min(len(c.profile), 128):], from, to, c.from, c.to)
		}
	}
}

func FuzzICC(f *testing.F) {
	f.Add(AdobeRGB())
	f.Add([]byte("short"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		Intents(data)
		IsSRGB(data)
	})
}
