package models

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// Options say how a network is run.
type Options struct {
	Device  string // auto (the default), cpu, cuda or cuda:N
	Threads int    // of one call; default 1, since many calls at once use the processors better
}

var errSessionClosed = errors.New("the session is closed")

// session is a network that is ready to run, shared by any number of goroutines.
type session struct {
	*signature
	owner    *Runtime
	provider string

	mu  sync.RWMutex // held for reading by each run, so that close waits for them
	net *ort.DynamicAdvancedSession
}

func (r *Runtime) newSession(m *Model, o Options) (_ *session, err error) {
	d, err := parseDevice(o.Device)
	if err != nil {
		return nil, err
	}
	if err := r.hold(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.release()
		}
	}()
	network, err := m.network()
	if err != nil {
		return nil, err
	}
	declared, err := readONNX(network)
	if err != nil {
		return nil, err
	}
	signature, err := newSignature(m.Manifest, declared)
	if err != nil {
		return nil, err
	}
	d, err = settle(network, signature, d)
	if err != nil {
		return nil, err
	}
	s, err := openSession(network, signature, d, o.Threads, "")
	if err != nil {
		return nil, err
	}
	s.owner = r
	return s, nil
}

// settle decides between the devices: CUDA, if it is asked for or on offer, must prove itself.
func settle(network []byte, s *signature, d device) (device, error) {
	if d.name == deviceCPU {
		return d, nil
	}
	cuda := device{name: deviceCUDA, number: d.number}
	err := offersCUDA(cuda.number)
	if err == nil {
		err = provesCUDA(network, s, cuda)
	}
	switch {
	case err == nil:
		return cuda, nil
	case d.name == deviceAuto:
		return device{name: deviceCPU}, nil
	}
	return device{}, &DeviceError{Device: cuda.String(), Reason: err.Error()}
}

// openSession makes a session on a settled device. With a profile, a prefix of a file name, ONNX
// Runtime writes there which node ran where, when the session is closed.
func openSession(network []byte, s *signature, d device, threads int, profile string) (*session, error) {
	options, err := sessionOptions(d, threads)
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if profile != "" {
		if err := options.EnableProfiling(profile); err != nil {
			return nil, err
		}
	}
	net, err := ort.NewDynamicAdvancedSessionWithONNXData(network, s.inputs, []string{s.output}, options)
	if err != nil {
		return nil, err
	}
	return &session{signature: s, provider: d.String(), net: net}, nil
}

// profiledRun runs a network once on a black picture of its nominal size.
func profiledRun(network []byte, s *signature, d device, profile string) (err error) {
	trial, err := openSession(network, s, d, 1, profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trial.net.Destroy()) }()
	size := s.manifest.Image().Size
	black := Batch{N: 1, Height: size.H, Width: size.W, Pixels: make([]byte, size.H*size.W*channels)}
	if s.codeRank > 0 {
		black.Codes = []float32{0}
	}
	output, err := trial.run(context.Background(), black.padded(max(1, int(s.manifest.graph().Batch))))
	if err != nil {
		return err
	}
	output.Destroy()
	return nil
}

func (s *session) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.net == nil {
		return errSessionClosed
	}
	err := s.net.Destroy()
	s.net = nil
	s.owner.release()
	return err
}

// runAll gives a batch to the network, whole or in parts of the size that the graph is fixed at, and
// hands each output over, together with the number of its pictures that count.
func (s *session) runAll(ctx context.Context, in Batch, take func(n int, output ort.Value) error) error {
	if err := in.check(s.manifest); err != nil {
		return err
	}
	fixed := int(s.manifest.graph().Batch)
	for from, to := 0, 0; from < in.N; from = to {
		to = in.N
		if fixed > 0 {
			to = min(from+fixed, in.N)
		}
		part := in.part(from, to)
		if part.N < fixed {
			part = part.padded(fixed)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		output, err := s.run(ctx, part)
		if err != nil {
			return err
		}
		if given := output.GetShape(); len(given) == 0 || given[0] != int64(part.N) {
			err = fmt.Errorf("the network gave %v for %d pictures", given, part.N)
		} else {
			err = take(to-from, output)
		}
		output.Destroy() // which cannot fail, for a tensor
		if err != nil {
			return err
		}
	}
	return nil
}

// run gives one batch, of the graph's own size where that is fixed, to the network and returns its
// output, which the caller destroys. When the context ends, the call is told to stop and waited for.
func (s *session) run(ctx context.Context, in Batch) (ort.Value, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.net == nil {
		return nil, errSessionClosed
	}
	// ONNX Runtime keeps the address of each input during the run.
	var pinner runtime.Pinner
	defer pinner.Unpin()
	inputs, err := s.tensors(in, &pinner)
	defer func() {
		for _, input := range inputs {
			input.Destroy()
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
	outputs := []ort.Value{nil}
	err = s.net.RunWithOptions(inputs, outputs, options)
	if !stop() {
		<-told // the options must outlive the call that ends them
	}
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}
