package paths

import (
	"path/filepath"
	"testing"

	"gtx/stages"
)

func TestEntriesKeepTheirPathBelowTheOutputFolder(t *testing.T) {
	for _, c := range []struct{ in, relative, want string }{
		{"a.jpg", "a.jpg", "a.jpg"},
		{"./a.jpg", "a.jpg", "./a.jpg"},
		{"photos/a.jpg", "a.jpg", "photos/./a.jpg"},
		{"/photos/x/a.jpg", "x/a.jpg", "/photos/./x/a.jpg"},
		{"/photos/a.jpg", "photos/a.jpg", "/./photos/a.jpg"},
		{"photos//x/../a.jpg", "a.jpg", "photos/./a.jpg"},
		{"a.jpg", "", "a.jpg"},
	} {
		if got := Entry(c.in, c.relative); got != c.want {
			t.Errorf("%q: %q, not %q", c.in, got, c.want)
		}
	}
}

// The entry that Entry writes leads to the same file, and to the same path below the output folder.
func FuzzEntry(f *testing.F) {
	for _, seed := range []string{"a.jpg", "./a", "../a", "/a", "a/./b", "/./a", "a//b", "a/../b", "././a", "a/./../b", "a/././b", "/..", ".", "a/", "\xff/b"} {
		f.Add(seed, "photos")
		f.Add(seed, "/")
	}
	f.Fuzz(func(t *testing.T, entry, base string) {
		if entry == "" {
			return
		}
		abs, err := filepath.Abs(base)
		if err != nil {
			t.Skip()
		}
		place := Mirror(abs)
		first := place.unread(split(entry))[0]
		second := Mirror(mustAbs(t, stages.Source{In: "."})).unread(split(Entry(first.In, first.Relative)))[0]
		if mustAbs(t, first) != mustAbs(t, second) {
			t.Errorf("%q became %q", first.In, second.In)
		}
		if first.Relative != "." && filepath.IsLocal(first.Relative) && first.Relative != second.Relative && filepath.Base(first.In) == filepath.Base(first.Relative) {
			t.Errorf("%q below the output folder became %q", first.Relative, second.Relative)
		}
	})
}

func mustAbs(t *testing.T, s stages.Source) string {
	t.Helper()
	abs, err := filepath.Abs(s.In)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
