package models

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gtx/models/manifest"
)

// A Request is what a run asks of a model, the same for all its pictures.
type Request struct {
	To        string           // a target, see Manifest.Targets; "" where the model has none
	Strength  float64          // 1 is full
	Seed      uint64           // of noise that is shared, and of pictures without a seed of their own
	Exemplars map[string]Batch // by attribute, each a batch of one
}

// A Translator is a model that makes pictures, ready to do what one request asks for.
type Translator struct {
	*sessions
	request Request
}

// NewTranslator makes sessions of the graphs that lead to the target of a request. The error is a
// *manifest.Error where the manifest and the network disagree, a *DeviceError where the device asked
// for cannot be had, and a *manifest.DomainError or a *manifest.StrengthError where the request is beyond the model.
func (r *Runtime) NewTranslator(m *Model, q Request, o Options) (*Translator, error) {
	about := m.Manifest
	if !about.Translates() {
		return nil, fmt.Errorf("model %q names domains and translates nothing", about.Name)
	}
	if err := about.CheckTarget(q.To, q.Strength); err != nil {
		return nil, err
	}
	if err := checkExemplars(about, q); err != nil {
		return nil, fmt.Errorf("model %q: %w", about.Name, err)
	}
	t := &Translator{request: q}
	var graphs, finals []string
	for _, d := range about.Directions {
		if d.To == q.To && !slices.Contains(finals, d.Graph) {
			finals = append(finals, d.Graph)
		}
	}
	if len(finals) == 0 {
		finals = about.Finals()
	}
	for _, final := range finals {
		for _, graph := range about.Order(final, t.skips(about)) {
			if !slices.Contains(graphs, graph) {
				graphs = append(graphs, graph)
			}
		}
	}
	var err error
	if t.sessions, err = r.openSessions(m, graphs, o, rehearsal{t.trial(finals), goldenOf(m)}); err != nil {
		return nil, fmt.Errorf("model %q: %w", about.Name, err)
	}
	return t, nil
}

// trial returns what runs the graphs that end in finals once, on a black image.
func (t *Translator) trial(finals []string) func(*sessions) error {
	return func(n *sessions) error {
		trial := &Translator{sessions: n, request: t.request}
		black := Batch{N: 1, Seeds: []uint64{0}}
		if in := n.manifest.Image(); in != nil {
			black.Width, black.Height = in.Size.Nominal()
			black.Pixels = make([]byte, black.Width*black.Height*channels)
		}
		for _, final := range finals {
			if _, err := trial.run(context.Background(), final, manifest.NoDomain, black); err != nil {
				return err
			}
		}
		return nil
	}
}

// checkExemplars makes sure that the exemplars needed are there, and no others, each of a size that
// its input takes.
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
			if exemplar.N != 1 {
				return fmt.Errorf("exemplar: %d images; one is needed", exemplar.N)
			}
			if err := exemplar.check(in); err != nil {
				return fmt.Errorf("exemplar: %w", err)
			}
		}
	}
	for _, attribute := range slices.Sorted(maps.Keys(q.Exemplars)) {
		switch {
		case len(known) == 0:
			return fmt.Errorf("it takes no exemplar")
		case !slices.Contains(known, attribute):
			return fmt.Errorf("no exemplar shows %q; it takes those of %s", attribute, strings.Join(known, ", "))
		}
	}
	return nil
}

// skips returns what tells the graphs that do not run, because they take an exemplar that is not there.
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

// Run makes pictures of a batch: one batch of as many for each of the model's Results, in that order.
// It may be called from many goroutines at once and neither keeps nor changes its input. Results may
// differ in size from the input where the network makes them so. When the context ends, Run returns
// its error once the network has stopped. The error is a *manifest.SourceError where a picture's own domain
// does not allow the way, or is not known and has to be.
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
		for to = from + 1; to < in.N; to++ { // pictures that go the same way run together
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

// final is the graph that makes the results of a picture.
func (t *Translator) final(from string) (string, error) {
	if t.manifest.Label() != nil || t.request.To == "" {
		return t.manifest.Finals()[0], nil
	}
	d, err := t.manifest.Direction(t.request.To, from)
	return d.Graph, err
}

// runAll adds the results of a batch, in parts where graphs are of fixed batch.
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
				return fmt.Errorf("the network gave %d pictures for %d", b.N, part.N)
			}
			if (*results)[i], err = (*results)[i].joined(b.part(0, count)); err != nil {
				return err
			}
		}
		return nil
	})
}

// run gives one batch to the graphs that end in final. Pictures without a domain count as of orElse.
func (t *Translator) run(ctx context.Context, final, orElse string, in Batch) ([]Batch, error) {
	p := &pass{Translator: t, in: in, orElse: orElse, given: map[string]tensor{}}
	for _, graph := range t.manifest.Order(final, t.skips(t.manifest)) {
		if err := p.runGraph(ctx, t.byGraph[graph]); err != nil {
			return nil, err
		}
	}
	var results []Batch
	for _, out := range t.manifest.ResultsOf(final) {
		b, err := unpack(p.given[out.Graph+"."+out.Name], out)
		if err != nil {
			return nil, err
		}
		results = append(results, b)
	}
	return results, nil
}
