package streams

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"

	"gtx/cli/ledger"
	"gtx/cli/paths"
	"gtx/stages"
	"gtx/stages/durable"
	"gtx/stages/webdataset"
)

// TarOptions say which tars are read, and what is written.
type TarOptions struct {
	Options
	Names  iter.Seq2[string, error] // of the tars
	Stdin  *os.File                 // the tar, if Names is nil
	Out    string                   // folder for a tar for each one read; "": one tar on standard output
	Base   string                   // as in paths.Naming
	Images []string                 // fields of a sample that may be its image
}

// Options are those of all streams.
type Options struct {
	Stdout   io.Writer
	Naming   *paths.Naming // for what it says of results other than their paths
	Existing stages.Existing
	Touch    bool // set the time of a tar that comes out the same to now
	Failed   Failed

	jobs int // images at once in each stage
}

// seedOf is the seed of the noise for an image.
func (o Options) seedOf(relative string) uint64 {
	if !o.Naming.Noisy {
		return 0
	}
	return paths.SeedOf(o.Naming.Seed, relative, 0)
}

// ImageFields are the fields that hold the image of a sample, unless the user names others.
func ImageFields() (fields []string) {
	for _, f := range append(slices.Clone(stages.Formats), stages.HEIF, stages.GIF) {
		for _, ext := range f.Extensions() {
			fields = append(fields, ext[1:])
		}
	}
	return fields
}

// tars reads tars and writes tars.
type tars struct {
	TarOptions
	transit[*passing]
	ctx    context.Context
	files  *durable.Writer
	to     *tarWriter      // nil between two tars
	broken bool            // the tar under way is not complete, and never will be
	began  bool            // something was taken
	whole  bool            // the tar on standard output is complete
	taken  map[string]bool // places of tars
	unread bool
	plain  int // samples without an image
	images int // samples with one
}

// A passing is one thing that passes from the tars that are read to those that are written. If every field is empty,
// the tar that is read has failed.
type passing struct {
	sample  *sample
	refused bool   // a file that belongs to no sample and is left out
	begin   *place // of a tar
	end     bool   // of a tar
	name    string // of the tar that begins or ends
	last    bool   // all tars have ended
}

// OfTars returns the stream of the samples of tars.
func OfTars(o TarOptions) Stream {
	return &tars{TarOptions: o, transit: newTransit[*passing](o.jobs), files: durable.NewWriter(), taken: map[string]bool{}}
}

func (t *tars) Inputs(ctx context.Context) (paths.Inputs, error) {
	return paths.Streaming(ctx, func(reading context.Context) (iter.Seq[stages.Source], func() bool, error) {
		t.ctx = reading
		unread := func() bool { return t.unread }
		if t.Names != nil {
			return t.all, unread, nil
		}
		in, err := paths.Reader(reading, t.Stdin)
		return func(yield func(stages.Source) bool) {
			one := t.tar("")
			one.in = in
			if one.read(yield) {
				one.give(yield, stages.Source{}, &passing{last: true}, 0)
			}
			t.unread = t.ctx.Err() != nil
		}, unread, err
	})
}

// all yields the sources of all tars. After the end of the context it yields each tar that was not read to its end.
func (t *tars) all(yield func(stages.Source) bool) {
	for name, err := range t.Names {
		more := true
		switch {
		case t.ctx.Err() != nil:
		case err != nil:
			one := t.tar(name)
			more = one.fail(yield, err)
		default:
			more = t.open(name, yield)
		}
		if !more || t.ctx.Err() != nil && !yield(stages.Source{In: name}) {
			return
		}
	}
	(&oneTar{tars: t}).give(yield, stages.Source{}, &passing{last: true}, 0)
}

// open yields the sources of a tar. It returns false if nobody wants more.
func (t *tars) open(name string, yield func(stages.Source) bool) bool {
	one := t.tar(name)
	one.prefix = name + ":"
	out, err := t.place(name)
	if err == nil {
		err = out.admit(t.Existing)
	}
	var file *os.File
	if err == nil {
		file, err = stages.OpenRegular(name)
		err = stages.WithoutPath(err)
	}
	if err != nil {
		return one.fail(yield, err)
	}
	defer file.Close()
	one.in, one.old = file, out.earlier(t.Existing)
	defer one.old.close()
	if t.Out != "" && !one.give(yield, stages.Source{}, &passing{begin: &out, name: name}, 0) {
		return false
	}
	if !one.read(yield) {
		return false
	}
	return t.Out == "" || t.ctx.Err() != nil || one.give(yield, stages.Source{}, &passing{end: true, name: name}, 0)
}

func (t *tars) tar(name string) oneTar {
	return oneTar{tars: t, name: name, keys: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// place says where the tar for one that is read goes.
func (t *tars) place(name string) (place, error) {
	if t.Out == "" {
		return place{}, nil
	}
	source, err := paths.Mirror(t.Base)(name, "", "")
	if err != nil {
		return place{}, err
	}
	out := filepath.Join(t.Out, source[0].Relative)
	switch {
	case t.taken[out]:
		return place{}, fmt.Errorf("another tar is written to %q", out)
	case paths.SameFile(name, out):
		return place{}, errors.New("it would be its own output")
	}
	t.taken[out] = true
	return place{durable.Place{Path: out, Below: t.Out}}, nil
}

// A oneTar is a tar that is read.
type oneTar struct {
	*tars
	name, prefix string // in messages: of the tar, and before the names of its files
	in           io.Reader
	old          *earlier
	keys         map[uint64]struct{} // hashes of the keys so far, up to keysMost; nil once a key came back
	seed         maphash.Seed
}

// keysMost bounds the keys of a tar that are remembered.
const keysMost = 1 << 18

// scattered returns a warning if a key comes back for the first time: readers take it for another sample.
func (t *oneTar) scattered(key string) string {
	if t.keys == nil || key == "" {
		return ""
	}
	h := maphash.String(t.seed, key)
	if _, before := t.keys[h]; before {
		t.keys = nil
		return fmt.Sprintf("%q: the files of %q do not follow one another and make several samples: tar --sort=name puts them in order", t.called(), key)
	}
	if len(t.keys) < keysMost {
		t.keys[h] = struct{}{}
	}
	return ""
}

// called is what messages call the tar.
func (t *oneTar) called() string { return cmp.Or(t.name, "standard input") }

// give passes a source on. It returns false if nobody wants more, and true even if the context has ended.
func (t *oneTar) give(yield func(stages.Source) bool, s stages.Source, p *passing, weight int) bool {
	if !t.enter(t.ctx, p, weight) {
		if p.sample != nil {
			p.sample.releaseAll()
		}
		return true
	}
	if s.In == "" {
		s.Err = errNoImage
	}
	return yield(s)
}

// fail passes on an error: the tar cannot be used, or cannot be read any further.
func (t *oneTar) fail(yield func(stages.Source) bool, err error) bool {
	return t.give(yield, stages.Source{In: t.called(), Err: paths.Unseen{Err: err}}, &passing{}, 0)
}

// read yields the sources of a tar that is open.
func (t *oneTar) read(yield func(stages.Source) bool) bool {
	for in := webdataset.NewReader(t.in); t.ctx.Err() == nil; {
		s, err := in.Next()
		switch {
		case t.ctx.Err() != nil && s == nil, err == io.EOF:
			return true
		case err != nil:
			return t.fail(yield, err)
		}
		if !t.refuse(yield, s) {
			return false
		}
		source, p := t.source(s)
		weight := s.Held
		if len(p.release) > 1 {
			weight += p.release[1].Held
		}
		if !t.give(yield, source, &passing{sample: p}, weight) {
			return false
		}
	}
	return true
}

// refuse passes on the files before or in a sample that belong to no sample and must not be written. The sample
// itself does not fail because of them. refuse returns false if nobody wants more.
func (t *oneTar) refuse(yield func(stages.Source) bool, s *webdataset.Sample) bool {
	for _, f := range s.Files {
		if f.Field == "" && f.Err != nil && !t.give(yield, stages.Source{In: t.prefix + f.Name, Err: f.Err}, &passing{refused: true}, 0) {
			return false
		}
	}
	return true
}

// source makes the source of a sample. A sample without an image has none, and passes as it is.
func (t *oneTar) source(s *webdataset.Sample) (stages.Source, *sample) {
	p := &sample{Sample: s, image: -1, release: []*webdataset.Sample{s}, warn: t.scattered(s.Key)}
	err := s.Fault()
	for i, f := range s.Files {
		switch {
		case f.Err != nil || !slices.Contains(t.Images, f.Field):
			continue
		case p.image >= 0 && err == nil:
			err = fmt.Errorf("the sample has two images, %q and %q: --tar-image says which one to translate", s.Files[p.image].Name, f.Name)
		}
		p.image = i
	}
	old := t.old.find(s.Key)
	if old != nil {
		p.release = append(p.release, old)
	}
	if p.image < 0 && err == nil {
		return stages.Source{}, p
	}
	image := s.Files[max(0, p.image)]
	source := stages.Source{
		In: t.prefix + image.Name, Relative: path.Clean(image.Name), Out: stages.Stdout, Data: image.Data,
		Format: t.Naming.Format, Sample: 1, Err: err,
	}
	source.Seed = t.seedOf(source.Relative)
	if p.old = resultOf(old); p.old != nil {
		source.Old = p.old.image.Data
	}
	return source, p
}

func (t *tars) Take(it Outcome, rec *ledger.Record) (Effect, error) {
	p, done := t.leave()
	defer done()
	t.began = true
	switch {
	case p.sample != nil:
		defer p.sample.releaseAll()
		return t.put(p.sample, it, rec)
	case p.begin != nil:
		var err error
		t.broken = false
		t.to, err = p.begin.create(t.files, nil)
		return Effect{Tars: []ledger.Record{tarRecord(rec, p.name, "", ledger.StatusUnreached, "")}}, err
	case p.end:
		return t.endTar(p.name, rec)
	case p.last:
		return Effect{Warn: t.imageless()}, t.endAll()
	case p.refused:
		return Effect{Count: true, Record: true}, nil
	}
	t.broken = true // the tar failed
	return Effect{Count: true, Record: true}, nil
}

// stdout is the tar on standard output, which begins with the first sample.
func (t *tars) stdout() *tarWriter {
	if t.to == nil && t.Out == "" {
		t.to, _ = place{}.create(nil, t.Stdout)
	}
	return t.to
}

// put writes a sample.
func (t *tars) put(s *sample, it Outcome, rec *ledger.Record) (Effect, error) {
	t.stdout()
	if IsMark(it.Source) {
		if s.Key != "" {
			t.plain++
		}
		for _, f := range s.Files {
			if f.Err != nil {
				continue
			}
			if err := t.to.Add(f); err != nil {
				return Effect{}, err
			}
		}
		return Effect{Warn: s.warn}, t.to.Flush()
	}
	t.images++
	name, err := t.to.add(s, it, rec, rec.Status == ledger.StatusSkipped || t.Failed == FailedKeep)
	if name != "" && t.to.file != nil {
		name = t.to.place.Path + ":" + name
	}
	rec.Locate(rec.In, name)
	return Effect{Count: true, Record: true, Warn: s.warn}, err
}

// imageless is a warning if there were samples and none had an image.
func (t *tars) imageless() string {
	if t.plain == 0 || t.images > 0 {
		return ""
	}
	return "no sample has an image: --tar-image names the field that is one, such as --tar-image input.jpg"
}

// endTar completes the tar for one that was read.
func (t *tars) endTar(name string, rec *ledger.Record) (Effect, error) {
	to := t.to
	t.to = nil
	if t.broken {
		to.discard()
		return Effect{}, nil
	}
	return to.complete(t.Touch, rec, name)
}

// endAll completes the tar on standard output, unless a tar failed.
func (t *tars) endAll() error {
	if t.Out != "" || t.broken {
		return nil
	}
	_, err := t.stdout().publish(false)
	t.whole = err == nil
	return err
}

func (t *tars) Unfinished() string {
	if t.broken { // that is said already
		return ""
	}
	return t.to.unfinished()
}

func (t *tars) Close() error {
	if !t.whole && t.began {
		t.stdout().discard()
	}
	return t.files.Close()
}

// namesMost bounds the tars that a pattern can stand for.
const namesMost = 1_000_000

// TarNames yields the names that patterns stand for.
func TarNames(patterns iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for pattern, err := range patterns {
			if err != nil {
				yield(pattern, err)
				return
			}
			if isVast(pattern) {
				yield(pattern, fmt.Errorf("it stands for more than %d tars", namesMost))
				return
			}
			for name := range Braces(pattern) {
				if !yield(name, nil) {
					return
				}
			}
		}
	}
}

// isVast tells whether a pattern stands for more than namesMost names.
func isVast(pattern string) bool {
	n := 0
	for range Braces(pattern) {
		if n++; n > namesMost {
			return true
		}
	}
	return false
}
