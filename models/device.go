package models

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

const (
	deviceAuto = "auto"
	deviceCPU  = "cpu"
	deviceCUDA = "cuda"
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
	name   string // deviceAuto, deviceCPU or deviceCUDA
	number int    // of the GPU
}

func parseDevice(text string) (device, error) {
	switch text {
	case "", deviceAuto:
		return device{name: deviceAuto}, nil
	case deviceCPU, deviceCUDA:
		return device{name: text}, nil
	}
	if number, ok := strings.CutPrefix(text, deviceCUDA+":"); ok {
		if n, err := strconv.ParseUint(number, 10, 8); err == nil {
			return device{name: deviceCUDA, number: int(n)}, nil
		}
	}
	return device{}, &DeviceError{Device: strconv.Quote(text), Reason: "not one of auto, cpu, cuda, cuda:N"}
}

func (d device) String() string {
	if d.name == deviceCUDA {
		return fmt.Sprintf("%s:%d", d.name, d.number)
	}
	return d.name
}

// offersCUDA tries to append the CUDA provider, which loads its libraries. The error says what is missing.
func offersCUDA(number int) error {
	options, err := sessionOptions(device{name: deviceCUDA, number: number})
	if err != nil {
		// ONNX Runtime puts the place in its source code before the last separator.
		return errors.New(after(err.Error(), " : "))
	}
	return options.Destroy()
}

// sessionOptions returns the options for a device other than auto. The caller destroys them.
func sessionOptions(d device) (_ *ort.SessionOptions, err error) {
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
	if d.name != deviceCUDA {
		return options, nil
	}
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return nil, err
	}
	defer cuda.Destroy()
	// By default cuDNN tries all convolution algorithms again for every new image shape.
	settings := map[string]string{"device_id": strconv.Itoa(d.number), "cudnn_conv_algo_search": "HEURISTIC"}
	if err := cuda.Update(settings); err != nil {
		return nil, err
	}
	return options, options.AppendExecutionProviderCUDA(cuda)
}
