package stages

import (
	"context"
	"errors"
	"testing"
)

// foreignBatch is a batch of a package that does not know this one.
type foreignBatch struct {
	N, Height, Width int
	Pixels           []byte
	From             []string
	Seeds            []uint64
	Instances        []byte
	Beneath, Opacity []byte
}

func TestNetworkOfCarriesBatchesOfAnotherTypeOver(t *testing.T) {
	failed := errors.New("failed")
	n := NetworkOf(func(_ context.Context, in foreignBatch) ([]foreignBatch, error) {
		if in.N != 1 || in.Width != 2 || in.From[0] != "summer" || in.Seeds[0] != 7 {
			t.Errorf("the network got %+v", in)
		}
		return []foreignBatch{in, {N: in.N}}, failed
	})
	out, err := n.Run(t.Context(), Batch{N: 1, Width: 2, From: []string{"summer"}, Seeds: []uint64{7}})
	if len(out) != 2 || out[0].Width != 2 || out[1].N != 1 || err != failed {
		t.Errorf("%+v, %v", out, err)
	}
}
