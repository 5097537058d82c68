package models

import (
	"errors"
	"fmt"

	"gtx/models/proof"
)

// A settling finds the target for sessions and opens them there.
type settling struct {
	device    device
	precision string
	streams   int
	rehearsal
	open   func(t target, profile string) (*sessions, error)
	offers func(target) error                 // see Runtime.offers
	proof  func(precision string) proof.Proof // that golden cases passed before
}

func (s *settling) settle() (*sessions, error) {
	if s.precision == precisionBF16 {
		switch s.device.name {
		case deviceCPU, deviceCUDA:
			return nil, &PrecisionError{precisionBF16, "gtx computes in it on the device openvino only"}
		}
		// The device is openvino, or auto, which has no other choice left.
		return s.onOpenVINO()
	}
	switch s.device.name {
	case deviceCPU:
		return s.onCPU(nil)
	case deviceOpenVINO:
		return s.onOpenVINO()
	case deviceCUDA:
		return s.onCUDA()
	}
	if n, err := s.onCUDA(); err == nil {
		return n, nil
	}
	if s.precision == precisionF32 || !computesBF16() || s.offers(s.openVINO(precisionBF16)) != nil {
		return s.onCPU(nil)
	}
	n, err := s.rehearsed(precisionBF16, true)
	if err != nil {
		return s.onCPU(err)
	}
	return n, nil
}

// onCPU opens sessions on the CPU provider, which needs no rehearsal. fallback is the reason why they are not on
// another provider.
func (s *settling) onCPU(fallback error) (*sessions, error) {
	n, err := s.open(target{device: device{name: deviceCPU}, precision: precisionF32}, "")
	if err == nil {
		n.fallback = fallback
	}
	return n, err
}

func (s *settling) onCUDA() (*sessions, error) {
	cuda := target{device: device{name: deviceCUDA, number: s.device.number}, precision: precisionF32}
	err := s.offers(cuda)
	if err == nil {
		err = provesCUDA(func(profile string) (*sessions, error) { return s.open(cuda, profile) }, s.trial)
	}
	if err != nil {
		return nil, &DeviceError{Device: cuda.String(), Reason: err.Error()}
	}
	return s.open(cuda, "")
}

func (s *settling) openVINO(precision string) target {
	return target{device: device{name: deviceOpenVINO}, precision: precision, streams: s.streams}
}

// onOpenVINO is for a user who named the device or the precision. A model without golden cases is good enough then.
func (s *settling) onOpenVINO() (*sessions, error) {
	if s.precision == precisionBF16 && !computesBF16() {
		return nil, &PrecisionError{precisionBF16, "this processor has no instructions for it (avx512_bf16 or amx_bf16)"}
	}
	if err := s.offers(s.openVINO(precisionF32)); err != nil {
		return nil, &DeviceError{Device: deviceOpenVINO, Reason: err.Error()}
	}
	if s.precision == precisionAuto && computesBF16() {
		if n, err := s.rehearsed(precisionBF16, true); err == nil {
			return n, nil
		}
	}
	precision := s.precision
	if precision == precisionAuto {
		precision = precisionF32
	}
	n, err := s.rehearsed(precision, false)
	if err != nil {
		return nil, &DeviceError{Device: deviceOpenVINO, Reason: err.Error()}
	}
	return n, nil
}

// rehearsed opens sessions on OpenVINO and lets them run the golden cases, unless these passed before on this
// machine. If none covers the request, the graphs just run once or, if needsProof is set, the error is
// ErrUnproven.
func (s *settling) rehearsed(precision string, needsProof bool) (*sessions, error) {
	n, err := s.open(s.openVINO(precision), "")
	if err != nil {
		return nil, err
	}
	known := s.proof(precision)
	if known.Known() {
		return n, nil
	}
	if err := n.prepare(); err != nil {
		return nil, fmt.Errorf("OpenVINO cannot run the network: %w", err)
	}
	err = n.provenBy(s.golden)
	switch {
	case err == nil:
		known.Remember()
	case errors.Is(err, ErrUnproven) && !needsProof:
		err = s.trial(n)
	}
	if err != nil {
		return nil, errors.Join(err, n.destroy())
	}
	return n, nil
}

// provenBy runs golden cases on graphs that are prepared for all shapes, and again on those for the shapes of the
// cases.
func (n *sessions) provenBy(golden func(*sessions) error) error {
	fixes := n.fixes
	defer func() { n.fixes = fixes }()
	for _, fixed := range []bool{false, true} {
		n.fixes = func(int, int) bool { return fixed }
		if err := golden(n); err != nil {
			return err
		}
	}
	return nil
}

// wantOpenVINO tells whether sessions with these options may come to run on OpenVINO.
func (o Options) wantOpenVINO() bool {
	automatic := (o.Device == "" || o.Device == deviceAuto) && (o.Precision == "" || o.Precision == precisionAuto)
	return o.Device == deviceOpenVINO || o.Precision == precisionBF16 || automatic && computesBF16()
}
