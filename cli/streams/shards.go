package streams

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/paths"
	"gtx/stages"
	"gtx/stages/durable"
	"gtx/stages/webdataset"
)

// ShardOptions say into which tars the results of files go.
type ShardOptions struct {
	Options
	Pattern string // of the tars' names, such as DIR/train-%05d.tar
	Each    int    // inputs per tar
	Base    string // as in paths.Naming
	Below   string // folder that the tars do not leave by symbolic links, or ""
	Files   func(context.Context, paths.Placer) (paths.Inputs, error)
}

// shards writes the results of files into tars.
type shards struct {
	ShardOptions
	transit[*shard]
	files  *durable.Writer
	mirror paths.Placer
	keys   map[[16]byte]struct{} // digests
	now    int                   // number of the tar under way
	to     *tarWriter            // nil before the first
	inputs listing               // of the last folder where an input was found
	beside listing               // of the last folder from which files were taken
}

// A shard is what is known of an input: the number of its tar, and the name of its sample.
type shard struct {
	number int // -1 after the last input
	name   name
	old    *earlierResult
	sample *webdataset.Sample // that of old, or nil
}

// A name is the name of the sample of an image, in parts.
type name struct{ stem, key, ext string }

var number = regexp.MustCompile(`%0?[0-9]{0,2}d`)

// IntoShards returns the stream of files into tars.
func IntoShards(o ShardOptions) (Stream, error) {
	if len(number.FindAllString(o.Pattern, -1)) != 1 || strings.Count(o.Pattern, "%") != 1 {
		return nil, exit.Usage("--shards %q: it needs one number, such as %%05d", o.Pattern)
	}
	if o.Each < 1 {
		return nil, exit.Usage("--per-shard takes 1 or more")
	}
	return &shards{
		ShardOptions: o, transit: newTransit[*shard](o.jobs), files: durable.NewWriter(), mirror: paths.Mirror(o.Base), keys: map[[16]byte]struct{}{},
	}, nil
}

func (t *shards) place(number int) place {
	return place{durable.Place{Path: fmt.Sprintf(t.Pattern, number), Below: t.Below}}
}

func (t *shards) Inputs(ctx context.Context) (paths.Inputs, error) {
	if err := t.place(0).admit(t.Existing); err != nil {
		return paths.Inputs{}, exit.CannotStart(fmt.Errorf("%q: %w", t.place(0).Path, err))
	}
	in, err := t.Files(ctx, t.name)
	waiting, stop := context.WithCancel(ctx)
	return in.Through(func(files iter.Seq[stages.Source]) iter.Seq[stages.Source] {
		return func(yield func(stages.Source) bool) { t.all(waiting, files, yield) }
	}, stop), err
}

// name is a Placer. A file such as a.mask.png is no input if it belongs to the sample of another image, such as a.jpg.
func (t *shards) name(path, folder string, found stages.Format) ([]stages.Source, error) {
	sources, err := t.mirror(path, folder, found)
	if err != nil || found == "" {
		return sources, err
	}
	n := nameOf(sources[0].Relative)
	if folder != "" && t.isSibling(path) {
		return nil, nil
	}
	if n.key == "" {
		sources[0].Err = errNoKey
		return sources, nil
	}
	sum := sha256.Sum256([]byte(n.key))
	digest := [16]byte(sum[:])
	if _, taken := t.keys[digest]; taken {
		return nil, exit.Usage("%q: another input has the key %q, too", path, n.key)
	}
	t.keys[digest] = struct{}{}
	s := &sources[0]
	s.Out, s.Format, s.Sample, s.Seed = stages.Stdout, t.Naming.Format, 1, t.seedOf(s.Relative)
	return sources, nil
}

var errNoKey = errors.New("WebDataset passes over names that begin with a part such as __this__: put it into another folder, or name a folder within it")

// nameOf calls a sample after its image. A key ends at the first dot, so dots become underscores, and what has no
// extension gets one. The key is "" if readers pass over such a name.
func nameOf(relative string) name {
	dir, file := filepath.Split(relative)
	n := name{ext: filepath.Ext(file)}
	if n.stem = strings.TrimSuffix(file, n.ext); n.stem == "" { // as in .jpg
		n.stem, n.ext = file, ""
	}
	if len(n.ext) < 2 {
		n.ext = ".image"
	}
	n.key, _ = webdataset.Split(filepath.ToSlash(dir) + strings.ReplaceAll(n.stem, ".", "_") + n.ext)
	return n
}

// isSibling tells whether an image belongs to the sample of another one beside it, whose name is shorter.
func (t *shards) isSibling(path string) bool {
	key, field := webdataset.Split(filepath.Base(path))
	if key == "" || slices.Contains(ImageFields(), field) {
		return false
	}
	return slices.ContainsFunc(t.inputs.of(filepath.Dir(path), key+"."), func(other string) bool {
		_, field := webdataset.Split(other)
		return slices.Contains(ImageFields(), field)
	})
}

// A listing holds the names in a folder, sorted.
type listing struct {
	dir   string
	names []string
}

// of returns the names in a folder that begin with prefix.
func (l *listing) of(dir, prefix string) (names []string) {
	if dir != l.dir || l.names == nil {
		entries, _ := os.ReadDir(dir)
		l.dir, l.names = dir, make([]string, 0, len(entries))
		for _, e := range entries {
			l.names = append(l.names, e.Name())
		}
	}
	at, _ := slices.BinarySearch(l.names, prefix)
	end := at
	for end < len(l.names) && strings.HasPrefix(l.names[end], prefix) {
		end++
	}
	return l.names[at:end]
}

// all yields the sources of files, with what an earlier run made of them.
func (t *shards) all(ctx context.Context, files iter.Seq[stages.Source], yield func(stages.Source) bool) {
	var old *earlier
	defer func() { old.close() }()
	n := 0
	for s := range files {
		e := &shard{number: n / t.Each, name: nameOf(s.Relative)}
		if n%t.Each == 0 {
			old.close()
			old = t.place(e.number).earlier(t.Existing)
		}
		n++
		weight := 0
		if info, err := os.Stat(s.In); err == nil {
			weight = int(info.Size())
		}
		if e.sample = old.find(e.name.key); e.sample != nil {
			weight += e.sample.Held
			if e.old = resultOf(e.sample); e.old != nil {
				s.Old = e.old.image.Data
			}
		}
		t.enter(ctx, e, weight) // if the run ends before, s is not reached
		if !yield(s) {
			return
		}
	}
	if t.enter(ctx, &shard{number: -1}, 0) {
		yield(stages.Source{Err: errNoImage})
	}
}

func (t *shards) Take(it Outcome, rec *ledger.Record) (effect Effect, err error) {
	e, done := t.leave()
	defer done()
	if e.sample != nil {
		defer e.sample.Release()
	}
	if e.number < 0 || t.to == nil || e.number != t.now {
		if effect, err = t.end(rec); err != nil {
			effect.Count, effect.Record = e.number >= 0, e.number >= 0
			return effect, err
		}
	}
	if e.number < 0 {
		next := t.place(t.now + 1)
		if f, err := next.Open(); err == nil {
			effect.Warn = fmt.Sprintf("%q: an earlier run has left this tar, and it is none of this run's", next.Path)
			f.Close()
		}
		return effect, nil
	}
	effect.Count, effect.Record = true, true
	if t.to == nil {
		t.now = e.number
		place := t.place(t.now)
		if err := place.admit(t.Existing); err != nil {
			return effect, fmt.Errorf("%q: %w", place.Path, err)
		}
		if t.to, err = place.create(t.files, nil); err != nil {
			return effect, err
		}
		effect.Tars = append(effect.Tars, tarRecord(rec, place.Path, place.Path, ledger.StatusUnreached, ""))
	}
	return effect, t.put(e, it, rec)
}

// put writes the sample of an input.
func (t *shards) put(e *shard, it Outcome, rec *ledger.Record) error {
	if rec.Status == ledger.StatusFailed && (t.Failed == FailedDrop || e.name.key == "") {
		rec.Locate(rec.In, "")
		return nil
	}
	s := &sample{Sample: &webdataset.Sample{}, old: e.old, in: it.Source.Relative}
	defer s.Release()
	if err := t.gather(s.Sample, it.Source.In, e.name, rec.Status == ledger.StatusFailed); err != nil { // a file is gone
		rec.Status, rec.Class, rec.Message = ledger.StatusFailed, "sample", err.Error()
		rec.Locate(rec.In, "")
		return nil
	}
	out, err := t.to.add(s, it, rec, rec.Status == ledger.StatusFailed && t.Failed == FailedKeep)
	if out != "" {
		out = t.to.place.Path + ":" + out
	}
	rec.Locate(rec.In, out)
	return err
}

// gather reads the files of a sample: the image, without its content unless that is wanted, and the files beside it
// that have its name up to the extension.
func (t *shards) gather(s *webdataset.Sample, image string, n name, wanted bool) error {
	dir, file := filepath.Split(image)
	err := s.Add(n.key+n.ext, strings.NewReader(""), 0)
	if wanted {
		s.Release()
		err = addFile(s, n.key+n.ext, image)
	}
	if err != nil {
		return err
	}
	for _, other := range t.beside.of(filepath.Clean(dir), n.stem+".") {
		name, path := n.key+other[len(n.stem):], dir+other
		_, field := webdataset.Split(name)
		if other == file || field == webdataset.Record || slices.Contains(ImageFields(), field) || stages.IsOwn(path) {
			continue
		}
		if err := addFile(s, name, path); err != nil {
			return fmt.Errorf("%q: %w", path, stages.WithoutPath(err))
		}
	}
	return nil
}

// addFile reads a file into a sample, unless it is a folder.
func addFile(s *webdataset.Sample, name, path string) error {
	f, err := stages.OpenRegular(path)
	if err != nil {
		if errors.Is(err, syscall.EISDIR) {
			return nil
		}
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return s.Add(name, f, info.Size())
}

// end completes the tar under way, if there is one.
func (t *shards) end(rec *ledger.Record) (Effect, error) {
	if t.to == nil {
		return Effect{}, nil
	}
	to := t.to
	t.to = nil
	return to.complete(t.Touch, rec, to.place.Path)
}

func (t *shards) Unfinished() string { return t.to.unfinished() }

func (t *shards) Close() error {
	t.to.discard()
	return t.files.Close()
}
