package manifest

import (
	"reflect"
	"testing"
)

func TestMarshalledManifestsAreReadAsTheyWere(t *testing.T) {
	for _, text := range []string{coded, plain, judge} {
		draft, err := ParseDraft([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		written, err := Marshal(&draft.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseDraft(written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if !reflect.DeepEqual(again.Manifest, draft.Manifest) {
			t.Errorf("%s became\n%s", text, written)
		}
	}
}

func TestDraftsTellWhatIsStated(t *testing.T) {
	draft, err := ParseDraft([]byte("graphs: {main: {batch: dynamic}, other: {}}"))
	if err != nil {
		t.Fatal(err)
	}
	if !draft.States("graphs", "main", "batch") {
		t.Error("a stated batch counts as left out")
	}
	if draft.States("graphs", "other", "batch") || draft.States("inputs") || draft.States("graphs", "main", "batch", "size") {
		t.Error("what is left out counts as stated")
	}
}
