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
	add(paths.FailedOption, c.String("failed"))
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

// checkWritten refuses a --report, --html or --failed that would replace another file of the run, and a report or page that
// would replace a file of another kind. It writes nothing.
func checkWritten(c *cli.Context, in paths.Inputs, exemplars map[string][]string) error {
	for _, option := range paths.WrittenOptions {
		path := c.String(strings.TrimPrefix(option, "--"))
		switch {
		case path == "":
			continue
		case path == "-" && (option != paths.ReportOption || in.Single):
			return exit.Usage("%s -: standard output has the results", option)
		case path == "-" && c.String("html") != "":
			return exit.Usage("--html and --report - exclude each other: a page needs a report in a file")
		case path == "-":
			continue
		}
		if err := checkDistinct(c, option, path, in, exemplars); err != nil {
			return err
		}
	}
	if err := page.Check(c.String("html"), c.String("out"), nil); err != nil {
		return err
	}
	if path := c.String("report"); path != "" && path != "-" {
		return ledger.Replaceable(path)
	}
	return nil
}

// checkDistinct refuses a file to write that is another file of the run.
func checkDistinct(c *cli.Context, option, path string, in paths.Inputs, exemplars map[string][]string) error {
	written := paths.NewNamed(option, path)
	for _, f := range namedFiles(c, exemplars) {
		if f.Option != option && f.Is(path, written.Info) {
			return exit.Usage("%s %q is also the file of %s", option, path, f.Option)
		}
	}
	if in.Known >= 0 && !in.Single {
		for s := range in.Sources {
			info, _ := os.Stat(s.In)
			if written.Is(s.In, info) {
				return paths.Refuse(option, fmt.Errorf("%s %q is an input", option, path))
			}
		}
	}
	return nil
}
