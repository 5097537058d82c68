package stages

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Labelled is an image and its domain, if that is known.
type Labelled struct {
	Image
	Domain string  // "" if unknown; with PolicyAll a comma-separated list or "none"
	P      float64 // probability of Domain, the lowest of several; 1 if the user named it
	Keep   bool    // in the target domain already: to be copied or skipped, not translated
}

// InTarget says what to do with an image that is already in the target domain.
type InTarget string

const (
	InTargetTranslate InTarget = "translate"
	InTargetCopy      InTarget = "copy"
	InTargetSkip      InTarget = "skip"
)

// LabelOptions says how the domain of an image is chosen and what follows from it.
type LabelOptions struct {
	Target    string // domain to translate to; "" if only labels are wanted
	InTarget  InTarget
	Threshold float64 // lowest probability at which a label counts
	Policy    Policy  // "" is PolicyBest
}

// A Policy says which classes name the domain of an image.
type Policy string

const (
	PolicyBest    Policy = "best"    // the most likely class
	PolicyUnknown Policy = "unknown" // the most likely class, or none if it is below the threshold
	PolicyAll     Policy = "all"     // all classes at or above the threshold, "none" if there are none
)

// Classify returns the stage that names the domain of each image of a batch. The
// classifier gets the images at the given shape.
func Classify(c Classifier, shape Shape, o LabelOptions) func(context.Context, []Image) ([]Labelled, error) {
	return func(ctx context.Context, images []Image) ([]Labelled, error) {
		width, height := shape(images[0].Width, images[0].Height)
		pixels := make([]Pixels, len(images))
		for i, img := range images {
			var err error
			if pixels[i], err = resized(img.Pixels, width, height); err != nil {
				return nil, err
			}
		}
		p, err := c.Run(ctx, batchOf(pixels))
		if err != nil {
			return nil, err
		}
		classes := c.Classes()
		if len(p) != len(images)*len(classes) {
			return nil, fmt.Errorf("the classifier gave %d numbers for %d images and %d classes", len(p), len(images), len(classes))
		}
		labelled := make([]Labelled, len(images))
		for i, img := range images {
			domain, probability := o.name(classes, p[i*len(classes):][:len(classes)])
			labelled[i] = o.label(img, domain, probability)
		}
		return labelled, nil
	}
}

// Label returns the stage that replaces Classify if the user named the domain of
// all images, or "" if the domain does not matter.
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
	l.Keep = domain != "" && o.inTarget(domain) && p >= o.Threshold && o.InTarget != InTargetTranslate
	return l
}

// inTarget reports whether an image of a domain is in the target domain already.
func (o LabelOptions) inTarget(domain string) bool {
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

// name chooses among the classes of an image by their probabilities. It returns the
// domain and its probability.
func (o LabelOptions) name(classes []string, p []float32) (string, float64) {
	if o.Policy == PolicyAll {
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
	if o.Policy == PolicyUnknown && float64(p[best]) < o.Threshold {
		return "", float64(p[best])
	}
	return classes[best], float64(p[best])
}
