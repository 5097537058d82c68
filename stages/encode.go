package stages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gtx/stages/container"
	"gtx/stages/durable"
)

// Stdout as a Source.Out keeps the result in memory: Written.Data.
const Stdout = "-"

// An Encoded is a result whose files have temporary names.
type Encoded struct {
	Written
	files *durable.Files // nil if there are no files
}

// A Property is a name and a value that the file records, say "model" and "seasons".
type Property = container.Property

// EncodeOptions says how results are written.
type EncodeOptions struct {
	Writer     *durable.Writer // the one of Sync; not needed for standard output
	Size       Size
	Quality    int // of lossy formats, 1 to 100
	JPEG       JPEGOptions
	InTarget   InTarget
	Parameters []Property // recorded in the file, and the base of its identity
	MadeBy     []Property // recorded in the file only
	Required   []Required // of an existing output, for Compare
	Touch      bool       // Compare sets the time of a current output to now

	KeepProfile bool // stay in the colours of the source's own profile, not sRGB
	Strip       bool // leave out all metadata of the source
	StripGPS    bool // leave out the position at which it was taken
}

// Encode returns the stage that makes the files of a result. They have temporary names in the target folder until
// Sync has made them durable, so there is never a partial file. A kept image is copied byte for byte or, with
// InTargetSkip, ends with a Skip.
func Encode(o EncodeOptions) func(context.Context, Checked) (Encoded, error) {
	return func(ctx context.Context, c Checked) (Encoded, error) {
		defer c.original.file.release()
		e := Encoded{Written: Written{
			Source: c.Source, Domain: c.Domain, P: c.P, Kept: c.Keep,
			Before: c.Before, After: c.After, Flagged: c.Flagged, Repaired: c.Repaired, Moved: c.Moved, Warnings: c.Warnings,
		}}
		if c.Keep && o.InTarget == InTargetSkip {
			return e, Skip{AlreadyTarget}
		}
		if output := c.Source.output(c.Format); c.Keep && output != c.Format && c.Source.Out != Stdout {
			return e, fmt.Errorf("in the target domain already, and a %s file is not copied to the name of a %s file", c.Format, output)
		}
		if c.Source.Out == Stdout {
			return e, c.encodeAll(&e.Written, o, func(file [][]byte) error {
				e.Data = bytes.Join(file, nil)
				return nil
			})
		}
		var err error
		if e.files, err = o.Writer.Begin(ctx); err != nil {
			return e, err
		}
		err = c.encodeAll(&e.Written, o, func(file [][]byte) error {
			e.files.Discard() // of a first attempt
			if err := c.addMore(e.files, o); err != nil {
				return err
			}
			return e.files.Add(c.Source.place(c.Source.Out), file)
		})
		if err != nil {
			e.files.End()
		}
		return e, err
	}
}

// encodeAll makes the main file of a result, and calls write with it.
func (c Checked) encodeAll(w *Written, o EncodeOptions, write func(file [][]byte) error) error {
	if c.Keep {
		w.Width, w.Height = c.Width, c.Height
		return write([][]byte{c.original.file.Data})
	}
	w.Width, w.Height = o.Size.of(c.Image, c.Result)
	lost, err := encode(c, w.Width, w.Height, o, write)
	if errors.Is(err, errEncode) && c.original.strict == anyFault {
		// Decode shrinks while it decodes, so it may have missed a fault near the end.
		c.original.strict = badFault
		if lost, err = encode(c, w.Width, w.Height, o, write); err == nil {
			lost = append(slices.Clip(lost), warnDamaged)
		}
	}
	w.Warnings = slices.Concat(w.Warnings, lost)
	return err
}

// addMore adds the further results at the network's size. The main result comes after them: if it exists, so
// do they.
func (c Checked) addMore(files *durable.Files, o EncodeOptions) error {
	for i, pixels := range c.More[:min(len(c.More), len(c.Source.More))] {
		more := c
		more.Result, more.Alpha, more.change = pixels, nil, nil
		more.original.metadata = container.Metadata{} // it describes the photograph
		_, err := encode(more, pixels.Width, pixels.Height, o, func(file [][]byte) error {
			return files.Add(c.Source.place(c.Source.More[i]), file)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var errEncode = errors.New("cannot be encoded")

// encode makes the file of a translation at the given size and calls write with it, in
// pieces that are valid only until write returns. lost are warnings: which metadata the file lacks.
func encode(c Checked, width, height int, o EncodeOptions, write func(file [][]byte) error) (lost []string, err error) {
	format := c.Source.output(c.Format)
	if most := format.MaxSide(); most > 0 && max(width, height) > most {
		return nil, fmt.Errorf("%d×%d is more than a %s file can hold (%d)", width, height, format, most)
	}
	if err := checkSize(width, height, 4); err != nil {
		return nil, err
	}
	if format == AVIF {
		loadHEIF()
	}
	m := c.metadata(format, o)
	var failed error // of write
	err = withPictures(func(s *scope) error {
		p := c.render(s, width, height, format.Deep(), o.KeepProfile)
		profile := c.Profile
		if o.KeepProfile && c.original.own != nil {
			profile = c.original.own
		}
		p.attach(profile)
		exif, xmp, iptc := m.ForLibvips(format)
		finish := func(file []byte) error {
			s.leave() // the pixels are done
			failed = write(container.Seal(m.Insert(format, file)))
			return nil
		}
		if format == JPEG {
			coding := o.JPEG.coding(c.original.file.Subsampling, o.Quality, width*height)
			coding.density = len(m.Exif) == 0
			return p.saveJPEG(coding, xmp, iptc, finish)
		}
		saver := strings.ReplaceAll(codecs[format].saver, "{Q}", strconv.Itoa(o.Quality))
		return p.save(saver, exif, xmp, iptc, finish)
	})
	if errors.As(err, new(decoderError)) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w as %s", errEncode, format)
	}
	return m.Lost, failed
}

// Recode returns a function that gives a picture in the format of its source's result, without a translation and so
// without a note.
func Recode(open OpenOptions, o EncodeOptions) func(context.Context, Source) ([]byte, error) {
	read := Then(Open(open), Decode(nil))
	return func(ctx context.Context, s Source) (data []byte, err error) {
		img, err := read(ctx, s)
		if err != nil {
			return nil, err
		}
		defer img.original.file.release()
		c := Checked{Translated: Translated{Labelled: Labelled{Image: img, Keep: true}}}
		width, height := o.Size.of(img, img.Pixels)
		_, err = encode(c, width, height, o, func(file [][]byte) error {
			data = bytes.Join(file, nil)
			return nil
		})
		return data, err
	}
}

// FlaggedProperty is true in the note of a result that shows a checkerboard.
const FlaggedProperty = "flagged"

// metadata returns the metadata for the file of a translation.
func (c Checked) metadata(format Format, o EncodeOptions) container.Metadata {
	m := c.original.metadata.Upright()
	if o.Strip {
		m = container.Metadata{}
	}
	if o.StripGPS {
		m = m.WithoutPosition()
	}
	if c.original.profile && !o.KeepProfile {
		m = m.SayingSRGB()
	}
	if c.Keep {
		return m.For(format)
	}
	parameters := o.parametersFor(format)
	note := slices.Concat(parameters, o.MadeBy)
	if c.Flagged {
		note = append(note, Property{Name: FlaggedProperty, Value: "true"})
	}
	return m.WithNote(container.Identity(c.Digest, parameters), note).For(format)
}

// render makes the picture of a translation: the photograph with the change applied or, without a
// change, the network's result. For an image that is kept, it is the photograph.
func (c Checked) render(s *scope, width, height int, deep, own bool) picture {
	own = own && c.original.own != nil
	if c.change != nil || c.Keep {
		p := c.original.whole(s, width, height, deep, own)
		if c.change != nil {
			p.change(c.change)
		}
		return p
	}
	p := s.of(c.Result)
	if own {
		p.toProfile(c.original.own)
	}
	p.resize(FilterLanczos, width, height)
	if c.Alpha != nil { // the exact alpha of the file
		p.takeAlpha(c.original.whole(s, width, height, false, false))
	}
	return p
}
