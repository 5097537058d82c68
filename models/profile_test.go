package models

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestProfileTellsWhereTheNetworkRan(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "run")
	openRuntime(t)
	m := find(t, "seasons")
	graphs, err := m.networks()
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProgram(m.Manifest, "main", graphs["main"])
	if err != nil {
		t.Fatal(err)
	}
	// The same as on a GPU, but for the device: there must be a profile, and it must say where.
	open := func(profile string) (*sessions, error) {
		return newSessions(m.Manifest, []program{p}, device{name: deviceCPU}, profile)
	}
	trial := func(n *sessions) error {
		_, err := (&Translator{n, Request{To: "winter", Strength: 1}}).run(t.Context(), "main", "", images(1, 64, 64))
		return err
	}
	if err := provesCUDA(open, trial); err == nil || !strings.Contains(err.Error(), "ran on CPUExecutionProvider") {
		t.Errorf("on the CPU: %v", err)
	}
	n, err := open(profile)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(trial(n), n.destroy()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(profile + "*")
	if err != nil || len(files) != 1 {
		t.Fatalf("profiles %q, %v", files, err)
	}
	recorded := string(read(t, files[0]))
	moved := strings.ReplaceAll(recorded, "CPUExecutionProvider", "CUDAExecutionProvider")
	if err := ranOnCUDA([]byte(moved)); err != nil {
		t.Errorf("all on CUDA: %v", err)
	}
}

func TestProfileJudgesTheHeavyNodes(t *testing.T) {
	node := func(op, provider string) string {
		return `{"cat":"Node","name":"` + op + `_kernel_time","args":{"op_name":"` + op + `","provider":"` + provider + `ExecutionProvider"}}`
	}
	for _, c := range []struct {
		name   string
		events []string
		want   string
	}{
		{"all", []string{node("Conv", "CUDA"), node("Add", "CUDA")}, ""},
		{"light nodes elsewhere", []string{node("Conv", "CUDA"), node("Shape", "CPU")}, ""},
		{"a convolution elsewhere", []string{node("Conv", "CUDA"), node("FusedConv", "CPU")}, "node FusedConv_kernel_time ran on CPU"},
		{"no convolutions", []string{node("Add", "CUDA"), node("Shape", "CPU")}, ""},
		{"nothing", []string{node("Add", "CPU")}, "none of 1 nodes"},
		{"empty", nil, "none of 0 nodes"},
		{"other events", []string{`{"cat":"Session","name":"model_run","args":{}}`}, "none of 0 nodes"},
		{"cut off", []string{`{"cat":`}, "read ONNX Runtime's profile"},
	} {
		err := ranOnCUDA([]byte("[" + strings.Join(c.events, ",") + "]"))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
