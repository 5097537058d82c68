package models

import (
	"errors"
	"strings"
	"testing"
)

func TestDevicesAreParsed(t *testing.T) {
	for _, c := range []struct {
		text string
		want device
		ok   bool
	}{
		{"", device{deviceAuto, 0}, true},
		{"auto", device{deviceAuto, 0}, true},
		{"cpu", device{deviceCPU, 0}, true},
		{"cuda", device{deviceCUDA, 0}, true},
		{"cuda:3", device{deviceCUDA, 3}, true},
		{"cuda:", device{}, false},
		{"cuda:-1", device{}, false},
		{"gpu", device{}, false},
		{"cpu:0", device{}, false},
	} {
		got, err := parseDevice(c.text)
		var wrong *DeviceError
		if got != c.want || c.ok != (err == nil) || !c.ok && !errors.As(err, &wrong) {
			t.Errorf("%q: %+v, %v", c.text, got, err)
		}
	}
}

func TestDeviceAskedForIsHadOrAnError(t *testing.T) {
	r := openRuntime(t)
	providers, err := r.Providers()
	if err != nil {
		t.Fatal(err)
	}
	m := find(t, fixtures+"shift.onnx")
	translator, err := r.NewTranslator(m, Request{To: "winter", Strength: 1}, Options{Device: "auto"})
	if err != nil {
		t.Fatal(err)
	}
	if got := translator.Provider(); !providers[1].Usable && got != "cpu" {
		t.Errorf("auto took %q", got)
	}
	if err := translator.Close(); err != nil {
		t.Error(err)
	}
	translator, err = r.NewTranslator(m, Request{To: "winter", Strength: 1}, Options{Device: "cuda"})
	if err == nil {
		if got := translator.Provider(); got != "cuda:0" {
			t.Errorf("cuda took %q", got)
		}
		translator.Close()
		return
	}
	var refused *DeviceError
	if !errors.As(err, &refused) || refused.Device != "cuda:0" || strings.Contains(refused.Reason, "onnxruntime_src") {
		t.Errorf("cuda: %v", err)
	}
}
