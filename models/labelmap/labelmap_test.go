package labelmap

import (
	"bytes"
	"strings"
	"testing"

	"gtx/models/manifest"
)

func TestColoursAreClasses(t *testing.T) {
	coloured := &manifest.LabelMap{Encoding: manifest.EncodingPalette, Classes: 2, Palette: [][]int{{0, 0, 0}, {128, 64, 0}}}
	if got, err := Classes(coloured, []byte{128, 64, 0, 0, 0, 0}); err != nil || !bytes.Equal(got, []byte{1, 0}) {
		t.Errorf("%v, %v", got, err)
	}
	lossy := *coloured
	lossy.Nearest = true
	if got, err := Classes(&lossy, []byte{120, 70, 9, 3, 0, 2, 120, 70, 9}); err != nil || !bytes.Equal(got, []byte{1, 0, 1}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Classes(coloured, []byte{1, 2, 3}); err == nil || !strings.Contains(err.Error(), "the colour [1 2 3] in the label map belongs to no class") {
		t.Errorf("%v", err)
	}
}

func TestAPaletteWithoutBlackHasABlankLabelMap(t *testing.T) {
	for name, palette := range map[string][][]int{
		"without black": {{0, 0, 7}, {128, 64, 0}}, "with black": {{128, 64, 0}, {0, 0, 0}}, "grey levels": nil,
	} {
		l := &manifest.LabelMap{Encoding: manifest.EncodingPalette, Classes: 2, Palette: palette}
		classes, err := Classes(l, Blank(l, 6))
		if err != nil || len(classes) != 6 {
			t.Errorf("%s: %v %v", name, classes, err)
		}
	}
}
