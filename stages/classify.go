package stages

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Labelled is an image and the domain it is in, where that is known.
type Labelled struct {
	Image
	Domain string  // "" if nobody knows; where several may hold, a list with commas, or "none"
	P      float64 // probability of Domain, the least of several; 1 if the user named it
	Keep   bool    // in the target domain already: to be copied or left out
}

// InTarget says what becomes of a picture that already is in the target domain.
type InTarget string

const (
	InTargetTranslate InTarget = "translate"
	InTargetCopy      InTarget = "copy"
	InTargetSkip      InTarget = "skip"
)

// LabelOptions says what to do with a picture's domain once it is known.
type LabelOptions struct {
	Target    string // domain to translate to; "" when only labels are wanted
	InTarget  InTarget
	Threshold float64 // least probability for a label to count
	// Policy says which classes name a picture: best (the likeliest; the default),
	// unknown (the same, but none below the threshold) or all from the threshold on.
	Policy string
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
			domain, probability := o.name(classes, p[i*len(classes):][:len(classes)])
			labelled[i] = o.label(img, domain, probability)
		}
		return labelled, nil
	}
}

// Label returns the stage that stands in for Classify where the user named the
// domain of all pictures, or "" where it does not matter.
func Label(domain string, o LabelOptions) func(context.Context, Image) (Labelled, error) {
	p := 1.0
	if domain == "" {
		p = 0
	}
	return func(_ context.Context, img Image) (Labelled, error) {
		return o.label(img, domain, p), nil
	}
}

func (o LabelOptions) label(img Image, domain string, p float64) Labelled {
	l := Labelled{Image: img, Domain: domain, P: p}
	l.Keep = domain != "" && o.holds(domain) && p >= o.Threshold && o.InTarget != InTargetTranslate
	return l
}

// holds tells whether a picture of a domain is in the target already.
func (o LabelOptions) holds(domain string) bool {
	has := strings.Split(domain, ",")
	for want := range strings.SplitSeq(o.Target, ",") {
		name, absent := strings.CutPrefix(want, "not-")
		if slices.Contains(has, want) || absent && !slices.Contains(has, name) {
			continue
		}
		return false
	}
	return true
}

// name chooses among the classes of a picture by their probabilities.
func (o LabelOptions) name(classes []string, p []float32) (string, float64) {
	if o.Policy == "all" {
		names, least := []string{}, float32(1)
		for i, class := range classes {
			if float64(p[i]) >= o.Threshold {
				names, least = append(names, class), min(least, p[i])
			}
		}
		if len(names) == 0 {
			return "none", 1
		}
		return strings.Join(names, ","), float64(least)
	}
	best := 0
	for i := range p {
		if p[i] > p[best] {
			best = i
		}
	}
	if o.Policy == "unknown" && float64(p[best]) < o.Threshold {
		return "", float64(p[best])
	}
	return classes[best], float64(p[best])
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
