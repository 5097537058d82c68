package stages

import (
	"context"
	"fmt"
)

// A Labelled is an image and the domain it is in, where that is known.
type Labelled struct {
	Image
	Domain string  // "" if nobody asked
	P      float64 // probability of Domain; 1 if the user named it
	Keep   bool    // in the target domain already: to be copied or left out
}

// InTarget says what becomes of a picture that already is in the target domain.
type InTarget string

const (
	TranslateAnyway InTarget = "translate"
	Copy            InTarget = "copy"
	LeaveOut        InTarget = "skip"
)

// LabelOptions says what to do with a picture's domain once it is known.
type LabelOptions struct {
	Target    string // domain to translate to; "" when only labels are wanted
	InTarget  InTarget
	Threshold float64 // least probability for a label to count
}

// Classify returns the stage that names the domain of each picture of a batch.
// Pictures enter the classifier at the given shape.
func Classify(c Classifier, shape Shape, o LabelOptions) func(context.Context, []Image) ([]Labelled, error) {
	return func(ctx context.Context, images []Image) ([]Labelled, error) {
		wide, high := shape(images[0].Width, images[0].Height)
		pixels := make([]Pixels, len(images))
		for i, img := range images {
			var err error
			if pixels[i], err = img.Pixels.resized(wide, high); err != nil {
				return nil, err
			}
		}
		p, err := c.Run(ctx, batchOf(pixels))
		if err != nil {
			return nil, err
		}
		classes := c.Classes()
		if len(p) != len(images)*len(classes) {
			return nil, fmt.Errorf("the classifier gave %d numbers for %d pictures and %d classes", len(p), len(images), len(classes))
		}
		labelled := make([]Labelled, len(images))
		for i, img := range images {
			best := 0
			row := p[i*len(classes):][:len(classes)]
			for j := range row {
				if row[j] > row[best] {
					best = j
				}
			}
			labelled[i] = o.label(img, classes[best], float64(row[best]))
		}
		return labelled, nil
	}
}

// Label returns the stage that stands in for Classify where the user named the
// domain of all pictures, or "" where it does not matter.
func Label(domain string, o LabelOptions) func(context.Context, Image) (Labelled, error) {
	return func(_ context.Context, img Image) (Labelled, error) {
		return o.label(img, domain, 1), nil
	}
}

func (o LabelOptions) label(img Image, domain string, p float64) Labelled {
	l := Labelled{Image: img, Domain: domain, P: p}
	if domain == "" {
		l.P = 0
		return l
	}
	l.Keep = domain == o.Target && p >= o.Threshold && o.InTarget != TranslateAnyway
	return l
}

// batchOf lays pictures of one shape end to end. A single one is not copied.
func batchOf(pixels []Pixels) Batch {
	b := Batch{N: len(pixels), Width: pixels[0].Width, Height: pixels[0].Height, Pixels: pixels[0].Data}
	if len(pixels) > 1 {
		b.Pixels = make([]byte, 0, len(pixels)*len(pixels[0].Data))
		for _, p := range pixels {
			b.Pixels = append(b.Pixels, p.Data...)
		}
	}
	return b
}
