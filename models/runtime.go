package models

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// process guards ONNX Runtime, of which a process can load only one.
var process sync.Mutex

// Runtime is the loaded ONNX Runtime library.
type Runtime struct {
	library  string
	version  string
	mu       sync.Mutex
	sessions int // open ones
	closed   bool
}

// Open loads the ONNX Runtime library at a path (see FindLibrary) for the whole process. It is an
// error if another is open, or if the file is not ONNX Runtime 1.24 or later.
func Open(library string) (*Runtime, error) {
	process.Lock()
	defer process.Unlock()
	if ort.IsInitialized() {
		return nil, errors.New("an ONNX Runtime is open already")
	}
	path, err := filepath.Abs(library)
	if err != nil {
		return nil, err
	}
	// ONNX Runtime 1.29 and later write telemetry below the home folder unless this is set before they
	// start.
	if err := os.Setenv("ORT_DISABLE_TELEMETRY", "1"); err != nil {
		return nil, err
	}
	ort.SetSharedLibraryPath(path)
	// Its log writes coloured lines to standard error, which repeat the errors that it returns.
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return nil, fmt.Errorf("load ONNX Runtime from %q: %w", path, openError(path, err))
	}
	return &Runtime{library: path, version: ort.GetVersion()}, nil
}

// openError says in plain words why a library could not be loaded.
func openError(path string, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "setting ORT API base"):
		return errors.New("the library is too old: version 1.24 or later is needed")
	case strings.Contains(text, "looking up OrtGetApiBase"):
		return errors.New("the library is not ONNX Runtime")
	}
	// All other messages come from the dynamic loader and begin with the path.
	return errors.New(after(text, path+": "))
}

// after returns what follows the last separator in a text, or all of it.
func after(text, separator string) string {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[i+len(separator):]
	}
	return text
}

// Library is the absolute path of the library.
func (r *Runtime) Library() string { return r.library }

// Version is the version of the library, such as 1.32.0.
func (r *Runtime) Version() string { return r.version }

// Close unloads the library. It is an error while a translator or classifier is open.
func (r *Runtime) Close() error {
	process.Lock()
	defer process.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return errRuntimeClosed
	case r.sessions > 0:
		return fmt.Errorf("close ONNX Runtime: %d sessions are still open", r.sessions)
	}
	r.closed = true
	return quietly(ort.DestroyEnvironment)
}

var errRuntimeClosed = errors.New("the ONNX Runtime is closed")

// acquire keeps the library loaded until release.
func (r *Runtime) acquire() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errRuntimeClosed
	}
	r.sessions++
	return nil
}

func (r *Runtime) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions--
}

// Preload loads the parts of OpenVINO if options may lead there. Otherwise the first NewTranslator would load them.
func (r *Runtime) Preload(o Options) {
	if o.wantOpenVINO() {
		_ = r.offers(target{device: device{name: deviceOpenVINO}, precision: precisionF32}) // NewTranslator asks again
	}
}

// A Provider is a kind of device on which ONNX Runtime may run networks.
type Provider struct {
	Name   string // cpu, cuda or openvino
	Usable bool   // the library offers it and its parts load, but a session may still fail
	Reason string // why it is not usable
	BF16   bool   // it computes in bf16 too on this machine
}

// Providers lists the execution providers that gtx knows, and says whether the library offers them.
func (r *Runtime) Providers() ([]Provider, error) {
	if err := r.acquire(); err != nil {
		return nil, err
	}
	defer r.release()
	providers := []Provider{
		{Name: deviceCPU, Usable: true},
		{Name: deviceCUDA, Usable: true},
		{Name: deviceOpenVINO, Usable: true, BF16: computesBF16()},
	}
	for i := range providers[1:] {
		p := &providers[1+i]
		if err := r.offers(target{device: device{name: p.Name}, precision: precisionF32}); err != nil {
			p.Usable, p.BF16, p.Reason = false, false, err.Error()
		}
	}
	return providers, nil
}
