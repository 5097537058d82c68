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
)

// Stdout as a Source.Out keeps the result in memory: Written.Data.
const Stdout = "-"

// A Written is the outcome for an input, without pixels.
type Written struct {
	Source        Source
	Width, Height int // of the result
	Domain        string
	P             float64
	Kept          bool // a copy of the input
	Before, After Score
	Flagged       bool
	Repaired      bool
	Data          []byte // the file, if it goes to standard output
	Warnings      []string
}

// A Property is a name and a value that the file records, say "model" and "seasons".
type Property = container.Property

// EncodeOptions says how results are written.
type EncodeOptions struct {
	Size       Size
	Quality    int // of lossy formats, 1 to 100
	JPEG       JPEGOptions
	InTarget   InTarget
	Parameters []Property // recorded in the file, and the base of its identity
	MadeBy     []Property // recorded in the file only
	Required   []Required // of an existing output, for Compare

	KeepProfile bool // stay in the colours of the source's own profile, not sRGB
	Strip       bool // leave out all metadata of the source
	StripGPS    bool // leave out the position at which it was taken
}

// Encode returns the stage that writes the result. It writes to a temporary file in
// the target folder, syncs it and renames it, so there is never a partial file. A kept
// image is copied byte for byte or, with InTargetSkip, ends with a Skip.
func Encode(o EncodeOptions) func(context.Context, Checked) (Written, error) {
	return func(ctx context.Context, c Checked) (Written, error) {
		w := Written{
			Source: c.Source, Domain: c.Domain, P: c.P, Kept: c.Keep,
			Before: c.Before, After: c.After, Flagged: c.Flagged, Repaired: c.Repaired, Warnings: c.Warnings,
		}
		write := func(file [][]byte) error {
			if c.Source.Out == Stdout {
				w.Data = bytes.Join(file, nil)
				return nil
			}
			if ctx.Err() != nil { // begin no file after the end of the run
				return context.Cause(ctx)
			}
			if err := c.writeMore(o); err != nil {
				return WithoutPath(err)
			}
			return WithoutPath(c.Source.write(c.Source.Out, file))
		}
		switch {
		case c.Keep && o.InTarget == InTargetSkip:
			return w, Skip{AlreadyTarget}
		case c.Keep:
			w.Width, w.Height = c.Width, c.Height
			return w, write([][]byte{c.original.file.Data})
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
		return w, err
	}
}

// writeMore writes the further results at the network's size. The main result comes
// after them: if it exists, so do they.
func (c Checked) writeMore(o EncodeOptions) error {
	for i, pixels := range c.More[:min(len(c.More), len(c.Source.More))] {
		more := c
		more.Result, more.Alpha, more.change = pixels, nil, nil
		more.original.metadata = container.Metadata{} // it describes the photograph
		_, err := encode(more, pixels.Width, pixels.Height, o, func(file [][]byte) error {
			return c.Source.write(c.Source.More[i], file)
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
	m := c.metadata(format, o)
	saver := strings.ReplaceAll(codecs[format].saver, "{Q}", strconv.Itoa(o.Quality))
	if format == JPEG {
		saver = o.JPEG.saver(c.original.file.Subsampling, o.Quality, width*height)
	}
	var failed error // of write
	err = withPictures(func(s *scope) error {
		p := c.render(s, width, height, format.Deep(), o.KeepProfile)
		profile := c.Profile
		if o.KeepProfile && c.original.own != nil {
			profile = c.original.own
		}
		p.attach(profile)
		exif, xmp, iptc := m.ForLibvips(format)
		return p.save(saver, exif, xmp, iptc, func(file []byte) error {
			failed = write(container.Seal(m.Insert(format, file)))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("%w as %s", errEncode, format)
	}
	return m.Lost, failed
}

// metadata are those for the file of a translation.
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
	parameters := o.parametersFor(format)
	return m.WithNote(container.Identity(c.Digest, parameters), slices.Concat(parameters, o.MadeBy)).For(format)
}

// render makes the picture of a translation: the photograph with the change applied or, without a
// change, the network's result.
func (c Checked) render(s *scope, width, height int, deep, own bool) picture {
	own = own && c.original.own != nil
	if c.change != nil {
		p := c.original.whole(s, width, height, deep, own)
		p.change(c.change)
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
