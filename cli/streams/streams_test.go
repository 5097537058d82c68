package streams

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gtx/stages"
	"gtx/stages/durable"
	"gtx/stages/webdataset"
)

func TestBracesStandForNames(t *testing.T) {
	for pattern, want := range map[string]string{
		"a.tar":              "a.tar",
		"in-{008..011}.tar":  "in-008.tar in-009.tar in-010.tar in-011.tar",
		"{9..11}":            "9 10 11",
		"{3..1}":             "3 2 1",
		"{a,b}-{1..2}":       "a-1 a-2 b-1 b-2",
		"{a{1..2},c}.tar":    "a1.tar a2.tar c.tar",
		"{a}":                "{a}",
		"x{,y}":              "x xy",
		"{1..}":              "{1..}",
		"{-1..2}":            "{-1..2}",
		"{a,b":               "{a,b",
		"}{":                 "}{",
		"{{1..2}}":           "{1} {2}",
		"{1..99999999999999": "{1..99999999999999",
	} {
		if got := strings.Join(slices.Collect(Braces(pattern)), " "); got != want {
			t.Errorf("%s: %s, not %s", pattern, got, want)
		}
	}
}

// A pattern for too many names is refused before any of them.
func TestVastPatternsAreRefused(t *testing.T) {
	patterns := func(yield func(string, error) bool) { _ = yield("a.tar", nil) && yield("x{0..1000000}.tar", nil) }
	var names []string
	var refused error
	for name, err := range TarNames(patterns) {
		names, refused = append(names, name), err
	}
	if !slices.Equal(names, []string{"a.tar", "x{0..1000000}.tar"}) || refused == nil {
		t.Errorf("%d names, the last %q: %v", len(names), names[len(names)-1], refused)
	}
}

// A pattern for very many names takes no memory for them.
func TestNamesComeOneByOne(t *testing.T) {
	n := 0
	for range Braces("{0..999999999}-{0..999999999}") {
		if n++; n == 10 {
			return
		}
	}
	t.Error("too few")
}

// Samples that are gone, new or elsewhere hide no other.
func TestEarlierSamplesAreFoundInAnyOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := webdataset.NewWriter(f)
	long := strings.Repeat("long/", 60) // has a header of its own
	for _, name := range []string{"a.jpg", "a.gtx.json", "README", "b.jpg", long + "c.jpg", "d.jpg", "e.jpg"} {
		if err := w.Add(webdataset.File{Name: name, Data: []byte(name)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, keys := range [][]string{
		{"a", "b", long + "c", "d", "e"}, {"b", "d", "e"}, {"e", "d", long + "c", "b", "a"}, {"new", "a", "newer", "", "e", "newest"}, {"e", "e"}, {"d", long + "c"},
	} {
		e := place{durable.Place{Path: path}}.earlier(stages.ExistingSkip)
		for _, key := range keys {
			s := e.find(key)
			if there := key != "" && !strings.HasPrefix(key, "new"); (s != nil) != there {
				t.Errorf("%q: %.9s is there: %v", keys, key, s != nil)
			} else if there && (s.Key != key || string(s.Files[0].Data) != key+".jpg") {
				t.Errorf("%q: %.9s is %v", keys, key, s)
			}
		}
		e.close()
	}
}

func FuzzBraces(f *testing.F) {
	f.Add("in-{008..011}.tar")
	f.Add("{a{1..2},{c,}}.{tar")
	f.Fuzz(func(t *testing.T, pattern string) {
		n := 0
		for name := range Braces(pattern) {
			if n == 0 && !strings.Contains(pattern, "{") && name != pattern {
				t.Errorf("%q became %q", pattern, name)
			}
			if n++; n > 100 {
				return
			}
		}
	})
}

// Bytes on their way are bounded, and a picture that is larger than the bound passes alone.
func TestBytesOnTheirWayAreBounded(t *testing.T) {
	l := newTransit[int](0)
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	most := int(l.most)
	if !l.enter(soon(), 1, most-1) || !l.enter(soon(), 2, 1) || l.enter(soon(), 3, 1) {
		t.Fatal("the bound does not hold")
	}
	one, done := l.leave()
	done()
	two, done := l.leave()
	done()
	if one != 1 || two != 2 || !l.enter(soon(), 4, 10*most) || l.enter(soon(), 5, 1) {
		t.Error("a large picture does not pass alone")
	}
}
