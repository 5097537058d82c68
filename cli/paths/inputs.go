package paths

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

	"gtx/cli/exit"
	"gtx/stages"
)

// Inputs are the images that the user named, as a list or as a stream.
type Inputs struct {
	Sources iter.Seq[stages.Source]
	Known   int  // number of sources; -1 for a stream
	Single  bool // one image, from standard input to standard output
}

// A Placer says where the results of an image go. It gets the image's path and format, and the folder
// argument that the image was found in, or "". It returns a source for each result. The format is "" for
// a file that is no image: then the placer only says whether the user may name that file.
type Placer func(path, folder string, found stages.Format) ([]stages.Source, error)

// Nowhere is the Placer of commands that write no images.
func Nowhere(path, _ string, _ stages.Format) ([]stages.Source, error) {
	return []stages.Source{{In: path}}, nil
}

// probe places a file if it is an image. Any other file, or one that cannot be read, becomes a source
// without a place: the open stage reports it in its turn.
func (place Placer) probe(path, folder string) (s []stages.Source, isImage bool, err error) {
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

// ReadList takes the paths in a file.
func ReadList(list string, place Placer, null bool) ([]stages.Source, error) {
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
	defer f.Close()
	var sources []stages.Source
	for path, err := range Entries(f, null) {
		if err != nil {
			return nil, exit.Usage("--files-from %q: %w", list, err)
		}
		s, _, err := place.probe(path, "")
		if err != nil {
			return nil, err
		}
		sources = append(sources, s...)
	}
	return sources, nil
}

// Stream takes paths from a reader as they come. An error of the placer belongs to its path: the paths before
// it may be done already.
func Stream(ctx context.Context, in io.Reader, place Placer, null bool) Inputs {
	return Inputs{Known: -1, Sources: func(yield func(stages.Source) bool) {
		for path, err := range Entries(in, null) {
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
	}}
}

// Until yields the sources as long as ctx lasts.
func Until(ctx context.Context, sources []stages.Source) iter.Seq[stages.Source] {
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

// Entries yields the entries of a list, which end in a line feed or in NUL. The last one need not; empty
// ones are left out. It ends with an error if the list cannot be read, or if an entry is too long to be a path.
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

// Expand turns arguments into sources: a file as it is, a folder into the images below it, recognised by
// content. It passes over names that begin with a dot and over the folder skip.
func Expand(args []string, place Placer, skip string) ([]stages.Source, error) {
	var sources []stages.Source
	for _, arg := range args {
		if arg == "-" {
			return nil, exit.Usage("- must be the only path")
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
func walk(folder string, place Placer, skip string) ([]stages.Source, error) {
	var sources []stages.Source
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
			if path != folder && SameFile(path, skip) {
				return fs.SkipDir
			}
			return nil
		}
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return nil // links to folders are not followed, devices are not read
		}
		s, isImage, err := place.probe(path, folder)
		if isImage || err == nil && s[0].Err != nil {
			sources = append(sources, s...)
		}
		return err
	})
	if err == nil && len(sources) == 0 {
		sources = append(sources, stages.Source{In: folder, Err: errors.New("no images in this folder")})
	}
	return sources, err
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
