package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/page"
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
	add(paths.HTMLOption, c.String("html"))
	add("--map", c.String("map"))
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

// checkReport refuses a --report or --html that would replace another file of the run, or any file of another kind. It
// writes nothing.
func checkReport(c *cli.Context, in paths.Inputs, exemplars map[string][]string) error {
	for _, written := range []struct {
		option      string
		replaceable func(string) error
	}{{paths.ReportOption, ledger.Replaceable}, {paths.HTMLOption, func(path string) error { return page.Check(path, nil) }}} {
		option, path := written.option, c.String(strings.TrimPrefix(written.option, "--"))
		if path == "" {
			continue
		}
		file := paths.NewNamed(option, path)
		for _, f := range namedFiles(c, exemplars) {
			if f.Option != option && f.Is(path, file.Info) {
				return exit.Usage("%s %q is also the file of %s", option, path, f.Option)
			}
		}
		if in.Known >= 0 && !in.Single {
			for s := range in.Sources {
				info, _ := os.Stat(s.In)
				if file.Is(s.In, info) {
					return paths.RefuseReport(option, fmt.Errorf("%s %q is an input", option, path))
				}
			}
		}
		if err := written.replaceable(path); err != nil {
			return err
		}
	}
	return nil
}
