package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"gtx/stages"
)

func inputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "null", Aliases: []string{"0"}, Usage: "paths on standard input or in a list end in NUL"},
		&cli.StringFlag{Name: "files-from", Usage: "read paths from `LIST`, one a line"},
		&cli.IntFlag{Name: "max-pixels", Usage: "refuse pictures of more than `N` megapixels; 0: none", Value: 200},
	}
}

// inputs are what the user named: a list that is known, or a stream.
type inputs struct {
	sources iter.Seq[stages.Source]
	known   int  // how many there are; -1: nobody can tell yet
	single  bool // one picture, from standard input to standard output
}

// A placer says where the results of a picture go, one source for each, given the
// folder argument that it was found under, or "", and its format.
type placer func(path, folder string, found stages.Format) ([]stages.Source, error)

// nowhere is the placer of commands that write no pictures.
func nowhere(path, _ string, _ stages.Format) ([]stages.Source, error) {
	return []stages.Source{{In: path}}, nil
}

// probe looks at a file and has it placed if it is a picture. What is none, or
// cannot be read, gets no place: opening it gives the error in its turn.
func (place placer) probe(path, folder string) (s []stages.Source, picture bool, err error) {
	found, err := stages.Probe(path)
	if err != nil || found == "" {
		return []stages.Source{{In: path, Err: err}}, false, nil
	}
	s, err = place(path, folder, found)
	return s, true, err
}

// readInputs finds out what to work on: the arguments, the list, or standard
// input. Reading ends when ctx does.
func (p *program) readInputs(ctx context.Context, c *cli.Context, place placer, skip string) (inputs, error) {
	args, list := c.Args().Slice(), c.String("files-from")
	switch {
	case list != "" && len(args) > 0:
		return inputs{}, usage("paths and --files-from at once")
	case len(args) == 1 && args[0] == "-":
		data, err := io.ReadAll(p.in)
		if err != nil {
			return inputs{}, cannotStart(fmt.Errorf("standard input: %w", err))
		}
		source := stages.Source{In: "-", Out: stages.Stdout, Data: data}
		if len(data) == 0 {
			source.Err = errors.New("standard input is empty")
		}
		return inputs{sources: until(ctx, []stages.Source{source}), known: 1, single: true}, nil
	case len(args) > 0:
		sources, err := expand(args, place, skip)
		return inputs{sources: until(ctx, sources), known: len(sources)}, err
	case list != "" && list != "-":
		f, err := os.Open(list)
		if err != nil {
			return inputs{}, usage("--files-from: %w", err)
		}
		defer f.Close()
		var sources []stages.Source
		for path := range paths(f, c.Bool("null")) {
			s, _, err := place.probe(path, "")
			if err != nil {
				return inputs{}, err
			}
			sources = append(sources, s...)
		}
		return inputs{sources: until(ctx, sources), known: len(sources)}, nil
	case list == "" && isatty.IsTerminal(p.in.Fd()):
		if err := cli.ShowSubcommandHelp(c); err != nil {
			return inputs{}, err
		}
		return inputs{}, &failure{code: exitUsage}
	}
	in, err := readUntil(ctx, p.in)
	if err != nil {
		return inputs{}, cannotStart(err)
	}
	return inputs{known: -1, sources: func(yield func(stages.Source) bool) {
		for path := range paths(in, c.Bool("null")) {
			s, _, err := place.probe(path, "")
			if err != nil { // on a stream it is this item's fault alone
				s = []stages.Source{{In: path, Err: err}}
			}
			for _, one := range s {
				if ctx.Err() != nil || !yield(one) { // many paths may be buffered
					return
				}
			}
		}
	}}, nil
}

// until yields the sources for as long as ctx lasts.
func until(ctx context.Context, sources []stages.Source) iter.Seq[stages.Source] {
	return func(yield func(stages.Source) bool) {
		for _, s := range sources {
			if ctx.Err() != nil || !yield(s) {
				return
			}
		}
	}
}

// paths yields the entries of a list that end in a line feed or in NUL. A last
// entry without an end counts; an empty one does not.
func paths(r io.Reader, null bool) iter.Seq[string] {
	end := byte('\n')
	if null {
		end = 0
	}
	return func(yield func(string) bool) {
		for b := bufio.NewReader(r); ; {
			path, err := b.ReadString(end)
			path = strings.TrimSuffix(path, string(end))
			if path != "" && !yield(path) || err != nil {
				return
			}
		}
	}
}

// expand turns arguments into sources: files as they are, folders into the
// pictures below them, told by content. Names that begin with a dot and the
// folder skip are passed over.
func expand(args []string, place placer, skip string) ([]stages.Source, error) {
	var sources []stages.Source
	for _, arg := range args {
		if arg == "-" {
			return nil, usage("- stands for the only path")
		}
		if info, err := os.Stat(arg); err != nil || !info.IsDir() {
			s, _, err := place.probe(arg, "") // a missing file is the item's own error, in time
			if err != nil {
				return nil, err
			}
			sources = append(sources, s...)
			continue
		}
		found := 0
		err := filepath.WalkDir(arg, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				sources = append(sources, stages.Source{In: path, Err: stages.WithoutPath(err)})
				return nil
			case path != arg && strings.HasPrefix(entry.Name(), "."):
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case entry.IsDir():
				if path != arg && same(path, skip) {
					return fs.SkipDir
				}
				return nil
			}
			if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
				return nil // links to folders are not followed, devices not read
			}
			s, picture, err := place.probe(path, arg)
			if picture || err == nil && s[0].Err != nil {
				found++
				sources = append(sources, s...)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if found == 0 {
			sources = append(sources, stages.Source{In: arg, Err: errors.New("no pictures in this folder")})
		}
	}
	return sources, nil
}

func same(a, b string) bool {
	if b == "" {
		return false
	}
	one, errOne := os.Stat(a)
	two, errTwo := os.Stat(b)
	return errOne == nil && errTwo == nil && os.SameFile(one, two)
}

// openOptions reads the limits on inputs.
func openOptions(c *cli.Context) (stages.OpenOptions, error) {
	mega := c.Int("max-pixels")
	if mega < 0 {
		return stages.OpenOptions{}, usage("--max-pixels takes 0 or more")
	}
	return stages.OpenOptions{MaxPixels: mega * 1_000_000}, nil
}
