package stages

import "context"

// NetworkOf returns the Network that calls run. B is a type with the fields of Batch, so that
// the package that runs networks need not import this one.
func NetworkOf[B ~struct {
	N, Height, Width int
	Pixels           []byte
	From             []string
	Seeds            []uint64
	Instances        []byte
	Beneath, Opacity []byte
}](run func(context.Context, B) ([]B, error)) Network {
	return networkFunc(func(ctx context.Context, in Batch) ([]Batch, error) {
		results, err := run(ctx, B(in))
		out := make([]Batch, len(results))
		for i, b := range results {
			out[i] = Batch(b)
		}
		return out, err
	})
}

type networkFunc func(context.Context, Batch) ([]Batch, error)

func (f networkFunc) Run(ctx context.Context, in Batch) ([]Batch, error) { return f(ctx, in) }
