package shards

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gtx/cli/exit"
	"gtx/cli/paths"
	"gtx/stages"
)

func TestRangesAreThoseOfArrays(t *testing.T) {
	for want, indices := range map[string][]int{
		"": nil, "7": {7}, "0-3": {0, 1, 2, 3}, "0,2,4-5": {0, 2, 4, 5}, "0-1,9": {0, 1, 9},
	} {
		if got := Ranges(indices); got != want {
			t.Errorf("%v: %q", indices, got)
		}
	}
}

func TestShardsByHashAreDisjointAndEven(t *testing.T) {
	const inputs, shards = 40_000, 7
	var sizes [shards]int
	for i := range inputs {
		owners := 0
		for shard := range shards {
			if (Shard{Index: shard, Of: shards}).Has(fmt.Sprintf("photos/%d.jpg", i)) {
				sizes[shard]++
				owners++
			}
		}
		if owners != 1 {
			t.Fatalf("%d shards have input %d", owners, i)
		}
	}
	if least, most := slices.Min(sizes[:]), slices.Max(sizes[:]); least < inputs/shards*95/100 || most > inputs/shards*105/100 {
		t.Error(sizes)
	}
	if !(Shard{Index: 1, Of: 7}).Has("photos/life.jpg") {
		t.Error("the parts are not those of other versions and machines")
	}
}

func TestSizesDifferByAtMostOne(t *testing.T) {
	for n := range 30 {
		dir := filepath.Join(t.TempDir(), "plan")
		_, err := Write(dir, 7, n, func(yield func(string) bool) {
			for i := range n {
				if !yield(fmt.Sprint(i)) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := Open(dir)
		if err != nil || p.Images != n {
			t.Fatal(p, err)
		}
		var all []string
		for i := range p.Shards {
			entries, err := p.Entries(i)
			if err != nil || len(entries) != p.Size(i) || len(entries) > 7 || len(entries) < n/p.Shards {
				t.Errorf("%d inputs: shard %d of %d has %d: %v", n, i, p.Shards, len(entries), err)
			}
			all = append(all, entries...)
		}
		for i, entry := range all {
			if entry != fmt.Sprint(i) {
				t.Errorf("entry %d is %s", i, entry)
			}
		}
		if len(all) != n {
			t.Errorf("%d of %d", len(all), n)
		}
	}
}

// A plan folder may hold anything. An error is one of those that say gtx cannot start.
func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	p, err := Write(filepath.Join(dir, "plan"), 2, 5, slices.Values(strings.Split("abcde", "")))
	if err != nil {
		f.Fatal(err)
	}
	about, err1 := os.ReadFile(filepath.Join(p.dir, aboutFile))
	sums, err2 := os.ReadFile(filepath.Join(p.dir, sumsFile))
	if err1 != nil || err2 != nil {
		f.Fatal(err1, err2)
	}
	f.Add(about, sums, []byte("a\x00b\x00"), []byte(`{"in":"","status":"shard","plan":"x","shard":0}`))
	f.Add([]byte(`{"version":1,"shards":0,"images":0}`), []byte{}, []byte{}, []byte("{}"))
	f.Add([]byte(`{"version":1,"shards":9223372036854775807,"images":9223372036854775807}`), []byte("x\n"), []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, about, sums, list, marker []byte) {
		dir := t.TempDir()
		for _, folder := range []string{listsFolder, doneFolder, runningFolder} {
			if err := os.Mkdir(filepath.Join(dir, folder), 0o777); err != nil {
				t.Fatal(err)
			}
		}
		for name, content := range map[string][]byte{aboutFile: about, sumsFile: sums, "lists/00000": list, "done/00000.jsonl": marker, "run.json": marker} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		p, err := Open(dir)
		if err == nil {
			_, err = p.Status()
		}
		if err == nil && p.Shards > 0 {
			if _, err = p.Entries(0); err == nil {
				_, err = p.Begin(0, Settings{})
			}
		}
		var failure *exit.Failure
		if err != nil && (!errors.As(err, &failure) || failure.Code != exit.CodeStart) {
			t.Errorf("%v", err)
		}
	})
}

func TestAnImageThatCannotBeReadIsLeftToItsTask(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{fs.ErrPermission, exit.CodeDone},
		{errors.New("input/output error"), exit.CodeDone},
		{fs.ErrNotExist, exit.CodeStart},
		{paths.Unseen{Err: fs.ErrPermission}, exit.CodeStart}, // a folder, whose images nobody has seen
	} {
		sources := new(paths.Packed)
		sources.Add(stages.Source{In: "a.jpg", Relative: "a.jpg"}, stages.Source{In: "b.jpg", Relative: "b.jpg", Err: c.err})
		err := distinct(sources)
		if f := new(exit.Failure); (c.want == exit.CodeDone) != (err == nil) || errors.As(err, &f) && f.Code != c.want {
			t.Errorf("%v: %v", c.err, err)
		}
	}
}

func TestAPlanThatFailedLeavesRoomForTheNext(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plan")
	entries := func(yield func(string) bool) { _ = yield("a.jpg") && yield("b.jpg") }
	obstructed := func(yield func(string) bool) {
		if err := os.Mkdir(filepath.Join(dir, listsFolder, number(1)), 0o777); err != nil {
			t.Error(err)
		}
		entries(yield)
	}
	if _, err := Write(dir, 1, 2, obstructed); err == nil {
		t.Fatal("a list was written over a folder")
	}
	if _, err := Write(dir, 1, 2, entries); err != nil {
		t.Error(err)
	}
}
