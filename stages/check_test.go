package stages

import (
	"context"
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/h2non/bimg"

	"gtx/stages/raster"
)

func TestJPEGIsNotFlagged(t *testing.T) {
	clean := photograph()
	jpeg := decoded(t, vipsOf(t, clean, bimg.Options{Type: bimg.JPEG, Quality: 90}), nil).Pixels
	if before, s := raster.ScoreOf(clean), raster.ScoreOf(jpeg); s.Flagged(before) || s.Flagged(Score{}) {
		t.Errorf("%+v after %+v", s, before)
	}
}

// striped adds 4 grey levels to every second column.
func striped(p Pixels) Pixels {
	p.Data = slices.Clone(p.Data)
	for i := range p.Data {
		if i/3%2 == 0 {
			p.Data[i] += 4
		}
	}
	return p
}

func TestCheckFailsOnlyWhereItIsToldTo(t *testing.T) {
	clean := photograph()
	marked := striped(clean)
	for _, c := range []struct {
		o                   Checkerboard
		keep, flagged, fail bool
	}{
		{CheckWarn, false, true, false}, {CheckFail, false, true, true}, {CheckOff, false, false, false}, {CheckFail, true, false, false},
	} {
		in := Translated{Labelled: Labelled{Image: Image{Pixels: clean}, Keep: c.keep}, Result: marked}
		got, err := Check(c.o)(context.Background(), in)
		if got.Flagged != c.flagged || (err != nil) != c.fail {
			t.Errorf("%s, keep %v: flagged %v, %v", c.o, c.keep, got.Flagged, err)
		}
	}
}

func TestCheckRepairsOnlyWhatIsFlagged(t *testing.T) {
	clean := photograph()
	in := Translated{Labelled: Labelled{Image: Image{Pixels: clean}}, Result: striped(clean)}
	c, err := Check(CheckRepair)(context.Background(), in)
	if err != nil || !c.Repaired || c.Flagged || c.After != raster.ScoreOf(c.Result) {
		t.Errorf("repaired %v, flagged %v, %+v, %v", c.Repaired, c.Flagged, c.After, err)
	}
	in.Result = clean
	c, err = Check(CheckRepair)(context.Background(), in)
	if err != nil || c.Repaired || &c.Result.Data[0] != &clean.Data[0] {
		t.Errorf("a clean image (%+v) is changed, %v", c.Before, err)
	}
}

func TestGreyAndTransparentImagesAreScored(t *testing.T) {
	p := photograph()
	marked := striped(p)
	grey := image.NewGray(image.Rect(0, 0, p.Width, p.Height))
	glass := image.NewNRGBA(grey.Rect)
	for i := range grey.Pix {
		grey.Pix[i] = marked.Data[3*i+1]
		copy(glass.Pix[4*i:], marked.Data[3*i:3*i+3])
		glass.Pix[4*i+3] = 100
	}
	folder := t.TempDir()
	source := filepath.Join(folder, "source.png")
	if err := os.WriteFile(source, pngOf(t, goImage(p)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, img := range map[string]image.Image{"grey": grey, "transparent": glass} {
		inspect := Inspect(InspectOptions{
			Against: func(Source) (string, error) { return source, nil },
			Map:     func(Source) string { return filepath.Join(folder, name+".png") },
		})
		i, err := Then(Then(Open(OpenOptions{}), Decode(nil)), inspect)(context.Background(), Source{Data: pngOf(t, img)})
		if err != nil || !i.Flagged() || !i.Source.Valid {
			t.Errorf("%s: %+v, %v", name, i, err)
		}
		if _, err := os.Stat(filepath.Join(folder, name+".png")); err != nil {
			t.Error(err)
		}
	}
}
