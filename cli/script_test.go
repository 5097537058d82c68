package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/cpu"

	"gtx/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gtx-nobody": asNobody,
		"gtx-panics": panicLater,
		"gtx":        func() { os.Exit(cli.Run(os.Args, os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// asNobody runs gtx as a user who may enter no folder of root's, if root runs the tests.
func asNobody() {
	const nobody = 65534
	if os.Getuid() == 0 {
		for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)} {
			if err != nil {
				panic(err)
			}
		}
	}
	os.Exit(cli.Run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// library returns the ONNX Runtime library that GTX_ONNXRUNTIME names, or else the one that make deps fetches.
func library(t *testing.T) string {
	path := os.Getenv("GTX_ONNXRUNTIME")
	if path == "" {
		path, _ = filepath.Abs("../build/lib/libonnxruntime.so.1")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make deps", err)
	}
	return path
}

// The scripts in testdata/script show how the command line behaves, one file per
// feature. commands_test.go has the commands that testscript lacks.
func TestScripts(t *testing.T) {
	runScripts(t, "../testdata/script", map[string]string{"MODELS": "../testdata/models"})
}

// make test fetches these networks, which were trained elsewhere.
func TestThirdPartyNetworks(t *testing.T) {
	const networks = "../build/third-party"
	if _, err := os.Stat(networks); err != nil {
		t.Skip("no networks to add: scripts/fetch-third-party build/third-party fetches them")
	}
	runScripts(t, "../testdata/third-party", map[string]string{
		"NETWORKS": networks, "MANIFESTS": "../testdata/third-party",
	})
}

// runScripts runs the scripts in dir. They find other folders by variables.
func runScripts(t *testing.T, dir string, folders map[string]string) {
	lib := library(t)
	openVINO, err := filepath.Abs("../build/lib/onnxruntime-openvino/libonnxruntime.so.1")
	if err != nil {
		t.Fatal(err)
	}
	python, err := filepath.Abs("../build/python")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GTX_ONNXRUNTIME", lib)
			env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, ".data"))
			env.Setenv("PLAIN", lib)
			env.Setenv("OPENVINO", openVINO)
			env.Setenv("PYTHONPATH", python)
			env.Setenv("RCLONE_CONFIG", "") // none, without a notice
			for name, folder := range folders {
				path, err := filepath.Abs(folder)
				if err != nil {
					return err
				}
				env.Setenv(name, path)
			}
			return nil
		},
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "openvino":
				_, err := os.Stat(openVINO)
				return err == nil, nil
			case "webdataset":
				_, err := os.Stat(filepath.Join(python, "webdataset"))
				return err == nil, nil
			case "bf16":
				return cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16, nil
			}
			return false, fmt.Errorf("unknown condition %q", condition)
		},
		Cmds: commands,
	})
}
