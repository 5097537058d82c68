package page

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gtx/cli/summary"
	"gtx/pipeline"
	"gtx/stages"
)

// A made is what was made of one picture of a card, or why it could not be.
type made struct {
	stages.Thumbnail
	err error
}

// Limits on the longest side of a thumbnail, in pixels. Thumbnails shrink to the least only in a full page.
const (
	sideLeast = 16
	sideMost  = 640
)

// A fit chooses the size of thumbnails so that all have room in a page. Their bytes differ too much between photographs
// to be known in advance, so they are made in rounds, and each round has the size that the rounds before suggest.
type fit struct {
	left    int // pictures that are still to be made
	bytes   int // of those that were made
	squares int // of their longest sides
}

// There are rounds of at least roundLeast cards. A picture aims at only a part of its share, so that few are made
// twice. bytesAtFirst is a first guess of a thumbnail's bytes, divided by the square of its longest side.
const (
	rounds       = 16
	roundLeast   = 8
	aim          = 0.95
	bytesAtFirst = 0.2
)

// of returns the side that the next n pictures have at first, and the bytes that each may take on average. Except in
// the last rounds, these may be more than its share of the room, because most pictures take less.
func (f *fit) of(n, room int) (side, most int) {
	share := float64(room) / float64(max(1, f.left)) / 4 * 3 // in base64, three bytes take four
	density := bytesAtFirst
	if f.squares > 0 {
		density = float64(f.bytes) / float64(f.squares)
	}
	side = max(sideLeast, int(min(sideMost, math.Sqrt(aim*share/density))))
	if f.left >= 2*n {
		share *= 1.5
	}
	return side, int(share) - len(inline("jpeg", nil))
}

// took tells how large a picture has become.
func (f *fit) took(t stages.Thumbnail) {
	f.left--
	f.bytes += len(t.File)
	f.squares += max(t.Width, t.Height) * max(t.Width, t.Height)
}

// showPictures makes the thumbnails of all cards.
func (v *view) showPictures(ctx context.Context, o Options) error {
	var f fit
	for _, c := range v.Pictures {
		f.left += c.pictures()
	}
	for cards := range slices.Chunk(v.Pictures, max(roundLeast, len(v.Pictures)/rounds)) {
		n := 0
		for _, c := range cards {
			n += c.pictures()
		}
		side, most := f.of(n, v.pictures.room)
		if o.Thumbs == Folder {
			side, most = sideMost, math.MaxInt/3
		}
		flow := pipeline.Each(pipeline.From(pipeline.New(ctx, 3*max(1, o.Jobs)), slices.Values(cards)), "picture", o.Jobs, func(ctx context.Context, c card) ([3]made, error) {
			return thumbnails(ctx, o, c, side, most), context.Cause(ctx)
		})
		at := 0
		err := pipeline.Drain(flow, func(it pipeline.Item[card, [3]made]) error {
			if it.Err != nil {
				return it.Err
			}
			v.step()
			c := &cards[at]
			at++
			return v.fill(c, it.Value, &f)
		})
		if err != nil {
			return err
		}
	}
	v.noteMissing()
	return nil
}

// thumbnails makes those of a card, all of one size. It shrinks them if they take more bytes, on average, than most.
func thumbnails(ctx context.Context, o Options, c card, side, most int) (triple [3]made) {
	for {
		show := stages.MakeThumbnail(stages.ThumbnailOptions{Open: o.Open, Side: side, Note: o.Thumbs == Folder})
		bytes, long := 0, 0
		for i, p := range c.parts() {
			if p != nil {
				t, err := show(ctx, p.path)
				triple[i] = made{t, err}
				bytes, long = bytes+len(t.File), max(long, t.Width, t.Height)
			}
		}
		if bytes <= most*c.pictures() || long <= sideLeast {
			return triple
		}
		shrink := 0.95 * math.Sqrt(float64(max(1, most*c.pictures()))/float64(bytes))
		side = max(sideLeast, int(float64(long)*shrink))
	}
}

// fill puts pictures into a card.
func (v *view) fill(c *card, triple [3]made, f *fit) (err error) {
	for i, p := range c.parts() {
		if p == nil {
			continue
		}
		t := triple[i]
		f.took(t.Thumbnail)
		if p.err = t.err; p.err == nil {
			p.Source, p.err = v.pictures.add("jpeg", t.File)
		}
		switch {
		case p.err == nil:
			p.Width, p.Height = t.Width, t.Height
			c.Width, c.Height = t.Width, t.Height
		case t.err != nil || errors.Is(p.err, errFull):
			p.Missing = missing(p.err)
		default:
			return p.err
		}
	}
	return nil
}

// noteMissing says how many results have no picture, and why.
func (v *view) noteMissing() {
	if v.sourceless > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("no source beside the pattern of %s of %s results: the file is gone or of another size", summary.Count(v.sourceless), summary.Count(len(v.Flagged)+len(v.FlaggedMore))))
	}
	gone, full := 0, 0
	for _, c := range v.Pictures {
		err := errors.Join(c.errs()...)
		switch {
		case errors.Is(err, errFull):
			full++
		case err != nil:
			gone++
		}
	}
	for _, one := range []struct {
		n   int
		why string
	}{{gone, "the file is gone or cannot be shown"}, {full, errFull.Error()}} {
		if one.n > 0 {
			v.Notes = append(v.Notes, fmt.Sprintf("no picture of %s of %s results: %s", summary.Count(one.n), summary.Count(len(v.Pictures)), one.why))
		}
	}
}
