package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/paths"
	"gtx/cli/stdout"
	"gtx/stages"
)

func TestPathsEndInALineFeedOrInNUL(t *testing.T) {
	for _, c := range []struct {
		list string
		null bool
		want []string
	}{
		{"", false, nil},
		{"a\nb c\n", false, []string{"a", "b c"}},
		{"a\nb", false, []string{"a", "b"}},
		{"\n\na\n\n", false, []string{"a"}},
		{"a\r\n a\t\n", false, []string{"a\r", " a\t"}},
		{"a\x00b\nc\x00", true, []string{"a", "b\nc"}},
	} {
		var got []string
		for path, err := range paths.Entries(strings.NewReader(c.list), c.null) {
			if err != nil {
				t.Errorf("%q: %v", c.list, err)
			}
			got = append(got, path)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q", c.list, got)
		}
	}
	for path, err := range paths.Entries(strings.NewReader("a\x00b"), false) {
		if err == nil || !strings.Contains(err.Error(), "NUL byte") {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// summary is the path of each source, with its error.
func describe(sources []stages.Source, dir string) []string {
	var list []string
	for _, s := range sources {
		line := strings.TrimPrefix(s.In, dir+"/")
		if s.Err != nil {
			line += ": " + s.Err.Error()
		}
		list = append(list, line)
	}
	return list
}

func TestArgumentsBecomeTheImagesThatTheyMean(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, "b.png", "sub/a.png", "sub/notes.txt", "out/old.png", "out/deep/old.png", ".hidden.png", ".git/c.png", "texts/notes.txt")
	if err := os.Symlink("sub/a.png", filepath.Join(dir, "link.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("sub", filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, skip string
		args       []string
		want       []string
	}{
		{"a folder", "out", []string{""}, []string{"b.png", "link.png", "sub/a.png"}},
		{"a folder with old results", "", []string{""}, []string{"b.png", "link.png", "out/deep/old.png", "out/old.png", "sub/a.png"}},
		{"the folder to skip itself", "out", []string{"out"}, []string{"out/deep/old.png", "out/old.png"}},
		{"a hidden folder, if named", "", []string{".git"}, []string{".git/c.png"}},
		{"a folder without images", "", []string{"texts"}, []string{"texts: no images in this folder"}},
		{"files in their order", "", []string{"sub/a.png", "b.png"}, []string{"sub/a.png", "b.png"}},
		{"a file that is no image", "", []string{"sub/notes.txt"}, []string{"sub/notes.txt"}}, // the open stage says so
		{"a missing file", "", []string{"nosuch.png", "b.png"}, []string{"nosuch.png: no such file or directory", "b.png"}},
	} {
		var args []string
		for _, arg := range c.args {
			args = append(args, filepath.Join(dir, arg))
		}
		skip := ""
		if c.skip != "" {
			skip = filepath.Join(dir, c.skip)
		}
		got, err := paths.Expand(args, paths.Nowhere, skip)
		if list := describe(slices.Collect(got.All), dir); err != nil || !slices.Equal(list, c.want) {
			t.Errorf("%s: %q, %v", c.name, list, err)
		}
	}
}

func TestADashIsTheOnlyPath(t *testing.T) {
	if _, err := paths.Expand([]string{"-", "a.png"}, paths.Nowhere, ""); exitCode(err) != exit.CodeUsage {
		t.Error(err)
	}
}

// readFrom reads inputs as classify does, with a text on standard input.
func readFrom(t *testing.T, ctx context.Context, place paths.Placer, stdin string, args ...string) (in paths.Inputs, err error) {
	t.Helper()
	r, w, pipeErr := os.Pipe()
	if pipeErr != nil {
		t.Fatal(pipeErr)
	}
	t.Cleanup(func() { r.Close() })
	w.WriteString(stdin)
	w.Close()
	withContext(t, []string{"classify"}, args, func(c *cli.Context) {
		p := &program{in: r, out: stdout.New(new(bytes.Buffer)), err: new(bytes.Buffer)}
		in, err = p.readInputs(ctx, c, place, "")
	})
	return in, err
}

func TestInputsComeFromArgumentsAListOrStandardInput(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	writeFiles(t, dir, "a.png", "b.png")
	if err := os.WriteFile("list", []byte("b.png\nnosuch.png\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, stdin string
		args        []string
		known       int
		single      bool
		want        []string
	}{
		{"arguments", "b.png", []string{"a.png"}, 1, false, []string{"a.png"}},
		{"a list", "a.png", []string{"--files-from", "list"}, 2, false, []string{"b.png", "nosuch.png: no such file or directory"}},
		{"a stream", "a.png\nb.png", nil, -1, false, []string{"a.png", "b.png"}},
		{"a stream by name", "a.png", []string{"--files-from", "-"}, -1, false, []string{"a.png"}},
		{"a stream with NUL", "a.png\x00b.png", []string{"-0"}, -1, false, []string{"a.png", "b.png"}},
		{"an empty stream", "", nil, -1, false, nil},
		{"an image", "bytes", []string{"-"}, 1, true, []string{"-"}},
		{"an empty image", "", []string{"-"}, 1, true, []string{"-: standard input is empty"}},
	} {
		in, err := readFrom(t, t.Context(), paths.Nowhere, c.stdin, c.args...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := describe(slices.Collect(in.Sources), dir)
		if in.Known != c.known || in.Single != c.single || !slices.Equal(got, c.want) {
			t.Errorf("%s: %d known, single %t, %q", c.name, in.Known, in.Single, got)
		}
	}
	for name, args := range map[string][]string{
		"both at once":      {"--files-from", "list", "a.png"},
		"a list of nowhere": {"--files-from", "nosuch"},
	} {
		if _, err := readFrom(t, t.Context(), paths.Nowhere, "", args...); exitCode(err) != exit.CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARefusedPlaceEndsAListAndOnlyItsItemOnAStream(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	writeFiles(t, dir, "a.png", "b.png")
	if err := os.WriteFile("list", []byte("a.png\nb.png\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	place := func(path, folder string, f stages.Format) ([]stages.Source, error) {
		if path == "a.png" {
			return nil, refused
		}
		return paths.Nowhere(path, folder, f)
	}
	for name, args := range map[string][]string{
		"arguments": {"a.png", "b.png"}, "a folder": {"."}, "a list": {"--files-from", "list"},
	} {
		if _, err := readFrom(t, t.Context(), place, "", args...); !errors.Is(err, refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	in, err := readFrom(t, t.Context(), place, "a.png\nb.png\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := describe(slices.Collect(in.Sources), dir); !slices.Equal(got, []string{"a.png: refused", "b.png"}) {
		t.Errorf("a stream: %q", got)
	}
}

func TestSourcesEndWithTheContext(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	writeFiles(t, dir, "a.png", "b.png")
	for name, args := range map[string][]string{"arguments": {"a.png", "b.png"}, "a stream": nil} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		in, err := readFrom(t, ctx, paths.Nowhere, "a.png\nb.png\n", args...)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for s := range in.Sources {
			got = append(got, s.In)
			cancel()
		}
		if !slices.Equal(got, []string{"a.png"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
