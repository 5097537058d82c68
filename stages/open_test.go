package stages

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenReadsWholeImagesAndRefusesTheRest(t *testing.T) {
	dir := t.TempDir()
	file := jpegOf(t, scene(30, 20))
	own := encodedAs(t, PNG, translated(scene(30, 20)))
	path := func(name string, data []byte) Source {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return Source{In: p}
	}
	known := errors.New("known")
	for _, c := range []struct {
		name   string
		source Source
		o      OpenOptions
		err    string
	}{
		{"a JPEG", path("a.txt", file), OpenOptions{MaxPixels: 600}, ""},
		{"in memory", Source{In: "-", Data: file}, OpenOptions{}, ""},
		{"a pixel too many", path("a.jpg", file), OpenOptions{MaxPixels: 599}, "30×20: more pixels than --max-pixels allows (599)"},
		{"missing", Source{In: filepath.Join(dir, "none")}, OpenOptions{}, "no such file or directory"},
		{"a folder", Source{In: dir}, OpenOptions{}, "is a directory"},
		{"empty", path("empty.jpg", nil), OpenOptions{}, "the file is empty"},
		{"empty in memory", Source{In: "-", Data: []byte{}}, OpenOptions{}, "the file is empty"},
		{"text", path("text.jpg", []byte("text")), OpenOptions{}, "not an image that gtx can read"},
		{"wrong before", Source{Err: known}, OpenOptions{}, "known"},
		{"its own", path("own.png", own), OpenOptions{}, Skip{OwnOutput}.Error()},
		{"its own, asked for", path("own.png", own), OpenOptions{OwnToo: true}, ""},
	} {
		f, err := Open(c.o)(context.Background(), c.source)
		if c.err == "" && err == nil {
			if f.Width != 30 || f.Height != 20 || len(f.Digest) != 64 {
				t.Errorf("%s: %d×%d, digest %q", c.name, f.Width, f.Height, f.Digest)
			}
			continue
		}
		if err == nil || err.Error() != c.err || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		}
	}
}

func TestProbeReadsTheBeginningWhateverTheName(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		data []byte
		want Format
	}{
		"photo.txt": {jpegOf(t, scene(40, 40)), JPEG},
		"text.jpg":  {[]byte("no picture"), ""},
		"empty.png": {nil, ""},
		"short.png": {[]byte("\x89PN"), ""},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, c.data, 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := Probe(path); got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	if _, err := Probe(filepath.Join(dir, "none")); err == nil || err.Error() != "no such file or directory" {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Probe(dir); err == nil || err.Error() != "is a directory" {
		t.Errorf("a folder: %v", err)
	}
}
