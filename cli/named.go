package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/stages"
)

// A namedFile is a file that an option of the run names, such as its model or its report. No result
// replaces it.
type namedFile struct {
	option, path string
	info         os.FileInfo // nil if there is no such file yet
}

// newNamedFile makes the path absolute and looks for the file.
func newNamedFile(option, path string) namedFile {
	f := namedFile{option: option, path: path}
	if abs, err := filepath.Abs(path); err == nil {
		f.path = abs
	}
	f.info, _ = os.Stat(f.path)
	return f
}

// is tells whether path, about which info is known unless it is nil, leads to the file.
func (f namedFile) is(path string, info os.FileInfo) bool {
	if abs, err := filepath.Abs(path); err == nil && abs == f.path {
		return true
	}
	return info != nil && f.info != nil && os.SameFile(info, f.info)
}

// reportOption is the option that names the report.
const reportOption = "--report"

// namedFiles lists the files that the options of a command name. exemplars are those of --exemplar.
func namedFiles(c *cli.Context, exemplars map[string]string) []namedFile {
	var files []namedFile
	add := func(option, path string) {
		if path != "" && path != "-" {
			files = append(files, newNamedFile(option, path))
		}
	}
	add(reportOption, c.String("report"))
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
func checkReport(c *cli.Context, in inputs, exemplars map[string]string) error {
	path := c.String("report")
	if path == "" {
		return nil
	}
	report := newNamedFile(reportOption, path)
	for _, f := range namedFiles(c, exemplars) {
		if f.option != reportOption && f.is(path, report.info) {
			return usage("--report %q is also the file of %s", path, f.option)
		}
	}
	if in.known >= 0 && !in.single {
		for s := range in.sources {
			info, _ := os.Stat(s.In)
			if report.is(s.In, info) {
				return refuseReport(fmt.Errorf("--report %q is an input", path))
			}
		}
	}
	return replaceable(path)
}

// refuseReport is the failure of a --report that would replace a file of another kind.
func refuseReport(err error) error {
	return &failure{exitUsage, advice{err, "--report takes the FILE to write, before the paths"}}
}

// replaceable refuses a report that exists and that gtx did not write. A pipe or a terminal, such as
// /dev/stdout, loses nothing.
func replaceable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return cannotStart(fmt.Errorf("--report %q: %w", path, stages.WithoutPath(err)))
	case info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0:
		return nil
	case !info.Mode().IsRegular():
		return usage("--report %q is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return cannotStart(fmt.Errorf("--report %q: %w", path, stages.WithoutPath(err)))
	}
	defer f.Close()
	const most = 1 << 20 // bytes of a record
	line, err := bufio.NewReader(io.LimitReader(f, most)).ReadBytes('\n')
	if err != nil && err != io.EOF {
		return cannotStart(fmt.Errorf("--report %q: %w", path, stages.WithoutPath(err)))
	}
	if len(line) > 0 && !isRecord(line) {
		return refuseReport(fmt.Errorf("--report %q exists and is not a report: it will not be replaced", path))
	}
	return nil
}

// isRecord tells whether a line is a record of a report.
func isRecord(line []byte) bool {
	var rec struct{ In, Status *string }
	return json.Unmarshal(line, &rec) == nil && rec.In != nil && rec.Status != nil
}
