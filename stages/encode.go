package stages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"gtx/stages/container"
)

// Stdout as a Source.Out keeps the result in memory: Written.Data.
const Stdout = "-"

// A Written is what became of an input, without its pixels.
type Written struct {
	Source        Source
	Width, Height int // of the result
	Domain        string
	P             float64
	Kept          bool // a copy of the input
	Before, After Score
	Flagged       bool
	Repaired      bool
	Data          []byte // the file, where it goes to standard output
	Warnings      []string
}

// A Property is a name and a value that the file records, say "model" and "seasons".
type Property = container.Property

// EncodeOptions says how results are written.
type EncodeOptions struct {
	Size       Size
	Quality    int // of lossy formats, 1 to 100
	InTarget   InTarget
	Parameters []Property // recorded in the file

	KeepProfile bool // the colours of the source's own profile, not sRGB
	Strip       bool // leave out what the source says of itself
	StripGPS    bool // leave out where it was taken
}

// A Size says how large the result is.
type Size struct {
	kind          string // "source", "model", "long" or "exact"
	width, height int
}

// ParseSize reads source (as the input), model (as it left the network), N
// (pixels of the longer side) or WxH.
func ParseSize(s string) (Size, error) {
	if s == "source" || s == "model" {
		return Size{kind: s}, nil
	}
	wide, high, exact := strings.Cut(s, "x")
	w, err := strconv.Atoi(wide)
	h := w
	if err == nil && exact {
		h, err = strconv.Atoi(high)
	}
	if err != nil || min(w, h) < 1 || max(w, h) > 1<<16 {
		return Size{}, fmt.Errorf("%q is not source, model, N or WxH", s)
	}
	if exact {
		return Size{"exact", w, h}, nil
	}
	return Size{"long", w, w}, nil
}

// of is the size of the result for an input and its translation.
func (s Size) of(img Image, result Pixels) (width, height int) {
	switch s.kind {
	case "model":
		return result.Width, result.Height
	case "long":
		scale := float64(s.width) / float64(max(img.Width, img.Height))
		side := func(n int) int { return max(1, int(math.Round(float64(n)*scale))) }
		return side(img.Width), side(img.Height)
	case "exact":
		return s.width, s.height
	}
	return img.Width, img.Height
}

// Encode returns the stage that writes the result: to a temporary file in the
// target folder, synced, then renamed, so that there is never a partial file. A
// kept image is copied byte for byte, or ends with a Skip.
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
			if ctx.Err() != nil { // too late to begin a file
				return context.Cause(ctx)
			}
			if err := c.writeMore(o); err != nil {
				return WithoutPath(err)
			}
			return WithoutPath(writeFile(c.Source.Out, file))
		}
		switch {
		case c.Keep && o.InTarget == LeaveOut:
			return w, Skip{AlreadyTarget}
		case c.Keep:
			w.Width, w.Height = c.Width, c.Height
			return w, write([][]byte{c.file.Data})
		}
		w.Width, w.Height = o.Size.of(c.Image, c.Result)
		err := encode(c, w.Width, w.Height, o, write)
		if errors.Is(err, errEncode) && c.how.strict == anyFault {
			// Decoding it smaller may have passed over a fault near the end.
			c.how.strict = badFault
			if err = encode(c, w.Width, w.Height, o, write); err == nil {
				w.Warnings = append(slices.Clone(w.Warnings), warnDamaged)
			}
		}
		return w, err
	}
}

// writeMore writes the further results, as they left the network. The main one
// comes after them: where it is, they are.
func (c Checked) writeMore(o EncodeOptions) error {
	for i, pixels := range c.More[:min(len(c.More), len(c.Source.More))] {
		more := c
		more.Result, more.Alpha, more.change = pixels, nil, nil
		more.metadata = container.Metadata{} // which are not those of this picture
		err := encode(more, pixels.Width, pixels.Height, o, func(file [][]byte) error {
			return writeFile(c.Source.More[i], file)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var errEncode = errors.New("cannot be encoded")

// encode makes the file of a translation at the given size and passes it on, in
// pieces; it is gone when write returns.
func encode(c Checked, width, height int, o EncodeOptions, write func(file [][]byte) error) error {
	format := c.Source.Format
	if format == "" {
		format = c.Format.Output()
	}
	if most := format.MaxSide(); most > 0 && max(width, height) > most {
		return fmt.Errorf("%d×%d is more than a %s file can hold (%d)", width, height, format, most)
	}
	if err := checkSize(width, height, 4); err != nil {
		return err
	}
	m := c.metadata.Upright()
	if o.Strip {
		m = container.Metadata{}
	}
	if o.StripGPS {
		m = m.WithoutPosition()
	}
	if c.how.profile && !o.KeepProfile {
		m = m.SayingSRGB()
	}
	m = m.WithNote(container.Identity(c.Digest, o.Parameters), o.Parameters)
	saver := strings.NewReplacer("{Q}", strconv.Itoa(o.Quality), "{small}", strconv.FormatBool(width*height <= optimizeUpTo)).Replace(codecs[format].saver)
	var failed error // of write
	err := withPictures(func(s *scope) error {
		p := c.picture(s, width, height, format.Deep(), o.KeepProfile)
		profile := c.Profile
		if o.KeepProfile && c.how.own != nil {
			profile = c.how.own
		}
		p.attach(profile)
		exif, xmp, iptc := m.ForLibvips(format)
		return p.save(saver, exif, xmp, iptc, func(file []byte) error {
			failed = write(m.Insert(format, file))
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("%w as %s", errEncode, format)
	}
	return failed
}

// picture makes the picture of a translation: of the photograph itself where it is
// known what the network changed, else of what the network gave.
func (c Checked) picture(s *scope, width, height int, deep, own bool) picture {
	own = own && c.how.own != nil
	if c.change != nil {
		p := c.whole(s, width, height, deep, own)
		p.change(c.change)
		return p
	}
	p := s.of(c.Result)
	if own {
		p.toProfile(c.how.own)
	}
	p.resize("", width, height)
	if c.Alpha != nil { // of the file, exactly
		p.takeAlpha(c.whole(s, width, height, false, false))
	}
	return p
}

// whole makes the picture of the photograph itself, upright.
func (c Checked) whole(s *scope, width, height int, deep, own bool) picture {
	p := c.open(s, "", true, deep, own)
	if p.image != nil && p.orientation() > 1 {
		p = c.open(s, "", false, deep, own)
		p.turnUpright()
	}
	p.crop(c.crop)
	p.resize("", width, height)
	return p
}

// writeFile puts a file, in pieces, at path in one step: never a part of it.
func writeFile(path string, pieces [][]byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o666), renameio.WithExistingPermissions(), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	for _, piece := range pieces {
		if _, err := f.Write(piece); err != nil {
			return err
		}
	}
	return f.CloseAtomicallyReplace()
}
