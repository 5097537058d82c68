package stages

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestCompare(t *testing.T) {
	dir := t.TempDir()
	c := translated(scene(30, 20))
	stale := translated(scene(30, 20))
	stale.Digest = "another input"
	for name, data := range map[string][]byte{
		"current": encodedAs(t, PNG, c), "stale": encodedAs(t, JPEG, stale), "foreign": jpegOf(t, scene(30, 20)), "empty": nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []struct {
		existing Existing
		want     map[string]error
	}{
		{ExistingSkip, map[string]error{"absent": nil, "current": Skip{UpToDate}, "stale": nil, "foreign": errForeign, "empty": errForeign}},
		{ExistingRedo, map[string]error{"absent": nil, "current": nil, "stale": nil, "foreign": nil, "empty": nil}},
		{ExistingFail, map[string]error{"absent": nil, "current": errExists, "stale": errExists, "foreign": errExists, "empty": errExists}},
	} {
		for name, want := range o.want {
			f := File{Source: Source{Out: filepath.Join(dir, name)}, Digest: "digest"}
			got, err := Compare(o.existing, EncodeOptions{Parameters: properties})(context.Background(), f)
			if !errors.Is(err, want) || got.Digest != "digest" {
				t.Errorf("%s %s: %v, want %v", o.existing, name, err, want)
			}
		}
	}
	// Other parameters make another output.
	f := File{Source: Source{Out: filepath.Join(dir, "current")}, Digest: "digest"}
	if _, err := Compare(ExistingSkip, EncodeOptions{Parameters: properties[:1]})(context.Background(), f); err != nil {
		t.Errorf("other parameters: %v", err)
	}
	// So does a property that the note must have.
	for _, c := range []struct {
		required Required
		want     error
	}{
		{Required{"to", "summer", "summer"}, nil}, // the note says another
		{Required{"precision", "f32", "f32"}, Skip{UpToDate}},
		{Required{"precision", "bf16", "f32"}, nil},
	} {
		if _, err := Compare(ExistingSkip, EncodeOptions{Parameters: properties, Required: []Required{c.required}})(context.Background(), f); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.required, err)
		}
	}
	f.Source.Out = filepath.Join(dir, "current", "below")
	if _, err := Compare(ExistingSkip, EncodeOptions{})(context.Background(), f); err == nil || err.Error() != "not a directory" {
		t.Errorf("below a file: %v", err)
	}
}
