package page

import (
	"strings"
	"testing"

	"gtx/stages"
)

func TestPictureWithoutRoomSaysSo(t *testing.T) {
	v := &view{pictures: &album{room: 2_000}, Pictures: []card{{After: &picture{}}, {After: &picture{}}}}
	for i := range v.Pictures {
		triple := [3]made{1: {Thumbnail: stages.Thumbnail{File: make([]byte, 1000), Width: 4, Height: 4}}}
		if err := v.fill(&v.Pictures[i], triple, &fit{}); err != nil {
			t.Fatal(err)
		}
	}
	if first := v.Pictures[0].After; first.Source == "" || first.Missing != "" {
		t.Errorf("the first picture is missing: %s", first.Missing)
	}
	if second := v.Pictures[1].After; second.Source != "" || second.Missing != errFull.Error() {
		t.Errorf("the second picture: %s", second.Missing)
	}
	v.noteMissing()
	if notes := strings.Join(v.Notes, "\n"); notes != "no picture of 1 of 2 results: the page has no room for it: use --thumbs folder" {
		t.Error(notes)
	}
}
