package models

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gtx/models/manifest"
)

// A Classifier is a network that gives the probabilities of domains for images, ready to run.
type Classifier struct {
	*sessions
	graph string
}

// NewClassifier opens a session of a model's classifier. It returns the same errors as NewTranslator.
func (r *Runtime) NewClassifier(m *Model, o Options) (*Classifier, error) {
	if m.Manifest.Classifier == nil {
		return nil, fmt.Errorf("model %q is not a classifier", m.Manifest.Name)
	}
	graph := m.Manifest.Classifier.Graph
	trial := func(n *sessions) error {
		w, h := m.Manifest.Classified().Size.Nominal()
		_, err := (&Classifier{n, graph}).Run(context.Background(), Batch{N: 1, Height: h, Width: w, Pixels: make([]byte, w*h*channels)})
		return err
	}
	n, err := r.openSessions(m, []string{graph}, o, rehearsal{trial, goldenOf(m)})
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", m.Manifest.Name, err)
	}
	return &Classifier{n, graph}, nil
}

// Classes lists the domains, in the order of the probabilities.
func (c *Classifier) Classes() []string { return slices.Clone(c.manifest.Classifier.Classes) }

// Close waits for running calls and frees the session.
func (c *Classifier) Close() error { return c.close() }

// Run returns the probabilities for a batch, in [0,1]: one row per image, in the order of the images,
// with one number per class. A row adds up to 1 if the activation is softmax. Like Translator.Run it
// may be called from many goroutines at once and ends with its context.
func (c *Classifier) Run(ctx context.Context, in Batch) ([]float32, error) {
	if err := in.check(c.manifest.Classified()); err != nil {
		return nil, err
	}
	spec := c.manifest.Classifier
	width := len(spec.Classes)
	var result []float32
	err := c.inParts(ctx, []string{c.graph}, in, func(part Batch, count int) error {
		s := c.byGraph[c.graph]
		inputs := make([]tensor, len(s.inputs))
		for i, input := range s.inputs {
			inputs[i] = pack(part.Pixels, part.N, part.Height, part.Width, input)
		}
		outputs, err := s.run(ctx, inputs, c.fixes(part.Width, part.Height))
		if err != nil {
			return err
		}
		given := outputs[0]
		if len(given.shape) != 2 || given.shape[0] != int64(part.N) || given.shape[1] != int64(width) {
			return fmt.Errorf("the network gave %v instead of %d logits for each of %d images", given.shape, width, part.N)
		}
		logits := given.floats[:count*width]
		for row := range slices.Chunk(logits, width) {
			if err := activate(spec.Activation, row); err != nil {
				return err
			}
		}
		result = append(result, logits...)
		return nil
	})
	return result, err
}

// activate turns the logits of one image into probabilities, in place.
func activate(activation manifest.Activation, row []float32) error {
	highest := slices.Max(row) // NaN if the row contains one
	sum := 0.0
	for i, logit := range row {
		if logit-logit != 0 {
			return errNotFinite
		}
		switch activation {
		case manifest.ActivationSoftmax:
			// No exponential overflows if it is taken relative to the highest logit.
			e := math.Exp(float64(logit - highest))
			row[i] = float32(e)
			sum += e
		case manifest.ActivationSigmoid:
			row[i] = float32(1 / (1 + math.Exp(-float64(logit))))
		default:
			if logit < 0 || logit > 1 {
				return fmt.Errorf("the network gave the probability %g", logit)
			}
		}
	}
	if activation == manifest.ActivationSoftmax {
		for i := range row {
			row[i] = float32(float64(row[i]) / sum)
		}
	}
	return nil
}
