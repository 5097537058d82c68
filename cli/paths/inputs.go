package paths

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"gtx/cli/exit"
	"gtx/stages"
)

// Inputs are the images that the user named, as a list or as a stream.
type Inputs struct {
	Sources iter.Seq[stages.Source] // as long as the context lasts
	Known   int                     // number of sources; -1 for a stream
	Single  bool                    // one image, from standard input to standard output

	all    iter.Seq[stages.Source] // whether the context lasts or not
	ctx    context.Context
	stop   func()      // ends waiting for more; nil if the inputs are known
	unread func() bool // tells at the end whether there may be more; nil if the inputs are known
}

// Unseen is the error of a source that is not an image but holds or lists some: a folder, a list, a tar or a stream that
// cannot be read to its end. Nobody knows how many images it costs, and no list can give it again.
type Unseen struct{ Err error }

func (u Unseen) Error() string { return u.Err.Error() }
func (u Unseen) Unwrap() error { return u.Err }

// IsUnseen tells whether a source stands for images that nobody has seen.
func IsUnseen(s stages.Source) bool { return errors.As(s.Err, new(Unseen)) }

// Of makes inputs of sources, which last as long as ctx does.
func Of(ctx context.Context, known int, all iter.Seq[stages.Source]) Inputs {
	return Inputs{Known: known, ctx: ctx, all: all, Sources: func(yield func(stages.Source) bool) {
		for s := range all {
			if ctx.Err() != nil || !yield(s) {
				return
			}
		}
	}}
}

// Streaming makes inputs of sources that come bit by bit. open returns the sources. Its context ends with ctx, or when
// the run waits for no more, and the sources end soon after that. Then unread tells whether there may be more.
func Streaming(ctx context.Context, open func(context.Context) (sources iter.Seq[stages.Source], unread func() bool, err error)) (Inputs, error) {
	reading, stop := context.WithCancel(ctx)
	sources, unread, err := open(reading)
	if err != nil {
		stop()
		return Inputs{}, err
	}
	in := Of(ctx, -1, sources)
	in.stop, in.unread = stop, unread
	return in, nil
}

// Through returns inputs whose Queue yields what change makes of them. stop is called when nobody waits for more.
func (in Inputs) Through(change func(iter.Seq[stages.Source]) iter.Seq[stages.Source], stop func()) Inputs {
	before := in.stop
	in.all = change(in.all)
	in.stop = func() {
		stop()
		if before != nil {
			before()
		}
	}
	return in
}

// A Placer says where the results of an image go. It gets the image's path and format, and the folder
// that the path of an image in a folder argument is relative to, or "". It returns a source for each result. The format is "" for
// a file that is no image, or was not looked at: then the placer says whether the user may name that file, and returns
// one source without a place.
type Placer func(path, folder string, found stages.Format) ([]stages.Source, error)

// Nowhere is the Placer of commands that write no images.
func Nowhere(path, _ string, _ stages.Format) ([]stages.Source, error) {
	return []stages.Source{{In: path}}, nil
}

// probe places a file if it is an image. walked is the folder that its path is relative to, or "" if the user named it. Any
// other file, or one that cannot be read, becomes a source without a place: the open stage reports it in its turn.
func (place Placer) probe(path, walked string) (s []stages.Source, isImage bool, err error) {
	folder := walked
	if walked == "" {
		path, folder = split(path)
	}
	found, err := stages.Probe(path)
	switch {
	case err != nil:
		if errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(path, "\r") {
			err = fmt.Errorf("%w: the lines of the list end in CR LF, as on Windows: convert it with dos2unix", err)
		}
		s = place.unread(path, folder)
		s[0].Err = err
		return s, false, nil
	case found == "" && walked != "":
		return []stages.Source{{In: path}}, false, nil
	}
	s, err = place(path, folder, found)
	return s, found != "", err
}

// unread is the source of a file that was not looked at.
func (place Placer) unread(path, folder string) []stages.Source {
	if s, err := place(path, folder, ""); err == nil {
		return s
	}
	return []stages.Source{{In: path}}
}

// OpenList opens the file of --files-from.
func OpenList(list string) (*os.File, error) {
	info, err := os.Stat(list)
	if err != nil {
		return nil, exit.Usage("--files-from: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &exit.Failure{Code: exit.CodeUsage, Err: exit.Hint(fmt.Errorf("--files-from %q is not a regular file", list), "gtx also reads the list from standard input")}
	}
	f, err := os.Open(list)
	if err != nil {
		return nil, exit.Usage("--files-from: %w", err)
	}
	return f, nil
}

// ReadNames takes the paths in a list without looking at their files.
func ReadNames(list io.Reader, place Placer, null bool) (*Packed, error) {
	sources := new(Packed)
	for path, err := range Entries(list, null) {
		if err != nil {
			return sources, err
		}
		sources.Add(place.unread(split(path))...)
	}
	return sources, nil
}

// ReadList takes the paths in a file.
func ReadList(list string, place Placer, null bool) (*Packed, error) {
	sources := new(Packed)
	f, err := OpenList(list)
	if err != nil {
		return sources, err
	}
	defer f.Close()
	for path, err := range Entries(f, null) {
		if err != nil {
			return sources, exit.Usage("--files-from %q: %w", list, err)
		}
		s, _, err := place.probe(path, "")
		if err != nil {
			return sources, err
		}
		sources.Add(s...)
	}
	return sources, nil
}

// Stream takes paths from a file as they come. An error of the placer fails only its own path, because the
// paths before it may be done already.
func Stream(ctx context.Context, file *os.File, place Placer, null bool) (Inputs, error) {
	return Streaming(ctx, func(reading context.Context) (iter.Seq[stages.Source], func() bool, error) {
		list, err := listReader(reading, file)
		s := &stream{ctx: reading, list: list, place: place, null: null}
		return s.sources, func() bool { return s.unread }, err
	})
}

// A stream is a list of paths that comes on standard input.
type stream struct {
	ctx    context.Context
	list   io.Reader
	place  Placer
	null   bool
	unread bool // there may be entries that were not read before ctx ended
}

// sources yields the sources of a stream. After the end of its context it yields the paths that have come, without
// looking at their files.
func (s *stream) sources(yield func(stages.Source) bool) {
	for path, err := range Entries(s.list, s.null) {
		if err != nil {
			if s.unread = s.ctx.Err() != nil; !s.unread {
				yield(stages.Source{In: "standard input", Err: Unseen{Err: err}})
			}
			return
		}
		for _, one := range s.place.later(s.ctx, path) {
			if !yield(one) {
				return
			}
		}
	}
}

// later places the next entry of a list. An error of the placer belongs to the entry. After the end of ctx it does
// not look at the file.
func (place Placer) later(ctx context.Context, entry string) []stages.Source {
	if ctx.Err() != nil {
		return place.unread(split(entry))
	}
	placed, _, err := place.probe(entry, "")
	if err != nil && !errors.As(err, new(twice)) {
		path, _ := split(entry)
		return []stages.Source{{In: path, Err: err}}
	}
	return placed
}

// Later makes inputs of a list whose files are looked at one by one, so that the first image need not wait for the
// last. known is the number of sources that they give.
func Later(ctx context.Context, known int, entries iter.Seq[string], place Placer) Inputs {
	return Of(ctx, known, func(yield func(stages.Source) bool) {
		for entry := range entries {
			for _, s := range place.later(ctx, entry) {
				if !yield(s) {
					return
				}
			}
		}
	})
}

// Only leaves out the sources that are not to be kept.
func (in Inputs) Only(keep func(stages.Source) bool) Inputs {
	kept := Of(in.ctx, in.Known, func(yield func(stages.Source) bool) {
		for s := range in.all {
			if keep(s) && !yield(s) {
				return
			}
		}
	})
	kept.Single, kept.stop, kept.unread = in.Single, in.stop, in.unread
	if in.Known >= 0 {
		kept.Known = 0
		for range kept.all {
			kept.Known++
		}
	}
	return kept
}

// pathMost is the length of the longest path in a list, in bytes. Linux takes 4096.
const pathMost = 64 << 10

// Entries yields the entries of a list, which end in a line feed or in NUL. The last one need not end so; empty entries
// are left out. It ends with an error if the list cannot be read, or if an entry cannot be a path.
func Entries(r io.Reader, null bool) iter.Seq2[string, error] {
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
			if err != nil && !errors.Is(err, io.EOF) {
				yield("", stages.WithoutPath(err)) // the line is not whole
				return
			}
			if !null && bytes.IndexByte(line, 0) >= 0 {
				yield("", exit.Hint(errors.New("an entry of the list has a NUL byte"), "-0 is for lists whose entries end with NUL"))
				return
			}
			path := string(bytes.TrimSuffix(line, []byte{end}))
			if path != "" && !yield(path, nil) || err != nil {
				return
			}
		}
	}
}

// Expand turns arguments into sources: a file as it is, a folder into the images below it, recognised by
// content. It passes over names that begin with a dot and over the folder skip.
func Expand(args []string, place Placer, skip string) (*Packed, error) {
	sources := new(Packed)
	for _, arg := range args {
		if arg == "-" {
			return sources, exit.Usage("- must be the only path")
		}
		if path, below := split(arg); isFolder(path) {
			if err := walk(sources, path, cmp.Or(below, path), place, skip); err != nil {
				return sources, err
			}
			continue
		}
		s, _, err := place.probe(arg, "") // a missing file becomes a source with an error
		if err != nil {
			return sources, err
		}
		sources.Add(s...)
	}
	return sources, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// walk adds the images in a folder. Their paths are relative to below, which is the folder or one above it. What cannot
// be read becomes a source with an error, and so does a folder without images.
func walk(sources *Packed, folder, below string, place Placer, skip string) error {
	before := sources.Len()
	root := folder + "/" // with the slash, a link that the user named is followed
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			sources.Add(stages.Source{In: strings.TrimSuffix(path, "/"), Err: Unseen{Err: stages.WithoutPath(err)}})
			return nil
		case path != root && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			if path != root && SameFile(path, skip) {
				return fs.SkipDir
			}
			return nil
		}
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return nil // links to folders are not followed, devices are not read
		}
		s, isImage, err := place.probe(path, below)
		if isImage || err == nil && s[0].Err != nil {
			sources.Add(s...)
		}
		return err
	})
	if err == nil && sources.Len() == before {
		sources.Add(stages.Source{In: folder, Err: Unseen{Err: errors.New("no images in this folder")}})
	}
	return err
}

// SameFile tells whether two paths lead to one file or folder.
func SameFile(a, b string) bool {
	if b == "" {
		return false
	}
	one, errOne := os.Stat(a)
	two, errTwo := os.Stat(b)
	return errOne == nil && errTwo == nil && os.SameFile(one, two)
}
