package stages

import (
	"bytes"
	"testing"

	"github.com/h2non/bimg"
)

// inProfile is a JPEG with one of libvips' own profiles.
func inProfile(t *testing.T, name string) []byte {
	return vipsOf(t, scene(40, 30), bimg.Options{Type: bimg.JPEG, InputICC: name, OutputICC: name})
}

func TestOnlyProfilesForSRGBPassForIt(t *testing.T) {
	srgb := iccProfile(JPEG, inProfile(t, "srgb"))
	if !isSRGB(srgb) {
		t.Errorf("libvips' sRGB profile of %d bytes does not pass", len(srgb))
	}
	if p3 := iccProfile(JPEG, inProfile(t, "p3")); len(p3) == 0 || isSRGB(p3) {
		t.Errorf("a profile for Display P3, of %d bytes, passes", len(p3))
	}
	for n := range len(srgb) {
		if n < len(srgb)-2 && isSRGB(srgb[:n]) {
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
		if isSRGB(other) {
			t.Errorf("another %s passes", tag)
		}
	}
	if isSRGB(nil) || iccProfile(JPEG, jpegOf(t, scene(8, 8))) != nil {
		t.Error("no profile passes for one")
	}
}

func TestPictureWithAProfileForSRGBIsNotChangedByIt(t *testing.T) {
	plain := jpegOf(t, scene(40, 30))
	parts := [][]byte{[]byte("ICC_PROFILE\x00\x01\x02"), []byte("ICC_PROFILE\x00\x02\x02")}
	srgb := iccProfile(JPEG, inProfile(t, "srgb"))
	parts[0], parts[1] = append(parts[0], srgb[:1000]...), append(parts[1], srgb[1000:]...)
	tagged := withSegment(withSegment(plain, 0xe2, parts[1]), 0xe2, parts[0])
	got, want := decoded(t, tagged, nil), decoded(t, plain, nil)
	if !bytes.Equal(got.Pixels.Data, want.Pixels.Data) {
		t.Error("the samples differ")
	}
	if !bytes.Equal(got.Profile, srgb) || want.Profile != nil {
		t.Errorf("profiles of %d and %d bytes", len(got.Profile), len(want.Profile))
	}
}
