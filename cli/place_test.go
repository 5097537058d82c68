package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gtx/stages"
)

// placed returns the paths of an input's results.
func placed(t *testing.T, n naming, in, folder string, found stages.Format) ([]string, error) {
	t.Helper()
	if n.samples == 0 {
		n.samples = 1
	}
	n.to, n.model = "winter", "seasons"
	complete, err := newNaming(n)
	if err != nil {
		return nil, err
	}
	sources, err := complete.place(in, folder, found)
	var paths []string
	for _, s := range sources {
		paths = append(append(paths, s.Out), s.More...)
	}
	return paths, err
}

func TestResultsLieBesideTheirSourceOrInATreeLikeIts(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		naming     naming
		in, folder string
		found      stages.Format
		want       []string
	}{
		{"beside its source", naming{}, "photos/a.jpg", "photos", stages.JPEG, []string{"photos/a.winter.jpg"}},
		{"beside a source in the current folder", naming{}, "a.jpg", "", stages.JPEG, []string{"a.winter.jpg"}},
		{"below a folder argument", naming{out: "out"}, "photos/x/a.jpg", "photos", stages.JPEG, []string{"out/x/a.jpg"}},
		{"a single file", naming{out: "out"}, "photos/x/a.jpg", "", stages.JPEG, []string{"out/photos/x/a.jpg"}},
		{"a single file below the base", naming{out: "out", base: "photos"}, "photos/x/a.jpg", "", stages.JPEG, []string{"out/x/a.jpg"}},
		{"a single file outside the base", naming{out: "out", base: "photos"}, "a.jpg", "", stages.JPEG, []string{filepath.Join("out", here, "a.jpg")}},
		{"the extension of the source, if it fits", naming{}, "a.JPEG", "", stages.JPEG, []string{"a.winter.JPEG"}},
		{"the format that was found", naming{out: "out"}, "a.data", "", stages.PNG, []string{"out/a.png"}},
		{"a format that cannot be written", naming{out: "out"}, "a.gif", "", stages.GIF, []string{"out/a.png"}},
		{"the format that the user chose", naming{out: "out", format: stages.WebP}, "a.jpg", "", stages.JPEG, []string{"out/a.webp"}},
		{"a name that is all extension", naming{}, "x/.jpg", "", stages.JPEG, []string{"x/.jpg.winter.jpg"}},
		{"a template", naming{out: "out", template: "{to}/{model}/{dir}-{stem}{ext}"}, "x/a.jpg", "", stages.JPEG, []string{"out/winter/seasons/x-a.jpg"}},
		{"samples", naming{samples: 2}, "a.jpg", "", stages.JPEG, []string{"a.winter-1.jpg", "a.winter-2.jpg"}},
		{"further results", naming{out: "out", suffixes: []string{"-mask"}}, "a.jpg", "", stages.JPEG, []string{"out/a.jpg", "out/a-mask.jpg"}},
	} {
		got, err := placed(t, c.naming, c.in, c.folder, c.found)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestTemplatesThatCannotWorkAreUsageErrors(t *testing.T) {
	for _, c := range []struct {
		naming naming
		want   string
	}{
		{naming{template: "{what}{ext}"}, "unknown field {what}"},
		{naming{out: "out", template: "../{stem}{ext}"}, `"../a.jpg" would leave the folder "out"`},
		{naming{out: "out", template: "{stem}/../../x{ext}"}, `would leave the folder "out"`},
		{naming{samples: 2, template: "{stem}.x{ext}"}, "lacks {sample}"},
		{naming{suffixes: []string{""}}, "lacks {sample}"},
	} {
		_, err := placed(t, c.naming, "a.jpg", "", stages.JPEG)
		if err == nil || !strings.Contains(err.Error(), c.want) || exitCode(err) != exitUsage {
			t.Errorf("%+v: %v", c.naming, err)
		}
	}
}

func TestAnOutputHasOneInput(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, "a.png", "b.png")
	a, b := filepath.Join(dir, "a.png"), filepath.Join(dir, "b.png")
	for _, c := range []struct {
		name, template string
		in             []string
		want           string // in the error for the last input
	}{
		{"two inputs", "{dir}/x.png", []string{a, b}, "would both be written to"},
		{"one input, two ways", "{dir}/x.png", []string{a, dir + "/./a.png"}, "would both be written to"},
		{"one input twice", "{dir}/x.png", []string{a, a}, "is named twice"},
		{"its own output", "{dir}/{stem}.png", []string{a}, "would be its own output"},
	} {
		n, err := newNaming(naming{template: c.template, samples: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, in := range c.in {
			_, err := n.place(in, "", stages.PNG)
			if last := i == len(c.in)-1; last != (err != nil) || last && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %q: %v", c.name, in, err)
			}
		}
	}
}

func TestARefusedInputTakesNoPath(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, "b.png")
	n, err := newNaming(naming{template: "{dir}/{stem}.png", suffixes: []string{"-mask"}, samples: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.place(filepath.Join(dir, "b.png"), "", stages.PNG); err == nil {
		t.Fatal("an input was its own output")
	}
	if _, err := n.place(filepath.Join(dir, "b.jpg"), "", stages.JPEG); err != nil {
		t.Errorf("the path of an input that was refused is taken: %v", err)
	}
}

func TestNoiseDependsOnTheSeedThePathAndTheSampleAlone(t *testing.T) {
	seeds := func(n naming, in, folder string) (list []uint64) {
		n.samples = 2
		complete, err := newNaming(n)
		if err != nil {
			t.Fatal(err)
		}
		sources, err := complete.place(in, folder, stages.JPEG)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sources {
			list = append(list, s.Seed)
		}
		return list
	}
	first := seeds(naming{seed: 5}, "tree/a.jpg", "tree")
	if first[0] == first[1] {
		t.Error("two samples share a seed")
	}
	for name, same := range map[string][]uint64{
		"another output folder":   seeds(naming{seed: 5, out: "out"}, "tree/a.jpg", "tree"),
		"another format":          seeds(naming{seed: 5, format: stages.PNG}, "tree/a.jpg", "tree"),
		"another place, one path": seeds(naming{seed: 5}, "elsewhere/a.jpg", "elsewhere"),
	} {
		if !slices.Equal(same, first) {
			t.Errorf("%s: other seeds", name)
		}
	}
	for name, other := range map[string][]uint64{
		"another seed": seeds(naming{seed: 6}, "tree/a.jpg", "tree"),
		"another path": seeds(naming{seed: 5}, "tree/b.jpg", "tree"),
	} {
		if other[0] == first[0] || other[1] == first[1] {
			t.Errorf("%s: the same seeds", name)
		}
	}
}

func TestAnOutputFolderIsTriedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, "file.txt")
	if err := writable(""); err != nil {
		t.Errorf("no folder: %v", err)
	}
	if err := writable(filepath.Join(dir, "new", "folder")); err != nil {
		t.Errorf("a folder to be made: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "new", "folder"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
	err = writable(filepath.Join(dir, "file.txt"))
	if exitCode(err) != exitStart || !strings.Contains(err.Error(), "not a directory") || errors.As(err, new(*os.PathError)) {
		t.Errorf("a file: %v", err)
	}
}
