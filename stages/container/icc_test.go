package container

import (
	"bytes"
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
