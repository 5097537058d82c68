package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gtx/cli/exit"
	"gtx/cli/paths"
	"gtx/stages"
)

// placed returns the paths of an input's results.
func placed(t *testing.T, n paths.Naming, in, folder string, found stages.Format) ([]string, error) {
	t.Helper()
	if n.Samples == 0 {
		n.Samples = 1
	}
	n.To, n.Model = "winter", "seasons"
	complete, err := paths.New(n)
	if err != nil {
		return nil, err
	}
	sources, err := complete.Place(in, folder, found)
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
		naming     paths.Naming
		in, folder string
		found      stages.Format
		want       []string
	}{
		{"beside its source", paths.Naming{}, "photos/a.jpg", "photos", stages.JPEG, []string{"photos/a.winter.jpg"}},
		{"beside a source in the current folder", paths.Naming{}, "a.jpg", "", stages.JPEG, []string{"a.winter.jpg"}},
		{"below a folder argument", paths.Naming{Out: "out"}, "photos/x/a.jpg", "photos", stages.JPEG, []string{"out/x/a.jpg"}},
		{"a single file", paths.Naming{Out: "out"}, "photos/x/a.jpg", "", stages.JPEG, []string{"out/photos/x/a.jpg"}},
		{"a single file below the base", paths.Naming{Out: "out", Base: "photos"}, "photos/x/a.jpg", "", stages.JPEG, []string{"out/x/a.jpg"}},
		{"a single file outside the base", paths.Naming{Out: "out", Base: "photos"}, "a.jpg", "", stages.JPEG, []string{filepath.Join("out", here, "a.jpg")}},
		{"the extension of the source, if it fits", paths.Naming{}, "a.JPEG", "", stages.JPEG, []string{"a.winter.JPEG"}},
		{"the format that was found", paths.Naming{Out: "out"}, "a.data", "", stages.PNG, []string{"out/a.data.png"}},
		{"an extension of another format", paths.Naming{Out: "out"}, "a.webp", "", stages.PNG, []string{"out/a.png"}},
		{"no extension", paths.Naming{Out: "out"}, "photo", "", stages.PNG, []string{"out/photo.png"}},
		{"a name that only seems to have an extension", paths.Naming{Out: "out"}, "photo.2024-01-05", "", stages.PNG, []string{"out/photo.2024-01-05.png"}},
		{"HEIC beside its source", paths.Naming{}, "IMG_1.HEIC", "", stages.HEIF, []string{"IMG_1.HEIC.winter.jpg"}},
		{"HEIC in a format that was chosen", paths.Naming{Out: "out", Format: stages.JPEG}, "IMG_1.HEIC", "", stages.HEIF, []string{"out/IMG_1.HEIC.jpg"}},
		{"a format that cannot be written", paths.Naming{Out: "out"}, "a.gif", "", stages.GIF, []string{"out/a.gif.png"}},
		{"the format that the user chose", paths.Naming{Out: "out", Format: stages.WebP}, "a.jpg", "", stages.JPEG, []string{"out/a.webp"}},
		{"a name that is all extension", paths.Naming{}, "x/.jpg", "", stages.JPEG, []string{"x/.jpg.winter.jpg"}},
		{"a template", paths.Naming{Out: "out", Template: "{to}/{model}/{dir}-{stem}{ext}"}, "x/a.jpg", "", stages.JPEG, []string{"out/winter/seasons/x-a.jpg"}},
		{"samples", paths.Naming{Samples: 2}, "a.jpg", "", stages.JPEG, []string{"a.winter-1.jpg", "a.winter-2.jpg"}},
		{"further results", paths.Naming{Out: "out", Suffixes: []string{"-mask"}}, "a.jpg", "", stages.JPEG, []string{"out/a.jpg", "out/a-mask.jpg"}},
	} {
		got, err := placed(t, c.naming, c.in, c.folder, c.found)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestTemplatesThatCannotWorkAreUsageErrors(t *testing.T) {
	for _, c := range []struct {
		naming paths.Naming
		want   string
	}{
		{paths.Naming{Template: "{what}{ext}"}, "unknown field {what}"},
		{paths.Naming{Out: "out", Template: "../{stem}{ext}"}, `"../a.jpg" would leave the folder "out"`},
		{paths.Naming{Out: "out", Template: "{stem}/../../x{ext}"}, `would leave the folder "out"`},
		{paths.Naming{Samples: 2, Template: "{stem}.x{ext}"}, "lacks {sample}"},
		{paths.Naming{Suffixes: []string{""}}, "lacks {sample}"},
	} {
		_, err := placed(t, c.naming, "a.jpg", "", stages.JPEG)
		if err == nil || !strings.Contains(err.Error(), c.want) || exitCode(err) != exit.CodeUsage {
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
		n, err := paths.New(paths.Naming{Template: c.template, Samples: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, in := range c.in {
			_, err := n.Place(in, "", stages.PNG)
			if last := i == len(c.in)-1; last != (err != nil) || last && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %q: %v", c.name, in, err)
			}
		}
	}
}

func TestARefusedInputTakesNoPath(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, "b.png")
	n, err := paths.New(paths.Naming{Template: "{dir}/{stem}.png", Suffixes: []string{"-mask"}, Samples: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Place(filepath.Join(dir, "b.png"), "", stages.PNG); err == nil {
		t.Fatal("an input was its own output")
	}
	if _, err := n.Place(filepath.Join(dir, "b.jpg"), "", stages.JPEG); err != nil {
		t.Errorf("the path of an input that was refused is taken: %v", err)
	}
}

func TestNoiseDependsOnTheSeedThePathAndTheSampleAlone(t *testing.T) {
	seeds := func(n paths.Naming, in, folder string) (list []uint64) {
		n.Samples = 2
		n.Noisy = true
		complete, err := paths.New(n)
		if err != nil {
			t.Fatal(err)
		}
		sources, err := complete.Place(in, folder, stages.JPEG)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sources {
			list = append(list, s.Seed)
		}
		return list
	}
	first := seeds(paths.Naming{Seed: 5}, "tree/a.jpg", "tree")
	if first[0] == first[1] {
		t.Error("two samples share a seed")
	}
	for name, same := range map[string][]uint64{
		"another output folder":   seeds(paths.Naming{Seed: 5, Out: "out"}, "tree/a.jpg", "tree"),
		"another format":          seeds(paths.Naming{Seed: 5, Format: stages.PNG}, "tree/a.jpg", "tree"),
		"another place, one path": seeds(paths.Naming{Seed: 5}, "elsewhere/a.jpg", "elsewhere"),
	} {
		if !slices.Equal(same, first) {
			t.Errorf("%s: other seeds", name)
		}
	}
	for name, other := range map[string][]uint64{
		"another seed": seeds(paths.Naming{Seed: 6}, "tree/a.jpg", "tree"),
		"another path": seeds(paths.Naming{Seed: 5}, "tree/b.jpg", "tree"),
	} {
		if other[0] == first[0] || other[1] == first[1] {
			t.Errorf("%s: the same seeds", name)
		}
	}
}

func TestAnOutputFolderIsTriedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, "file.txt")
	if err := paths.Writable(""); err != nil {
		t.Errorf("no folder: %v", err)
	}
	if err := paths.Writable(filepath.Join(dir, "new", "folder")); err != nil {
		t.Errorf("a folder to be made: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "new", "folder"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
	err = paths.Writable(filepath.Join(dir, "file.txt"))
	if exitCode(err) != exit.CodeStart || !strings.Contains(err.Error(), "not a directory") || errors.As(err, new(*os.PathError)) {
		t.Errorf("a file: %v", err)
	}
}
