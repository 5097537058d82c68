package streams

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"gtx/cli/ledger"
	"gtx/stages"
	"gtx/stages/container"
	"gtx/stages/durable"
	"gtx/stages/webdataset"
)

// Failed says what becomes of samples whose image fails.
type Failed string

const (
	FailedDrop Failed = "drop" // they are left out
	FailedKeep Failed = "keep" // they stay as they are
)

// A place is where a tar goes: a file or, without one, standard output.
type place struct{ durable.Place }

var (
	errExists  = errors.New("the output exists")
	errForeign = errors.New("the output exists and was not made by gtx (--existing redo overwrites it)")
)

// admit refuses to write where a tar exists that the policy protects.
func (p place) admit(existing stages.Existing) error {
	if existing == stages.ExistingRedo {
		return nil
	}
	f, err := p.Open()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return p.Unreadable(err)
	}
	defer f.Close()
	switch {
	case existing == stages.ExistingFail:
		return errExists
	case !webdataset.IsOwn(f):
		return errForeign
	}
	return nil
}

// A tarWriter writes a tar to its place.
type tarWriter struct {
	*webdataset.Writer
	place place
	file  *durable.Growing // nil: standard output
	sum   hash.Hash        // of a file
	made  int              // results of this run in it
}

// unfinished says that the tar, which goes to a file, is not complete. If there is none it returns "".
func (w *tarWriter) unfinished() string {
	if w == nil || w.file == nil {
		return ""
	}
	return fmt.Sprintf("%q is not complete: what this run made for it (%d) is not in place", w.place.Path, w.made)
}

// tarRecord is the record of the tar out, which is made of in. of is any other record of the run.
func tarRecord(of *ledger.Record, in, out, status, message string) ledger.Record {
	rec := ledger.Record{
		Model: of.Model, Provider: of.Provider, Precision: of.Precision, To: of.To, Strength: of.Strength,
		Tar: true, Status: status, Message: message,
	}
	rec.Locate(in, out)
	return rec
}

// create begins a tar. Without a path it goes to stdout.
func (p place) create(files *durable.Writer, stdout io.Writer) (*tarWriter, error) {
	if p.Path == "" {
		return &tarWriter{Writer: webdataset.NewWriter(stdout)}, nil
	}
	durable.NewSweeper().Sweep(p.Place)
	file, err := files.Create(p.Place)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	return &tarWriter{Writer: webdataset.NewWriter(io.MultiWriter(file, sum)), place: p, file: file, sum: sum}, nil
}

// complete publishes the tar that is made of in, and tells of it. of is any other record of the run.
func (w *tarWriter) complete(touch bool, of *ledger.Record, in string) (Effect, error) {
	same, err := w.publish(touch)
	if err != nil {
		return Effect{}, err
	}
	out := w.place.Path
	if same && w.made == 0 {
		return Effect{Tars: []ledger.Record{tarRecord(of, in, out, ledger.StatusSkipped, stages.UpToDate)}}, nil
	}
	effect := Effect{Tars: []ledger.Record{tarRecord(of, in, out, ledger.StatusDone, "")}}
	if !same {
		effect.Print = []string{out}
	}
	return effect, nil
}

// publish completes the tar. It tells whether there was a file of the same bytes before. That file then stays, and with
// touch its time becomes now.
func (w *tarWriter) publish(touch bool) (same bool, err error) {
	err = w.Writer.Close()
	if w.file == nil {
		return false, err
	}
	if err != nil {
		w.file.Discard()
		return false, err
	}
	if old, err := w.place.Open(); err == nil {
		sum := sha256.New()
		_, err = io.Copy(sum, old)
		old.Close()
		if err == nil && string(sum.Sum(nil)) == string(w.sum.Sum(nil)) {
			w.file.Discard()
			if touch {
				err = w.place.Touch()
			}
			return true, err
		}
	}
	return false, w.file.Publish()
}

// discard drops the tar, if any. One on standard output, which remembers its errors, ends in a way that readers notice.
func (w *tarWriter) discard() {
	switch {
	case w == nil:
	case w.file == nil:
		_ = w.Cut()
	default:
		w.file.Discard()
	}
}

// An earlier is the tar that an earlier run left where a new one goes.
type earlier struct {
	file  *os.File
	tar   *webdataset.Reader
	next  *webdataset.Sample // nil at the end
	index *webdataset.Index  // nil as long as both tars have the same samples
}

// earlier opens the tar in place, if there is one whose results may be current.
func (p place) earlier(existing stages.Existing) *earlier {
	if p.Path == "" || existing != stages.ExistingSkip {
		return nil
	}
	f, err := p.Open()
	if err != nil {
		return nil
	}
	e := &earlier{file: f, tar: webdataset.NewReader(f)}
	e.advance()
	return e
}

// advance reads the next sample.
func (e *earlier) advance() {
	for {
		var err error
		if e.next, err = e.tar.Next(); err != nil || e.next.Key != "" {
			return
		}
		e.next.Release()
	}
}

// find returns the sample of a key, or nil. If it is not the next one, find looks where the tar has it.
func (e *earlier) find(key string) *webdataset.Sample {
	if e == nil || key == "" {
		return nil
	}
	if e.next == nil || e.next.Key != key {
		if e.index == nil {
			index := webdataset.IndexOf(e.from(0))
			e.index = &index
		}
		at, there := e.index.Find(key)
		if !there {
			return nil
		}
		e.release()
		e.tar = webdataset.NewReader(e.from(at))
		if e.advance(); e.next == nil || e.next.Key != key {
			return nil
		}
	}
	found := e.next
	e.advance()
	return found
}

// from reads the tar from an offset, whatever else reads it.
func (e *earlier) from(at int64) *io.SectionReader {
	return io.NewSectionReader(e.file, at, math.MaxInt64-at)
}

func (e *earlier) release() {
	if e.next != nil {
		e.next.Release()
	}
}

func (e *earlier) close() {
	if e != nil {
		e.release()
		e.file.Close()
	}
}

// An earlierResult is an image of an earlier run with its record.
type earlierResult struct{ image, record webdataset.File }

// resultOf finds the result in a sample that gtx wrote: its record comes after it. There may be none.
func resultOf(s *webdataset.Sample) *earlierResult {
	for i := 1; s != nil && i < len(s.Files); i++ {
		if s.Files[i].Field == webdataset.Record && len(s.Files[i-1].Data) > 0 {
			return &earlierResult{s.Files[i-1], s.Files[i]}
		}
	}
	return nil
}

// A sample is a webdataset.Sample on its way to a tar.
type sample struct {
	*webdataset.Sample
	image   int            // number of its image among the files, or -1
	in      string         // what the record calls the image; "": by its name in the tar
	old     *earlierResult // nil if there is none
	release []*webdataset.Sample
	warn    string
}

func (s *sample) releaseAll() {
	for _, r := range s.release {
		r.Release()
	}
}

// add writes a sample with the result of its image and a record. keep: without a result, its files stay as they are.
// add returns the result's name in the tar, or "" for none. If another file has that name, the record says failed.
func (w *tarWriter) add(s *sample, it Outcome, rec *ledger.Record, keep bool) (name string, err error) {
	image, record, err := s.result(it, rec)
	if err != nil {
		return "", err
	}
	dropped := image.Name == "" && !keep
	remains := false // of the sample, without its image
	for i, f := range s.Files {
		switch {
		case f.Err != nil, dropped && f.Field != "":
			continue
		case i == s.image && image.Name != "":
			f = image
		case f.Field == webdataset.Record:
			continue
		}
		err = errors.Join(err, w.Add(f))
		if i == s.image {
			err = errors.Join(err, w.Add(record))
		}
		remains = remains || f.Field != ""
	}
	if s.image < 0 && remains {
		err = errors.Join(err, w.Add(record))
	}
	if rec.Made() {
		w.made++
	}
	return image.Name, errors.Join(err, w.Flush())
}

// result makes the file of a result and that of its record. Without a result the first has no name.
func (s *sample) result(it Outcome, rec *ledger.Record) (image, record webdataset.File, err error) {
	source := s.Files[max(0, s.image)].Name
	switch {
	case rec.Status == ledger.StatusSkipped && rec.Message == stages.UpToDate:
		return s.old.image, s.old.record, nil
	case rec.Made():
		image = webdataset.File{Name: resultName(source, it.Value.Data), Data: it.Value.Data}
		if err := s.clash(image.Name); err != nil {
			rec.Status, rec.Class, rec.Message = ledger.StatusFailed, "sample", err.Error()
			image = webdataset.File{}
		}
	}
	within := *rec
	within.Locate(cmp.Or(s.in, source), image.Name)
	within.Millis = nil // they differ from run to run
	record = webdataset.File{Name: s.Key + "." + webdataset.Record, Field: webdataset.Record}
	record.Data, err = within.JSON()
	return image, record, err
}

// clash returns an error if a file of the sample, other than its image, has the name.
func (s *sample) clash(name string) error {
	_, field := webdataset.Split(name)
	for i, f := range s.Files {
		if i != s.image && f.Field == field {
			return fmt.Errorf("the result would have the name of %q", f.Name)
		}
	}
	return nil
}

// resultName is the name of a source with the extension that suits the result.
func resultName(source string, result []byte) string {
	return strings.TrimSuffix(source, filepath.Ext(source)) + container.Sniff(result).Extension(source)
}
