package repair

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"gtx/cli/exit"
	"gtx/cli/paths"
	"gtx/models"
	"gtx/models/graph"
	"gtx/stages"
	"gtx/stages/raster"
)

// NetworkOf finds a model by name or path and reads the file of its network. The model is nil for a file
// without a manifest, whose graph can still be read.
func NetworkOf(name string) (*models.Model, []byte, error) {
	m, err := models.Find(name)
	var missing *models.ManifestMissingError
	if errors.As(err, &missing) {
		network, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, exit.CannotStart(err)
		}
		return nil, network, nil
	}
	if err != nil {
		return nil, nil, exit.CannotStart(err)
	}
	network, err := m.Network()
	if err != nil {
		return nil, nil, exit.CannotStart(err)
	}
	return m, network, nil
}

// Fresh refuses an output that does not end in .onnx, that is its own input, or that has a manifest beside it.
// It refuses an output that exists unless force is set.
func Fresh(in, out string, force bool) error {
	if !strings.HasSuffix(out, ".onnx") {
		return exit.Usage("%q does not end in .onnx", out)
	}
	if paths.SameFile(in, out) {
		return exit.Usage("%q would be its own output", in)
	}
	for _, path := range []string{out, out + models.ManifestSuffix} {
		_, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && path == out && force {
			if err := isNetwork(out); err != nil {
				return exit.Usage("%q exists and is not a network: it will not be replaced", out)
			}
			continue
		}
		if err != nil {
			return exit.CannotStart(fmt.Errorf("%q: %w", path, stages.WithoutPath(err)))
		}
		if path != out {
			return exit.Usage("%q exists, and would override the manifest inside", path)
		}
		return &exit.Failure{Code: exit.CodeUsage, Err: exit.Hint(fmt.Errorf("%q exists", path), "--force overwrites it")}
	}
	return nil
}

// isNetwork says why a file is no network.
func isNetwork(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a file")
	}
	network, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = graph.Parse(network)
	return err
}

// ImagesOf returns the images on which networks are compared: that in a file, or synthetic ones if path is "". out is the
// file that will be written.
func ImagesOf(ctx context.Context, path, out string) (TestImages, error) {
	if path == "" {
		return func(side int) ([]stages.Pixels, error) {
			return []stages.Pixels{raster.DeadLeaves(side, 1), raster.DeadLeaves(side, 2)}, nil
		}, nil
	}
	if paths.SameFile(path, out) {
		return nil, exit.Usage("%q is the file of --try", out)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, exit.Usage("--try: %w", err)
	}
	return func(side int) ([]stages.Pixels, error) {
		p, err := SquareOf(ctx, path, side)
		return []stages.Pixels{p}, err
	}, nil
}
