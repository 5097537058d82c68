package cli

import (
	"bufio"
	"bytes"
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
		&cli.BoolFlag{Name: "null", Aliases: []string{"0"}, Usage: "paths on standard input and in a list end with NUL"},
		&cli.StringFlag{Name: "files-from", Usage: "read paths from `LIST`, one per line"},
		&cli.IntFlag{Name: "max-pixels", Usage: "refuse images of more than `N` megapixels; 0: no limit", Value: 200},
	}
}

// openOptions reads the limits on inputs.
func openOptions(c *cli.Context) (stages.OpenOptions, error) {
	mega := c.Int("max-pixels")
	if mega < 0 {
		return stages.OpenOptions{}, usage("--max-pixels takes 0 or more")
	}
	return stages.OpenOptions{MaxPixels: mega * 1_000_000}, nil
}

// inputs are the images that the user named, as a list or as a stream.
type inputs struct {
	sources iter.Seq[stages.Source]
	known   int  // number of sources; -1 for a stream
	single  bool // one image, from standard input to standard output
}

// A placer says where the results of an image go. It gets the image's path and format, and the folder
// argument that the image was found in, or "". It returns a source for each result. The format is "" for
// a file that is no image: then the placer only says whether the user may name that file.
type placer func(path, folder string, found stages.Format) ([]stages.Source, error)

// nowhere is the placer of commands that write no images.
func nowhere(path, _ string, _ stages.Format) ([]stages.Source, error) {
	return []stages.Source{{In: path}}, nil
}

// probe places a file if it is an image. Any other file, or one that cannot be read, becomes a source
// without a place: the open stage reports it in its turn.
func (place placer) probe(path, folder string) (s []stages.Source, isImage bool, err error) {
	found, err := stages.Probe(path)
	if err == nil && found == "" && folder == "" { // the user named it
		_, err := place(path, folder, found)
		return []stages.Source{{In: path}}, false, err
	}
	if err != nil || found == "" {
		if errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(path, "\r") {
			err = fmt.Errorf("%w: the lines of the list end in CR LF, as on Windows: convert it with dos2unix", err)
		}
		return []stages.Source{{In: path, Err: err}}, false, nil
	}
	s, err = place(path, folder, found)
	return s, true, err
}

// readInputs takes inputs from the arguments, from a list or from standard input. It passes over the
// folder skip. The sources end when ctx does.
func (p *program) readInputs(ctx context.Context, c *cli.Context, place placer, skip string) (inputs, error) {
	args, list := c.Args().Slice(), c.String("files-from")
	switch {
	case list != "" && len(args) > 0:
		return inputs{}, usage("paths and --files-from exclude each other")
	case len(args) == 1 && args[0] == "-":
		return p.readImage(ctx, c)
	case len(args) > 0:
		sources, err := expand(args, place, skip)
		return inputs{sources: until(ctx, sources), known: len(sources)}, err
	case list != "" && list != "-":
		sources, err := readList(list, place, c.Bool("null"))
		return inputs{sources: until(ctx, sources), known: len(sources)}, err
	case list == "" && isatty.IsTerminal(p.in.Fd()):
		if err := cli.ShowSubcommandHelp(c); err != nil {
			return inputs{}, err
		}
		return inputs{}, &failure{code: exitUsage}
	}
	return p.readStream(ctx, place, c.Bool("null"))
}

// readImage takes one image from standard input.
func (p *program) readImage(ctx context.Context, c *cli.Context) (inputs, error) {
	open, err := openOptions(c)
	if err != nil {
		return inputs{}, err
	}
	in, err := readUntil(ctx, p.in)
	if err != nil {
		return inputs{}, cannotStart(err)
	}
	data, err := open.Read(in)
	var stopped interrupted
	if errors.As(err, &stopped) {
		return inputs{}, &failure{code: 128 + int(stopped.signal)}
	}
	source := stages.Source{In: "-", Out: stages.Stdout, Data: data, Err: err}
	if err == nil && len(data) == 0 {
		source.Err = errors.New("standard input is empty")
	}
	return inputs{sources: until(ctx, []stages.Source{source}), known: 1, single: true}, nil
}

// readList takes the paths in a file.
func readList(list string, place placer, null bool) ([]stages.Source, error) {
	info, err := os.Stat(list)
	if err != nil {
		return nil, usage("--files-from: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &failure{exitUsage, advice{fmt.Errorf("--files-from %q is not a regular file", list), "gtx also reads the list from standard input"}}
	}
	f, err := os.Open(list)
	if err != nil {
		return nil, usage("--files-from: %w", err)
	}
	defer f.Close()
	var sources []stages.Source
	for path, err := range paths(f, null) {
		if err != nil {
			return nil, usage("--files-from %q: %w", list, err)
		}
		s, _, err := place.probe(path, "")
		if err != nil {
			return nil, err
		}
		sources = append(sources, s...)
	}
	return sources, nil
}

// readStream takes paths from standard input as they come. An error of the placer belongs to its path:
// the paths before it may be done already.
func (p *program) readStream(ctx context.Context, place placer, null bool) (inputs, error) {
	in, err := readUntil(ctx, p.in)
	if err != nil {
		return inputs{}, cannotStart(err)
	}
	return inputs{known: -1, sources: func(yield func(stages.Source) bool) {
		for path, err := range paths(in, null) {
			if err != nil {
				if ctx.Err() == nil {
					yield(stages.Source{In: "standard input", Err: err})
				}
				return
			}
			s, _, err := place.probe(path, "")
			if err != nil {
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

// until yields the sources as long as ctx lasts.
func until(ctx context.Context, sources []stages.Source) iter.Seq[stages.Source] {
	return func(yield func(stages.Source) bool) {
		for _, s := range sources {
			if ctx.Err() != nil || !yield(s) {
				return
			}
		}
	}
}

// pathMost is the length of the longest path in a list, in bytes. Linux takes 4096.
const pathMost = 64 << 10

// paths yields the entries of a list, which end in a line feed or in NUL. The last one need not; empty
// ones are left out. It ends with an error if the list cannot be read, or if an entry is too long to be a path.
func paths(r io.Reader, null bool) iter.Seq2[string, error] {
	end := byte('\n')
	if null {
		end = 0
	}
	return func(yield func(string, error) bool) {
		for b := bufio.NewReaderSize(r, pathMost+1); ; {
			line, err := b.ReadSlice(end)
			if errors.Is(err, bufio.ErrBufferFull) {
				yield("", fmt.Errorf("an entry of the list has more than %d bytes: the rest is not read", pathMost))
				return
			}
			path := string(bytes.TrimSuffix(line, []byte{end}))
			if path != "" && !yield(path, nil) || errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield("", stages.WithoutPath(err))
				return
			}
		}
	}
}

// expand turns arguments into sources: a file as it is, a folder into the images below it, recognised by
// content. It passes over names that begin with a dot and over the folder skip.
func expand(args []string, place placer, skip string) ([]stages.Source, error) {
	var sources []stages.Source
	for _, arg := range args {
		if arg == "-" {
			return nil, usage("- must be the only path")
		}
		var (
			more []stages.Source
			err  error
		)
		if info, statErr := os.Stat(arg); statErr == nil && info.IsDir() {
			more, err = walk(arg, place, skip)
		} else {
			more, _, err = place.probe(arg, "") // a missing file becomes a source with an error
		}
		if err != nil {
			return nil, err
		}
		sources = append(sources, more...)
	}
	return sources, nil
}

// walk finds the images below a folder. What cannot be read becomes a source with an error, and so does
// a folder without images.
func walk(folder string, place placer, skip string) ([]stages.Source, error) {
	var sources []stages.Source
	found := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			sources = append(sources, stages.Source{In: path, Err: stages.WithoutPath(err)})
			return nil
		case path != folder && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			if path != folder && sameFile(path, skip) {
				return fs.SkipDir
			}
			return nil
		}
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return nil // links to folders are not followed, devices are not read
		}
		s, isImage, err := place.probe(path, folder)
		if isImage || err == nil && s[0].Err != nil {
			found++
			sources = append(sources, s...)
		}
		return err
	})
	if err == nil && found == 0 {
		sources = append(sources, stages.Source{In: folder, Err: errors.New("no images in this folder")})
	}
	return sources, err
}

// sameFile tells whether two paths lead to one file or folder.
func sameFile(a, b string) bool {
	if b == "" {
		return false
	}
	one, errOne := os.Stat(a)
	two, errTwo := os.Stat(b)
	return errOne == nil && errTwo == nil && os.SameFile(one, two)
}
