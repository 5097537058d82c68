package stages

import (
	"image"
	"image/color"
	"slices"
	"testing"
)

func TestInstancesOfSixteenBitsKeepTheirLowestBit(t *testing.T) {
	m := image.NewGray16(image.Rect(0, 0, 4, 1))
	for x, id := range []uint16{26001, 26002, 26001, 7} { // as in Cityscapes: class·1000 + number
		m.SetGray16(x, 0, color.Gray16{Y: id})
	}
	p, err := numbered(pngOf(t, m))
	if want := []byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2}; err != nil || !slices.Equal(p.Data, want) {
		t.Errorf("%v, %v", p, err)
	}
}

func TestInstancesAreColoursWhateverTheirPalette(t *testing.T) {
	red, blue := color.RGBA{R: 255, A: 255}, color.RGBA{B: 255, A: 255}
	m := image.NewPaletted(image.Rect(0, 0, 3, 1), color.Palette{red, blue, red})
	copy(m.Pix, []byte{0, 1, 2})
	p, err := numbered(pngOf(t, m))
	if want := []byte{0, 0, 0, 0, 0, 1, 0, 0, 0}; err != nil || !slices.Equal(p.Data, want) {
		t.Errorf("%v, %v", p, err)
	}
	if _, err := numbered([]byte("no PNG")); err == nil {
		t.Error("no error")
	}
}

func TestInstancesAreCutAndPaddedLikeTheirLabelMap(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 8, 4))
	for i := range m.Pix {
		m.Pix[i] = byte(i % 8)
	}
	data := pngOf(t, m)
	square := func(int, int) (int, int) { return 4, 4 }
	for mode, want := range map[FitMode][]byte{FitCrop: {2, 3, 4, 5}, FitPad: {0, 2, 4, 6}} {
		fit := Fit{Shape: square, Mode: mode, Filter: FilterNearest}
		p, err := fit.instances(Image{Width: 8, Height: 4}, data)
		if err != nil || p.Width != 4 || p.Height != 4 {
			t.Fatalf("%s: %+v, %v", mode, p, err)
		}
		for x, id := range want {
			if got := p.Data[3*x+2]; mode == FitCrop && got != id || mode == FitPad && got/2 != id/2 {
				t.Errorf("%s: pixel %d is %d, want %d", mode, x, got, id)
			}
		}
	}
}
