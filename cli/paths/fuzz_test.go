package paths_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"gtx/cli/paths"
	"gtx/stages"
)

// The entries of a list are its lines, without the empty ones, until one is too long.
func FuzzEntries(f *testing.F) {
	f.Add([]byte("a.jpg\nb\n\nc d\xff"), false)
	f.Add([]byte("a\x00b\n\x00\x00"), true)
	f.Add(bytes.Repeat([]byte("a"), 70_000), false)
	f.Fuzz(func(t *testing.T, list []byte, null bool) {
		end := "\n"
		if null {
			end = "\x00"
		}
		var want []string
		for _, line := range strings.Split(string(list), end) {
			if line != "" {
				want = append(want, line)
			}
		}
		n := 0
		for got, err := range paths.Entries(bytes.NewReader(list), null) {
			if err != nil {
				if len(want[n]) < 60_000 {
					t.Error(err)
				}
				return
			}
			if got != want[n] {
				t.Fatalf("entry %d is %q, not %q", n, got, want[n])
			}
			n++
		}
		if n != len(want) {
			t.Errorf("%d entries of %d", n, len(want))
		}
	})
}

// Whatever the input and the template are called, a result lies below the output folder or is refused.
func FuzzResultsStayBelowTheOutputFolder(f *testing.F) {
	f.Add("a/b.jpg", "{dir}/{stem}{ext}")
	f.Add("../../b.jpg", "{dir}/../{stem}.{to}{ext}")
	f.Add("/etc/..//x.jpg", "/{stem}{ext}")
	f.Add("in/..", "..{sample}")
	out := filepath.Join(f.TempDir(), "out")
	f.Fuzz(func(t *testing.T, in, template string) {
		n, err := paths.New(paths.Naming{Out: out, Base: ".", Template: template, To: "winter", Model: "m", Samples: 1})
		if err != nil {
			return
		}
		sources, err := n.Place(in, "", stages.JPEG)
		if err != nil {
			return
		}
		for _, s := range sources {
			if relative, err := filepath.Rel(out, s.Out); err != nil || !filepath.IsLocal(relative) {
				t.Errorf("%q goes to %q", in, s.Out)
			}
		}
	})
}
