package stages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
		{ExistingSkip, map[string]error{"absent": nil, "current": Skip{UpToDate}, "stale": nil, "foreign": errForeign, "empty": nil}},
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
	if _, err := Compare(ExistingSkip, EncodeOptions{})(context.Background(), f); err == nil || err.Error() != fmt.Sprintf("cannot read %q: not a directory", f.Source.Out) {
		t.Errorf("below a file: %v", err)
	}
}

func TestCompareMakesDamagedResultsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	compare := func(data []byte) error {
		t.Helper()
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Compare(ExistingSkip, EncodeOptions{Parameters: properties})(context.Background(), File{Source: Source{Out: path}, Digest: "digest"})
		return err
	}
	for _, format := range Formats {
		file := encodedAs(t, format, translated(scene(30, 20)))
		if err := compare(file); !errors.Is(err, Skip{UpToDate}) {
			t.Errorf("%s: %v", format, err)
		}
		changed := bytes.Clone(file)
		changed[len(changed)-5] ^= 1
		if err := compare(changed); errors.Is(err, Skip{UpToDate}) {
			t.Errorf("%s: a changed result is up to date", format)
		}
		if err := compare(file[:len(file)-1]); errors.Is(err, Skip{UpToDate}) {
			t.Errorf("%s: a cut result is up to date", format)
		}
		// Earlier versions wrote no seal.
		old := bytes.Replace(file, []byte(` gtx:seal="`), []byte(` gtx:tale="`), 1)
		if err := compare(old); !errors.Is(err, Skip{UpToDate}) {
			t.Errorf("%s without a seal: %v", format, err)
		}
		if err := compare(old[:len(old)-len(old)/4]); errors.Is(err, Skip{UpToDate}) {
			t.Errorf("%s without a seal, cut, is up to date", format)
		}
	}
}

func TestCompareLooksAtFurtherResults(t *testing.T) {
	dir := t.TempDir()
	s := Source{Out: filepath.Join(dir, "out.png"), More: []string{filepath.Join(dir, "mask.png")}}
	current := encodedAs(t, PNG, translated(scene(30, 20)))
	if err := os.WriteFile(s.Out, current, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		mask []byte
		want error
	}{
		{"missing", nil, nil},
		{"current", current, Skip{UpToDate}},
		{"cut", current[:len(current)-1], nil},
		{"foreign", jpegOf(t, scene(30, 20)), errForeign},
	} {
		if c.mask != nil {
			if err := os.WriteFile(s.More[0], c.mask, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Compare(ExistingSkip, EncodeOptions{Parameters: properties})(context.Background(), File{Source: s, Digest: "digest"})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
