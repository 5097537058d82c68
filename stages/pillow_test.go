package stages

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/h2non/bimg"
)

// pillow decodes a file as Pillow and Little CMS do. Its argument is the rendering intent.
const pillow = `
import io, sys
from PIL import Image, ImageCms
image = Image.open(io.BytesIO(sys.stdin.buffer.read()))
image.load()
profile = image.info.get("icc_profile")
if profile:
    given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile("sRGB")
    image = ImageCms.profileToProfile(image, given, srgb, renderingIntent=int(sys.argv[1]), outputMode="RGB")
sys.stdout.buffer.write(image.convert("RGB").tobytes())
`

// Colours agree with those of a second decoder. At most 1 in 1,000 samples is off by more than two levels, since the two
// round at other places. Of 16 bits it takes only 8, which shows in 2 of 100 samples near black.
func TestColoursAgreeWithPillow(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's, which has python3-pil
	if exec.Command(python, "-c", "from PIL import ImageCms").Run() != nil {
		t.Skip("apt-get install python3-pil")
	}
	const perceptual, relative = "0", "1"
	p := scene(120, 90)
	iccTag := func(profile []byte) tag { return tag{34675, 7, uint32(len(profile)), 0, profile} }
	inks := make([]byte, 0, 4*120*90)
	for i := 0; i < len(p.Data); i += 3 {
		inks = append(inks, 255-p.Data[i], 255-p.Data[i+1], 255-p.Data[i+2], byte(i/3%120))
	}
	inksTIFF := tiffOf(120, 90, 8, 4, 5, inks)
	inksJPEG, err := bimg.NewImage(inksTIFF).Process(bimg.Options{Type: bimg.JPEG, Interpretation: bimg.InterpretationCMYK, Quality: 95, StripMetadata: true})
	if err != nil {
		t.Fatal(err)
	}
	grey := make([]byte, 0, 120*90)
	for i := 0; i < len(p.Data); i += 3 {
		grey = append(grey, p.Data[i])
	}
	white := bytes.Clone(grey)
	for i := range white {
		white[i] = 255 - white[i]
	}
	gamma := profileOf("GRAY", []string{"kTRC"}, [][]byte{gammaCurve(1.4)})
	for _, c := range []struct {
		name, intent string
		file         []byte
		deep         bool
	}{
		{"wide gamut, JPEG", relative, withProfile(jpegOf(t, p), wideProfile()), false},
		{"wide gamut, PNG", relative, withPNGProfile(pngOf(t, goImage(p)), wideProfile()), false},
		{"wide gamut, TIFF of 16 bits", relative, tiffOf(120, 90, 16, 3, 2, le16(p.Data), iccTag(wideProfile())), true},
		{"tables, JPEG", relative, withProfile(jpegOf(t, p), tableProfile("A2B1")), false},
		{"tables for another intent, TIFF", perceptual, tiffOf(120, 90, 8, 3, 2, p.Data, iccTag(tableProfile("A2B0"))), false},
		{"CMYK with tables, TIFF", relative, tiffOf(120, 90, 8, 4, 5, inks, iccTag(inkProfile())), false},
		{"CMYK with tables, JPEG", relative, withProfile(inksJPEG, inkProfile()), false},
		{"grey with a gamma, TIFF", relative, tiffOf(120, 90, 8, 1, 1, grey, iccTag(gamma)), false},
		{"white is 0, TIFF", relative, tiffOf(120, 90, 8, 1, 0, white), false},
	} {
		cmd := exec.Command(python, "-c", pillow, c.intent)
		cmd.Stdin = bytes.NewReader(c.file)
		data, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v: %s", c.name, err, err.(*exec.ExitError).Stderr)
			continue
		}
		want := Pixels{Width: 120, Height: 90, Bands: 3, Data: data}
		got := decoded(t, c.file, nil).Pixels
		off := 0
		for i := range data {
			if d := int(got.Data[i]) - int(data[i]); d < -2 || d > 2 {
				off++
			}
		}
		t.Logf("%s: off by %.2f levels, at most %d, %d of %d by more than 2", c.name, distance(t, got, want), worst(got, want), off, len(data))
		most := len(data) / 1000
		if c.deep {
			most = len(data) * 3 / 100
		}
		if off > most {
			t.Errorf("%s: off by %.2f levels, at most %d", c.name, distance(t, got, want), worst(got, want))
		}
	}
}
