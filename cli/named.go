package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/paths"
	"gtx/models"
)

// namedFiles lists the files that the options of a command name. exemplars are those of --exemplar.
func namedFiles(c *cli.Context, exemplars map[string][]string) []paths.Named {
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
	for _, files := range exemplars {
		for _, path := range files {
			add("--exemplar", path)
		}
	}
	return files
}

// checkReport refuses a --report that would replace another file of the run, or any file that is not a
// report. It writes nothing.
func checkReport(c *cli.Context, in paths.Inputs, exemplars map[string][]string) error {
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
	return ledger.Replaceable(path)
}
