package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// provesCUDA runs a network once on a black picture and reads in ONNX Runtime's profile where its
// nodes ran: appending the provider can succeed and the session be the CPU's all the same.
func provesCUDA(network []byte, s *signature, d device) error {
	folder, err := os.MkdirTemp("", "gtx-profile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := profiledRun(network, s, d, filepath.Join(folder, "run")); err != nil {
		return err
	}
	profiles, err := filepath.Glob(filepath.Join(folder, "run*"))
	if err != nil || len(profiles) != 1 {
		return errors.New("ONNX Runtime wrote no profile to tell where the network ran")
	}
	profile, err := os.ReadFile(profiles[0])
	if err != nil {
		return err
	}
	return ranOnCUDA(profile)
}

// ranOnCUDA reads a profile and is nil if all convolutions and matrix products, or in a network
// without them any node at all, ran on CUDA.
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
