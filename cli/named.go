package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/paths"
	"gtx/models"
	"gtx/stages"
)

// namedFiles lists the files that the options of a command name. exemplars are those of --exemplar.
func namedFiles(c *cli.Context, exemplars map[string]string) []paths.Named {
	var files []paths.Named
	add := func(option, path string) {
		if path != "" && path != "-" {
			files = append(files, paths.NewNamed(option, path))
		}
	}
	add(paths.ReportOption, c.String("report"))
	add("--files-from", c.String("files-from"))
	add("--"+libraryOption, c.String(libraryOption))
	if model := c.String("model"); strings.HasSuffix(model, ".onnx") {
		add("--model", model)
		add("--model", model+models.ManifestSuffix)
	}
	for _, path := range exemplars {
		add("--exemplar", path)
	}
	return files
}

// checkReport refuses a --report that would replace another file of the run, or any file that is not a
// report. It writes nothing.
func checkReport(c *cli.Context, in paths.Inputs, exemplars map[string]string) error {
	path := c.String("report")
	if path == "" {
		return nil
	}
	report := paths.NewNamed(paths.ReportOption, path)
	for _, f := range namedFiles(c, exemplars) {
		if f.Option != paths.ReportOption && f.Is(path, report.Info) {
			return exit.Usage("--report %q is also the file of %s", path, f.Option)
		}
	}
	if in.Known >= 0 && !in.Single {
		for s := range in.Sources {
			info, _ := os.Stat(s.In)
			if report.Is(s.In, info) {
				return paths.RefuseReport(fmt.Errorf("--report %q is an input", path))
			}
		}
	}
	return replaceable(path)
}

// replaceable refuses a report that exists and that gtx did not write. A pipe or a terminal, such as
// /dev/stdout, loses nothing.
func replaceable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return exit.CannotStart(fmt.Errorf("--report %q: %w", path, stages.WithoutPath(err)))
	case info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0:
		return nil
	case !info.Mode().IsRegular():
		return exit.Usage("--report %q is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return exit.CannotStart(fmt.Errorf("--report %q: %w", path, stages.WithoutPath(err)))
	}
	defer f.Close()
	const most = 1 << 20 // bytes of a record
	line, err := bufio.NewReader(io.LimitReader(f, most)).ReadBytes('\n')
	if err != nil && err != io.EOF {
		return exit.CannotStart(fmt.Errorf("--report %q: %w", path, stages.WithoutPath(err)))
	}
	if len(line) > 0 && !isRecord(line) {
		return paths.RefuseReport(fmt.Errorf("--report %q exists and is not a report: it will not be replaced", path))
	}
	return nil
}

// isRecord tells whether a line is a record of a report.
func isRecord(line []byte) bool {
	var rec struct{ In, Status *string }
	return json.Unmarshal(line, &rec) == nil && rec.In != nil && rec.Status != nil
}
