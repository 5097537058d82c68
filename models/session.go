package models

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"gtx/models/manifest"
	"gtx/models/onnx"
	"gtx/models/proof"
)

// Options say how a network is run.
type Options struct {
	Device    string // auto (the default), cpu, openvino, cuda or cuda:N
	Precision string // auto (the default), f32 or bf16
	Calls     int    // calls at once that the caller means to make, 0 for one per processor
}

var errSessionClosed = errors.New("the session is closed")

// sessions are the graphs of a model that a request needs, ready to run. Any number of goroutines may share
// them.
type sessions struct {
	manifest  *manifest.Manifest
	owner     *Runtime
	provider  string
	precision string
	// single gives a graph one image at a time, if its batch is not fixed. OpenVINO may choose other
	// kernels for other batches, and the result of an image must not depend on its neighbours.
	single   bool
	fallback error // why auto did not take OpenVINO, nil if it did or could not be asked
	// fixes tells for which image sizes a graph is prepared for that size alone, see prepared.
	fixes func(width, height int) bool

	mu      sync.RWMutex        // held for reading by each run, so that close waits for them
	byGraph map[string]*session // nil once closed
}

// session is one graph.
type session struct {
	*signature
	open func(shapes string) (*ort.DynamicAdvancedSession, error)

	mu       sync.Mutex
	prepared map[string]*prepared // by the shapes that they are made for; "" takes all shapes
}

// A program is a graph that has been checked against its manifest, before there is a session.
type program struct {
	*signature
	onnx []byte
}

// A rehearsal tries sessions out before they are used.
type rehearsal struct {
	trial  func(*sessions) error // runs each graph once
	golden func(*sessions) error // runs golden cases of the model, ErrUnproven if there is none
}

// openSessions opens graphs of a model where the options say. It rehearses on any device but the CPU.
func (r *Runtime) openSessions(m *Model, graphs []string, o Options, try rehearsal) (_ *sessions, err error) {
	d, err := parseDevice(o.Device)
	if err != nil {
		return nil, err
	}
	precision, err := parsePrecision(o.Precision)
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
	s := settling{
		device: d, precision: precision, streams: o.Calls, rehearsal: try, offers: r.offers,
		open: func(t target, profile string) (*sessions, error) {
			return newSessions(m.Manifest, programs, t, profile)
		},
		proof: func(precision string) proof.Proof {
			claim := fmt.Sprintf("model %s\ngraphs %s\nprecision %s", m.Digest, strings.Join(graphs, " "), precision)
			return proof.Of(claim, filepath.Dir(r.library))
		},
	}
	if s.streams <= 0 {
		s.streams = runtime.GOMAXPROCS(0)
	}
	n, err := s.settle()
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

// newSessions makes sessions for a target. With a profile, a prefix of file names, ONNX
// Runtime writes there which node ran where, when the sessions are closed.
func newSessions(m *manifest.Manifest, programs []program, t target, profile string) (_ *sessions, err error) {
	n := &sessions{
		manifest: m, provider: t.String(), precision: t.precision, single: t.name == deviceOpenVINO,
		fixes: func(int, int) bool { return false }, byGraph: map[string]*session{},
	}
	if t.name == deviceOpenVINO {
		n.fixes = commonSizes(m)
	}
	for _, p := range programs {
		n.byGraph[p.graph] = &session{
			signature: p.signature, prepared: map[string]*prepared{},
			open: func(shapes string) (*ort.DynamicAdvancedSession, error) { return newSession(p, t, shapes, profile) },
		}
	}
	if t.name != deviceOpenVINO { // on OpenVINO, preparing takes so long that it is done only when needed
		err = n.prepare()
	}
	return n, err
}

// Provider is where the network runs: "cpu", "openvino", or "cuda:0" and so on.
func (n *sessions) Provider() string { return n.provider }

// Precision is what the network computes in: "f32" or "bf16".
func (n *sessions) Precision() string { return n.precision }

// Fallback says why the device auto took the CPU provider though OpenVINO is there, or is nil. It is ErrUnproven
// if the model has no golden case for the request.
func (n *sessions) Fallback() error { return n.fallback }

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
		for _, net := range s.prepared {
			if net.DynamicAdvancedSession != nil {
				failures = append(failures, quietly(net.Destroy))
			}
		}
	}
	n.byGraph = nil
	return errors.Join(failures...)
}

// inParts calls run with the whole batch or with parts of it: of the batch size that graphs are fixed at, or of one
// image on OpenVINO. The last part may be padded: only its first count images belong to the batch.
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
	most := fixed
	if n.single {
		most = max(fixed, 1)
	}
	for from, to := 0, 0; from < in.N; from = to {
		to = in.N
		if most > 0 {
			to = min(from+most, in.N)
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

// run gives one batch to a graph and returns its outputs. fixed asks for the graph prepared for the inputs'
// shapes. When the context ends, run tells ONNX Runtime to stop and waits until it has stopped.
func (s *session) run(ctx context.Context, inputs []tensor, fixed bool) ([]tensor, error) {
	net, err := s.preparedFor(inputs, fixed)
	if err != nil {
		return nil, err
	}
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
	err = net.RunWithOptions(values, outputs, options)
	if !stop() {
		<-told // Terminate must return before the options are destroyed
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
