package models

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"gtx/models/manifest"
	"gtx/models/onnx"
)

// Options say how a network is run.
type Options struct {
	Device string // auto (the default), cpu, cuda or cuda:N
}

var errSessionClosed = errors.New("the session is closed")

// sessions are the graphs of a model that a request needs, ready to run. Any number of goroutines may share
// them.
type sessions struct {
	manifest *manifest.Manifest
	owner    *Runtime
	provider string

	mu      sync.RWMutex        // held for reading by each run, so that close waits for them
	byGraph map[string]*session // nil once closed
}

// session is one graph.
type session struct {
	*signature
	net *ort.DynamicAdvancedSession
}

// A program is a graph that has been checked against its manifest, before there is a session.
type program struct {
	*signature
	onnx []byte
}

// openSessions opens graphs of a model. trial runs each of them once.
func (r *Runtime) openSessions(m *Model, graphs []string, o Options, trial func(*sessions) error) (_ *sessions, err error) {
	d, err := parseDevice(o.Device)
	if err != nil {
		return nil, err
	}
	if err := r.acquire(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.release()
		}
	}()
	files, err := m.networks()
	if err != nil {
		return nil, err
	}
	programs := make([]program, len(graphs))
	for i, graph := range graphs {
		if programs[i], err = newProgram(m.Manifest, graph, files[graph]); err != nil {
			return nil, err
		}
	}
	open := func(d device, profile string) (*sessions, error) {
		return newSessions(m.Manifest, programs, d, profile)
	}
	if d, err = settle(d, open, trial); err != nil {
		return nil, err
	}
	n, err := open(d, "")
	if err != nil {
		return nil, err
	}
	n.owner = r
	return n, nil
}

func newProgram(m *manifest.Manifest, graph string, model []byte) (program, error) {
	declared, err := onnx.ReadDeclaration(model)
	if err != nil {
		return program{}, err
	}
	s, err := newSignature(m, graph, declared)
	if err != nil {
		return program{}, err
	}
	model, names, err := onnx.CastToFloat(model, declared)
	rename := func(list []string) {
		for i, name := range list {
			if cast, ok := names[name]; ok {
				list[i] = cast
			}
		}
	}
	rename(s.takes)
	rename(s.gives)
	return program{s, model}, err
}

// settle decides between the devices. CUDA is chosen only if a trial run proves that it works.
func settle(d device, open func(d device, profile string) (*sessions, error), trial func(*sessions) error) (device, error) {
	if d.name == deviceCPU {
		return d, nil
	}
	cuda := device{name: deviceCUDA, number: d.number}
	err := offersCUDA(cuda.number)
	if err == nil {
		err = provesCUDA(func(profile string) (*sessions, error) { return open(cuda, profile) }, trial)
	}
	switch {
	case err == nil:
		return cuda, nil
	case d.name == deviceAuto:
		return device{name: deviceCPU}, nil
	}
	return device{}, &DeviceError{Device: cuda.String(), Reason: err.Error()}
}

// newSessions makes sessions on a settled device. With a profile, a prefix of file names, ONNX
// Runtime writes there which node ran where, when the sessions are closed.
func newSessions(m *manifest.Manifest, programs []program, d device, profile string) (_ *sessions, err error) {
	n := &sessions{manifest: m, provider: d.String(), byGraph: map[string]*session{}}
	defer func() {
		if err != nil {
			n.destroy()
		}
	}()
	for _, p := range programs {
		options, err := sessionOptions(d)
		if err != nil {
			return nil, err
		}
		if profile != "" {
			err = options.EnableProfiling(profile + "-" + p.graph)
		}
		var net *ort.DynamicAdvancedSession
		if err == nil {
			net, err = ort.NewDynamicAdvancedSessionWithONNXData(p.onnx, p.takes, p.gives, options)
		}
		options.Destroy()
		if err != nil {
			return nil, explain(err)
		}
		n.byGraph[p.graph] = &session{p.signature, net}
	}
	return n, nil
}

func (n *sessions) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byGraph == nil {
		return errSessionClosed
	}
	err := n.destroy()
	n.owner.release()
	return err
}

func (n *sessions) destroy() error {
	var failures []error
	for _, s := range n.byGraph {
		failures = append(failures, s.net.Destroy())
	}
	n.byGraph = nil
	return errors.Join(failures...)
}

// inParts calls run with the whole batch or, if graphs have a fixed batch size, with parts of that size. The
// last part may be padded: only its first count images belong to the batch.
func (n *sessions) inParts(ctx context.Context, graphs []string, in Batch, run func(part Batch, count int) error) error {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.byGraph == nil {
		return errSessionClosed
	}
	fixed := 0
	for _, graph := range graphs {
		fixed = max(fixed, int(n.manifest.Graphs[graph].Batch))
	}
	for from, to := 0, 0; from < in.N; from = to {
		to = in.N
		if fixed > 0 {
			to = min(from+fixed, in.N)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := run(in.part(from, to).padded(fixed), to-from); err != nil {
			return err
		}
	}
	return nil
}

// run gives one batch to a graph and returns its outputs. When the context ends, run tells ONNX Runtime to
// stop and waits until it has stopped.
func (s *session) run(ctx context.Context, inputs []tensor) ([]tensor, error) {
	var pinner runtime.Pinner // ONNX Runtime keeps the address of each input during the run
	defer pinner.Unpin()
	values, err := s.values(inputs, &pinner)
	defer func() {
		for _, value := range values {
			value.Destroy()
		}
	}()
	if err != nil {
		return nil, err
	}
	options, err := ort.NewRunOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		options.Terminate()
	})
	outputs := make([]ort.Value, len(s.outputs))
	err = s.net.RunWithOptions(values, outputs, options)
	if !stop() {
		<-told // the options must outlive the call that ends them
	}
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return s.tensors(outputs)
}

// values hands the inputs to ONNX Runtime without copying them. The caller destroys the values, also
// those that come with an error.
func (s *session) values(inputs []tensor, pinner *runtime.Pinner) (values []ort.Value, err error) {
	for i, t := range inputs {
		var value ort.Value
		if t.bytes != nil {
			pinner.Pin(&t.bytes[0])
			value, err = ort.NewTensor(t.shape, t.bytes)
		} else {
			pinner.Pin(&t.floats[0])
			value, err = ort.NewTensor(t.shape, t.floats)
		}
		if err != nil {
			return values, fmt.Errorf("input %q: %w", s.inputs[i].Name, err)
		}
		values = append(values, value)
	}
	return values, nil
}

// tensors returns what a run gave, and destroys ONNX Runtime's own values. The data of these has been
// copied to Go already.
func (s *session) tensors(outputs []ort.Value) (given []tensor, err error) {
	given = make([]tensor, len(outputs))
	for i, output := range outputs {
		switch t := output.(type) {
		case *ort.Tensor[uint8]:
			given[i] = tensor{shape: t.GetShape(), bytes: t.GetData()}
		case *ort.Tensor[float32]:
			given[i] = tensor{shape: t.GetShape(), floats: t.GetData()}
		default:
			err = fmt.Errorf("output %q is neither uint8 nor float32", s.outputs[i].Name)
		}
		output.Destroy() // cannot fail for a tensor
	}
	return given, err
}
