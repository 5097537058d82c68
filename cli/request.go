package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/models"
	"gtx/models/manifest"
	"gtx/stages"
)

// requestOf reads the target, strength and seed, and checks them against a model.
func requestOf(c *cli.Context, m *manifest.Manifest) (models.Request, error) {
	q := models.Request{To: c.String("to"), Strength: c.Float64("strength"), Seed: c.Uint64("seed")}
	if targets := m.Targets(); q.To == "" && len(targets) == 1 {
		q.To = targets[0]
	} else if q.To == "" && len(targets) > 1 {
		return q, exit.Usage("--to is missing: %s knows %s", m.Name, list(targets))
	}
	if err := m.CheckTarget(q.To, q.Strength); err != nil {
		return q, exit.Usage("%w", err)
	}
	return q, nil
}

// exemplarsOf reads --exemplar: the files for each attribute of a model, in the order given.
func exemplarsOf(c *cli.Context, m *manifest.Manifest) (map[string][]string, error) {
	known := m.Exemplars()
	files := map[string][]string{}
	for _, arg := range c.StringSlice("exemplar") {
		if len(known) == 0 {
			return nil, exit.Usage("--exemplar: %s takes none", m.Name)
		}
		attribute, file := known[0].Exemplar.Attribute, arg
		if before, after, ok := strings.Cut(arg, "="); ok && slices.ContainsFunc(known, func(in *manifest.Input) bool { return in.Exemplar.Attribute == before }) {
			attribute, file = before, after
		} else if len(known) > 1 {
			return nil, exit.Usage("--exemplar %s: write ATTRIBUTE=FILE, with one of %s", arg, list(attributes(known)))
		}
		files[attribute] = append(files[attribute], file)
	}
	for _, in := range known {
		e := in.Exemplar
		switch n := len(files[e.Attribute]); {
		case n == 0 && e.Min > 0:
			return nil, exit.Usage("--exemplar is missing: %s needs %s%s", m.Name, countInWords(*e), forEach(attributes(known)))
		case n > 0 && !e.Accepts(n):
			return nil, exit.Usage("--exemplar: %d files; %s takes %s%s", n, m.Name, countInWords(*e), forEach(attributes(known)))
		}
	}
	return files, nil
}

// instancesOf reads --instances, which goes with the models that take instance maps.
func instancesOf(c *cli.Context, m *manifest.Manifest) (string, error) {
	folder := c.String("instances")
	switch {
	case folder == "" && m.Instances():
		return "", exit.Usage("--instances is missing: %s takes an instance map beside each label map", m.Name)
	case folder != "" && !m.Instances():
		return "", exit.Usage("--instances: %s takes none", m.Name)
	case folder != "":
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return "", exit.Usage("--instances %q: not a folder", folder)
		}
	}
	return folder, nil
}

func attributes(exemplars []*manifest.Input) []string {
	var names []string
	for _, in := range exemplars {
		names = append(names, in.Exemplar.Attribute)
	}
	return names
}

// countInWords says how many exemplars an input takes.
func countInWords(e manifest.Exemplar) string {
	least := max(e.Min, 1)
	switch {
	case e.Max == 1:
		return "one"
	case least == e.Max:
		return fmt.Sprint(e.Max)
	}
	return fmt.Sprintf("%d to %d", least, e.Max)
}

// forEach names the attributes of a model that takes several exemplars.
func forEach(attributes []string) string {
	if len(attributes) == 1 {
		return ""
	}
	return " for each of " + list(attributes)
}

// readExemplars decodes the files of each attribute at the size that the model takes. It also returns the
// files' digests, for the identity of results.
func readExemplars(ctx context.Context, open stages.OpenOptions, m *manifest.Manifest, files map[string][]string) (map[string]models.Batch, []stages.Property, error) {
	var (
		exemplars map[string]models.Batch
		digests   []stages.Property
	)
	open.OwnToo = true
	for _, in := range m.Exemplars() {
		var (
			fit    = fitOf(in)
			all    models.Batch
			values []string
		)
		for _, path := range files[in.Exemplar.Attribute] {
			read := stages.Then(stages.Open(open), stages.Then(stages.Decode(fit.Decoding()), stages.Resize(fit)))
			img, err := read(ctx, stages.Source{In: path})
			if err != nil {
				return nil, nil, exit.CannotStart(fmt.Errorf("--exemplar %q: %w", path, err))
			}
			p := img.Pixels
			// All exemplars of an input share a tensor, so the first one decides its height and width.
			fit.Shape = func(int, int) (int, int) { return p.Width, p.Height }
			all.N, all.Height, all.Width = all.N+1, p.Height, p.Width
			all.Pixels = append(all.Pixels, p.Data...)
			values = append(values, img.Digest)
		}
		if all.N == 0 {
			continue
		}
		if exemplars == nil {
			exemplars = map[string]models.Batch{}
		}
		exemplars[in.Exemplar.Attribute] = all
		name := strings.Join(strings.Fields("exemplar "+in.Exemplar.Attribute), "-")
		digests = append(digests, stages.Property{Name: name, Value: strings.Join(values, " ")})
	}
	return exemplars, digests, nil
}

// sourceDomain checks --from, and chooses its default: auto if the model or --in-target needs the source's
// domain, any otherwise.
func sourceDomain(from string, m *manifest.Manifest, to string, in stages.InTarget) (string, error) {
	needed := m.NeedsSource(to) || in != stages.InTargetTranslate
	switch from {
	case "":
		if needed {
			return "auto", nil
		}
		return "any", nil
	case "any":
		if needed {
			return "", exit.Usage("--from any: the source's domain is needed here: name it, or use auto")
		}
	case "auto", "none":
	default:
		for id := range strings.SplitSeq(from, ",") {
			if !slices.Contains(m.DomainIDs(), id) {
				return "", exit.Usage("--from: %w", &manifest.DomainError{Domain: id, Known: append([]string{"any", "auto", "none"}, m.DomainIDs()...)})
			}
		}
	}
	return from, nil
}
