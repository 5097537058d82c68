// Package repair is what gtx models lint and gtx models repair know: which layers of a network print
// checkerboards, what the network gives for flat grey images, and how a repaired copy compares with it.
package repair

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gtx/models"
	"gtx/models/graph"
	"gtx/stages"
	"gtx/stages/raster"
)

// A Remedy is a network repaired by one method.
type Remedy struct {
	method  graph.Method
	program string // that repairs, with its version
	network []byte
	changes []graph.Change
	flat    stages.Score // of its results for flat grey
	psnr    float64      // of its results against the original's, in dB
}

// better says whether r is the better remedy: it is free of checkerboards and the other is not or, if they are
// equal in this, it stays closer to the original.
func (r *Remedy) better(other *Remedy) bool {
	prints, others := r.flat.Flagged(stages.Score{}), other.flat.Flagged(stages.Score{})
	if prints != others {
		return others
	}
	return r.psnr > other.psnr
}

// Best is the best of some remedies that Compare has tried.
func Best(remedies []*Remedy) *Remedy {
	best := remedies[0]
	for _, r := range remedies[1:] {
		if r.better(best) {
			best = r
		}
	}
	return best
}

// Print prints the layers that the best remedy changed and the result of the trial, or why there was
// none.
func Print(w io.Writer, best *Remedy, remedies []*Remedy, before stages.Score, untried error) {
	for _, change := range best.changes {
		fmt.Fprintf(w, "gtx: %s: %s\n", change.Layer, change.Method)
	}
	if untried != nil {
		fmt.Fprintf(w, "gtx: not tried: %v\n", untried)
		return
	}
	fmt.Fprintf(w, "gtx: flat grey gave %.2f, %.2f, %.2f grey levels at periods 2, 4, 8; now %.2f, %.2f, %.2f\n",
		before.A2, before.A4, before.A8, best.flat.A2, best.flat.A4, best.flat.A8)
	for _, r := range remedies {
		fmt.Fprintf(w, "gtx: %s: %.1f dB against the original's results\n", r.method, r.psnr)
	}
}

var errNothingFaulty = errors.New("no layer is faulty: there is nothing to repair")

// By repairs a network by each of the methods that applies. If none does, the error is the first
// method's. program is named in the manifest of the result.
func By(methods []graph.Method, network []byte, program string) (remedies []*Remedy, err error) {
	for _, method := range methods {
		r, failed := byOne(method, network, program)
		if failed == nil {
			remedies = append(remedies, r)
		} else if err == nil {
			err = failed
		}
	}
	if len(remedies) == 0 {
		return nil, err
	}
	return remedies, nil
}

func byOne(method graph.Method, network []byte, program string) (*Remedy, error) {
	g, err := graph.Parse(network)
	if err != nil {
		return nil, err
	}
	r := &Remedy{method: method, program: program}
	if r.changes, err = g.Repair(method); err != nil {
		return nil, err
	}
	if len(r.changes) == 0 {
		for _, l := range g.Layers() {
			if l.Verdict == graph.CannotTell {
				return nil, fmt.Errorf("%w; %s: cannot tell: %s", errNothingFaulty, l.Name, l.Reason)
			}
		}
		return nil, errNothingFaulty
	}
	r.network = g.Model()
	return r, nil
}

// WithManifest puts the model's manifest into its repaired network. It returns the number of golden cases
// that it left out of the manifest. A network without a manifest gets none.
func (r *Remedy) WithManifest(m *models.Model) (network []byte, golden int, err error) {
	if m == nil {
		return r.network, 0, nil
	}
	var done []string
	for _, change := range r.changes {
		done = append(done, fmt.Sprintf("%s: %s", change.Layer, change.Method))
	}
	note := fmt.Sprintf("%s, from %s; %s", r.program, m.Digest, strings.Join(done, ", "))
	manifest, golden, err := m.Repaired(note)
	if err != nil {
		return nil, 0, err
	}
	g, err := graph.Parse(r.network)
	if err != nil {
		return nil, 0, err
	}
	g.SetMetadata(models.MetadataKey, string(manifest))
	return g.Model(), golden, nil
}

// Compare runs the faulty network and every remedy on flat grey and on test images. It sets flat and psnr
// of the remedies and returns the faulty network's score for flat grey. The error says why nothing was
// tried.
func Compare(ctx context.Context, library string, m *models.Model, remedies []*Remedy, images TestImages) (before stages.Score, err error) {
	runtime, err := trialRuntime(library, m)
	if err != nil {
		return before, err
	}
	defer func() { err = errors.Join(err, runtime.Close()) }()
	original, err := tryOut(ctx, runtime, m, images)
	if err != nil {
		return before, err
	}
	folder, err := os.MkdirTemp("", "gtx-repair-*")
	if err != nil {
		return before, err
	}
	defer os.RemoveAll(folder)
	for _, r := range remedies {
		file, _, err := r.WithManifest(m)
		if err != nil {
			return before, err
		}
		path := filepath.Join(folder, string(r.method)+".onnx")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			return before, err
		}
		repaired, err := models.Load(path)
		if err != nil {
			return before, err
		}
		t, err := tryOut(ctx, runtime, repaired, images)
		if err != nil {
			return before, err
		}
		r.flat, r.psnr = t.flat, raster.PSNR(original.results, t.results)
	}
	return original.flat, nil
}
