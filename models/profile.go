package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// provesCUDA runs a network once with trial and reads from ONNX Runtime's profiles where its nodes ran. It is
// needed because appending the CUDA provider can succeed although the session then runs on the CPU.
func provesCUDA(open func(profile string) (*sessions, error), trial func(*sessions) error) error {
	folder, err := os.MkdirTemp("", "gtx-profile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	n, err := open(filepath.Join(folder, "run"))
	if err != nil {
		return err
	}
	graphs := len(n.byGraph)
	if err := errors.Join(trial(n), n.destroy()); err != nil {
		return err
	}
	profiles, err := filepath.Glob(filepath.Join(folder, "run*"))
	if err != nil || len(profiles) != graphs {
		return errors.New("ONNX Runtime wrote no profile that shows where the network ran")
	}
	for _, path := range profiles {
		profile, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := ranOnCUDA(profile); err != nil {
			return err
		}
	}
	return nil
}

// ranOnCUDA reads a profile. It returns nil if at least one node and all convolutions and matrix products ran
// on CUDA.
func ranOnCUDA(profile []byte) error {
	var events []struct {
		Category string `json:"cat"`
		Name     string `json:"name"`
		Args     struct {
			Op       string `json:"op_name"`
			Provider string `json:"provider"`
		} `json:"args"`
	}
	if err := json.Unmarshal(profile, &events); err != nil {
		return fmt.Errorf("read ONNX Runtime's profile: %w", err)
	}
	nodes, onCUDA := 0, 0
	for _, e := range events {
		if e.Category != "Node" || e.Args.Provider == "" {
			continue
		}
		nodes++
		cuda := e.Args.Provider == "CUDAExecutionProvider"
		if cuda {
			onCUDA++
		}
		heavy := strings.Contains(e.Args.Op, "Conv") || e.Args.Op == "MatMul" || e.Args.Op == "Gemm"
		if heavy && !cuda {
			return fmt.Errorf("node %s ran on %s", e.Name, e.Args.Provider)
		}
	}
	if onCUDA == 0 {
		return fmt.Errorf("none of %d nodes ran on CUDA", nodes)
	}
	return nil
}
