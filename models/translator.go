package models

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"gtx/models/labelmap"
	"gtx/models/manifest"
)

// A Request says what to do with all images of a run.
type Request struct {
	To        string           // a target, see Manifest.Targets; "" if the model has none
	Strength  float64          // 1 is full
	Seed      uint64           // for shared noise, and for images without a seed of their own
	Exemplars map[string]Batch // by attribute
}

// A Translator is a model that gives images, opened for one request.
type Translator struct {
	*sessions
	request Request
}

// NewTranslator opens sessions of the graphs that lead to the target of a request. The error is a
// *manifest.Error if the manifest contradicts the network, a *DeviceError if the requested device is not
// available, and a *manifest.DomainError or *manifest.StrengthError if the model cannot do what the request asks.
func (r *Runtime) NewTranslator(m *Model, q Request, o Options) (*Translator, error) {
	spec := m.Manifest
	if !spec.Translates() {
		return nil, fmt.Errorf("model %q is a classifier and translates nothing", spec.Name)
	}
	if err := spec.CheckTarget(q.To, q.Strength); err != nil {
		return nil, err
	}
	if err := checkExemplars(spec, q); err != nil {
		return nil, fmt.Errorf("model %q: %w", spec.Name, err)
	}
	t := &Translator{request: q}
	var graphs, finals []string
	for _, d := range spec.Directions {
		if d.To == q.To && !slices.Contains(finals, d.Graph) {
			finals = append(finals, d.Graph)
		}
	}
	if len(finals) == 0 {
		finals = spec.Finals()
	}
	for _, final := range finals {
		for _, graph := range spec.Order(final, t.skips(spec)) {
			if !slices.Contains(graphs, graph) {
				graphs = append(graphs, graph)
			}
		}
	}
	var err error
	if t.sessions, err = r.openSessions(m, graphs, o, rehearsal{t.trial(finals), goldenOf(m)}); err != nil {
		return nil, fmt.Errorf("model %q: %w", spec.Name, err)
	}
	return t, nil
}

// trial returns a function that runs the graphs that end in finals once, on an image of one colour.
func (t *Translator) trial(finals []string) func(*sessions) error {
	return func(n *sessions) error {
		trial := &Translator{sessions: n, request: t.request}
		plain := Batch{N: 1, Seeds: []uint64{0}}
		if in := n.manifest.Image(); in != nil {
			plain.Width, plain.Height = in.Size.Nominal()
			plain.Pixels = labelmap.Blank(in.LabelMap, plain.Height*plain.Width)
		}
		for _, final := range finals {
			if _, err := trial.run(context.Background(), final, manifest.NoDomain, plain); err != nil {
				return err
			}
		}
		return nil
	}
}

// checkExemplars makes sure that a request has every exemplar that the model needs and no unknown ones, and
// that each has a size that its input accepts.
func checkExemplars(m *manifest.Manifest, q Request) error {
	var known []string
	for _, in := range m.Exemplars() {
		attribute := in.Exemplar.Attribute
		known = append(known, attribute)
		exemplar, given := q.Exemplars[attribute]
		switch {
		case !given && in.Exemplar.Min > 0 && attribute == "":
			return fmt.Errorf("an exemplar is needed")
		case !given && in.Exemplar.Min > 0:
			return fmt.Errorf("an exemplar of %s is needed", attribute)
		case given:
			if !in.Exemplar.Accepts(exemplar.N) {
				return fmt.Errorf("exemplar: %d images; the model takes %d to %d", exemplar.N, max(in.Exemplar.Min, 1), in.Exemplar.Max)
			}
			if err := exemplar.check(in); err != nil {
				return fmt.Errorf("exemplar: %w", err)
			}
		}
	}
	for _, attribute := range slices.Sorted(maps.Keys(q.Exemplars)) {
		switch {
		case len(known) == 0:
			return fmt.Errorf("the model takes no exemplar")
		case !slices.Contains(known, attribute):
			return fmt.Errorf("the model takes no exemplar of %q; known are %q", attribute, known)
		}
	}
	return nil
}

// skips returns a function that says whether a graph is left out because it takes an exemplar that the request
// does not have.
func (t *Translator) skips(m *manifest.Manifest) func(graph string) bool {
	return func(graph string) bool {
		return slices.ContainsFunc(m.InputsOf(graph), func(in *manifest.Input) bool {
			if in.Role != manifest.RoleExemplar {
				return false
			}
			_, given := t.request.Exemplars[in.Exemplar.Attribute]
			return !given
		})
	}
}

// Close waits for running calls and frees the sessions.
func (t *Translator) Close() error { return t.close() }

// Run translates a batch. It returns one batch of as many images for each of the model's Results, in their
// order. If the network changes the size, results differ in size from the input. Run may be called from many
// goroutines at once, and neither keeps nor changes its input. When the context ends, Run waits until the
// network has stopped and returns the context's error. The error is a *manifest.SourceError if the translation
// depends on the domain of an image, and the domain is unknown or has no way to the target.
func (t *Translator) Run(ctx context.Context, in Batch) ([]Batch, error) {
	if err := in.check(t.manifest.Image()); err != nil {
		return nil, err
	}
	var results []Batch
	for from, to := 0, 0; from < in.N; from = to {
		final, err := t.final(in.from(from))
		if err != nil {
			return nil, err
		}
		for to = from + 1; to < in.N; to++ { // images that end in the same graph run together
			if next, err := t.final(in.from(to)); err != nil || next != final {
				break
			}
		}
		if err := t.runAll(ctx, final, in.part(from, to), &results); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// final returns the graph that makes the results of an image from a domain.
func (t *Translator) final(from string) (string, error) {
	if t.manifest.Label() != nil || t.request.To == "" {
		return t.manifest.Finals()[0], nil
	}
	d, err := t.manifest.Direction(t.request.To, from)
	return d.Graph, err
}

// runAll appends the results of a batch to results. It splits the batch if graphs have a fixed batch size.
func (t *Translator) runAll(ctx context.Context, final string, in Batch, results *[]Batch) error {
	graphs := t.manifest.Order(final, t.skips(t.manifest))
	return t.inParts(ctx, graphs, in, func(part Batch, count int) error {
		made, err := t.run(ctx, final, "", part)
		if err != nil {
			return err
		}
		if *results == nil {
			*results = make([]Batch, len(made))
		}
		for i, b := range made {
			if b.N != part.N {
				return fmt.Errorf("the network gave %d images for %d", b.N, part.N)
			}
			if (*results)[i], err = (*results)[i].joined(b.part(0, count)); err != nil {
				return err
			}
		}
		return nil
	})
}

// run runs final, and the graphs that feed it, on one batch. Images of unknown domain count as images of the
// domain orElse.
func (t *Translator) run(ctx context.Context, final, orElse string, in Batch) ([]Batch, error) {
	p := &pass{Translator: t, in: in, orElse: orElse, given: map[string]tensor{}}
	for _, graph := range t.manifest.Order(final, t.skips(t.manifest)) {
		if err := p.runGraph(ctx, t.byGraph[graph]); err != nil {
			return nil, err
		}
	}
	var results []Batch
	for _, out := range t.manifest.ResultsOf(final) {
		b, err := p.unpack(out)
		if err != nil {
			return nil, err
		}
		results = append(results, b)
	}
	if opacity, cover := t.manifest.Over(final); opacity != nil {
		return results, p.cover(&results[0], opacity, cover)
	}
	return results, nil
}
