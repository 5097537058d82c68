package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

const (
	deviceAuto     = "auto"
	deviceCPU      = "cpu"
	deviceOpenVINO = "openvino"
	deviceCUDA     = "cuda"
)

// A DeviceError says why a network does not run on the requested device.
type DeviceError struct {
	Device string
	Reason string
}

func (e *DeviceError) Error() string {
	return fmt.Sprintf("device %s: %s", e.Device, e.Reason)
}

// device is a parsed Options.Device.
type device struct {
	name   string // deviceAuto, deviceCPU, deviceOpenVINO or deviceCUDA
	number int    // of the GPU
}

func parseDevice(text string) (device, error) {
	switch text {
	case "", deviceAuto:
		return device{name: deviceAuto}, nil
	case deviceCPU, deviceOpenVINO, deviceCUDA:
		return device{name: text}, nil
	}
	if number, ok := strings.CutPrefix(text, deviceCUDA+":"); ok {
		if n, err := strconv.ParseUint(number, 10, 8); err == nil {
			return device{name: deviceCUDA, number: int(n)}, nil
		}
	}
	return device{}, &DeviceError{Device: strconv.Quote(text), Reason: "not one of auto, cpu, openvino, cuda, cuda:N"}
}

func (d device) String() string {
	if d.name == deviceCUDA {
		return fmt.Sprintf("%s:%d", d.name, d.number)
	}
	return d.name
}

// A target says where and how a session computes.
type target struct {
	device           // not auto
	precision string // precisionF32 or precisionBF16
	streams   int    // calls that OpenVINO serves at once
}

// offers tries to append the provider of a target, which loads its parts. The error says what is missing.
func (r *Runtime) offers(t target) error {
	// Without the file ONNX Runtime would print errors.
	if t.name == deviceOpenVINO && !isFile(filepath.Join(filepath.Dir(r.library), "libonnxruntime_providers_openvino.so")) {
		return errNoOpenVINO
	}
	err := quietly(func() error {
		options, err := sessionOptions(t, "")
		if err != nil {
			return err
		}
		return options.Destroy()
	})
	if err == nil {
		return nil
	}
	// ONNX Runtime names the place in its sources before the last separator.
	return errors.New(after(err.Error(), " : "))
}

// errNoOpenVINO says what to install.
var errNoOpenVINO = errors.New("this ONNX Runtime comes without OpenVINO ('make deps' fetches one with it, for x86-64)")

// sessionOptions returns the options for a target and for inputs of some shapes, see session.shapesOf. The caller
// destroys them.
func sessionOptions(t target, shapes string) (_ *ort.SessionOptions, err error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			options.Destroy()
		}
	}()
	// Many calls of one thread each use the processors better than one call of many threads.
	if err := options.SetIntraOpNumThreads(1); err != nil {
		return nil, err
	}
	// Memory patterns help if there is one shape and one call at a time. Here they cost a quarter of the
	// memory and gain no speed. The arena stays on, because without it memory doubles.
	if err := options.SetMemPattern(false); err != nil {
		return nil, err
	}
	switch t.name {
	case deviceOpenVINO:
		return options, appendOpenVINO(options, t, shapes)
	case deviceCUDA:
		return options, appendCUDA(options, t)
	}
	return options, nil
}

func appendCUDA(options *ort.SessionOptions, t target) error {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer cuda.Destroy()
	// By default cuDNN tries all convolution algorithms again for every new image shape.
	settings := map[string]string{"device_id": strconv.Itoa(t.number), "cudnn_conv_algo_search": "HEURISTIC"}
	if err := cuda.Update(settings); err != nil {
		return err
	}
	return options.AppendExecutionProviderCUDA(cuda)
}

// appendOpenVINO lets OpenVINO's CPU plugin run the whole network: each stream serves one call at a time on
// one thread.
func appendOpenVINO(options *ort.SessionOptions, t target, shapes string) error {
	// If OpenVINO knows only a part of a network, that is an error: the rest must not run on the CPU provider
	// unnoticed.
	if err := options.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1"); err != nil {
		return err
	}
	// Its failures are returned, and printed by the caller if they matter.
	if err := options.SetLogSeverityLevel(ort.LoggingLevelFatal); err != nil {
		return err
	}
	streams := strconv.Itoa(max(t.streams, 1))
	config, err := json.Marshal(map[string]map[string]string{"CPU": {
		"INFERENCE_PRECISION_HINT": t.precision,
		"INFERENCE_NUM_THREADS":    streams,
		"NUM_STREAMS":              streams,
		// Pinned threads of two processes would share a processor while others idle.
		"ENABLE_CPU_PINNING":     "NO",
		"ENABLE_HYPER_THREADING": "YES",
	}})
	if err != nil {
		return err
	}
	settings := map[string]string{"device_type": "CPU", "load_config": string(config)}
	if shapes != "" {
		settings["reshape_input"] = shapes
	}
	return options.AppendExecutionProviderOpenVINO(settings)
}
