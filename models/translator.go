package models

import (
	"context"
	"errors"
	"fmt"

	ort "github.com/yalue/onnxruntime_go"
)

// A Translator is a network from pictures to pictures, ready to run.
type Translator struct {
	session *session
}

// NewTranslator makes a session of a model whose output is an image. The error is a *ManifestError
// where the manifest and the network disagree, and a *DeviceError where the device asked for cannot
// be had.
func (r *Runtime) NewTranslator(m *Model, o Options) (*Translator, error) {
	if m.Manifest.Classifier != nil {
		return nil, fmt.Errorf("model %q names domains and translates nothing", m.Manifest.Name)
	}
	s, err := r.newSession(m, o)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", m.Manifest.Name, err)
	}
	return &Translator{session: s}, nil
}

// Provider is where the network runs: "cpu", or "cuda:0" and so on.
func (t *Translator) Provider() string { return t.session.provider }

// Close waits for running calls and frees the session.
func (t *Translator) Close() error { return t.session.close() }

// Run translates a batch. It may be called from many goroutines at once and neither keeps nor changes
// its input. The result has no codes, and its pictures may differ in size from the input's where the
// network makes them so. When the context ends, Run returns its error once the network has stopped.
func (t *Translator) Run(ctx context.Context, in Batch) (Batch, error) {
	var result Batch
	err := t.session.runAll(ctx, in, func(n int, output ort.Value) error {
		part, err := t.pictures(output)
		if err != nil {
			return err
		}
		part = part.part(0, n)
		if result.N == 0 {
			result = part
			return nil
		}
		result.N += n
		result.Pixels = append(result.Pixels, part.Pixels...)
		return nil
	})
	if err != nil {
		return Batch{}, err
	}
	return result, nil
}

// pictures reads an output tensor, whose values ONNX Runtime's wrapper has copied to Go already.
func (t *Translator) pictures(output ort.Value) (Batch, error) {
	out := &t.session.manifest.Outputs[0]
	shape := output.GetShape()
	if len(shape) != 4 {
		return Batch{}, fmt.Errorf("the network gave %v instead of pictures", shape)
	}
	b := Batch{N: int(shape[0]), Height: int(shape[1]), Width: int(shape[2])}
	depth := shape[3]
	if out.Layout == layoutNCHW {
		depth, b.Height, b.Width = shape[1], int(shape[2]), int(shape[3])
	}
	if depth != channels || shape.FlattenedSize() == 0 {
		return Batch{}, fmt.Errorf("the network gave %v instead of pictures", shape)
	}
	var err error
	switch values := output.(type) {
	case *ort.Tensor[uint8]:
		b.Pixels = values.GetData()
	case *ort.Tensor[float32]:
		b.Pixels, err = unpackFloats(values.GetData(), b.Height*b.Width, out)
	default:
		err = errors.New("the network gave neither uint8 nor float32")
	}
	return b, err
}
