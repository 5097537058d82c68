package stages

import (
	"bytes"
	"testing"

	"gtx/stages/container"
)

func TestImageWithAProfileForSRGBIsNotChangedByIt(t *testing.T) {
	plain := jpegOf(t, scene(40, 30))
	parts := [][]byte{[]byte("ICC_PROFILE\x00\x01\x02"), []byte("ICC_PROFILE\x00\x02\x02")}
	srgb := srgbProfile()
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

// The embedded profile holds the published primaries of Adobe RGB (1998), adapted to
// D50, and its gamma.
func TestAdobeRGBProfileHoldsThePublishedNumbers(t *testing.T) {
	curve := gammaCurve(563. / 256)
	want := newProfile("Adobe RGB (1998) compatible", "RGB ",
		[]string{"rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"}, [][]byte{
			xyzTag(0.60974, 0.31111, 0.01947), xyzTag(0.20528, 0.62567, 0.06087), xyzTag(0.14919, 0.06322, 0.74457),
			curve, curve, curve,
		})
	if !bytes.Equal(container.AdobeRGB(), want) {
		t.Error("container/adobergb.icc differs")
	}
}
