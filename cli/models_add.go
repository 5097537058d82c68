package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/models"
	"gtx/models/manifest"
	"gtx/models/propose"
)

func (p *program) modelsAddCommand() *cli.Command {
	return &cli.Command{
		Name:      "add",
		Usage:     "make a model from a network that was trained elsewhere",
		ArgsUsage: "FILE.onnx",
		Description: "Reads the network, completes its manifest with what the graph shows, translates a test image,\n" +
			"and writes the model with the manifest inside into your folder. The manifest to complete is\n" +
			"--preset or --manifest, or else FILE.onnx.yaml beside the network, or else the manifest inside it.\n" +
			"Without any of these, gtx can still add a network that turns one image into another. It prints\n" +
			"every assumption that it has to make.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Category: manual.Results, Usage: "`NAME` of the model; default: the name of the file"},
			&cli.StringFlag{Name: "preset", Category: manual.Translation, Usage: "complete the manifest of a family: `PRESET` is one of " + strings.Join(propose.Presets(), ", ")},
			&cli.StringFlag{Name: "manifest", Category: manual.Translation, Usage: "complete the YAML manifest in `FILE`, which may leave out what the graph shows"},
			&cli.StringSliceFlag{Name: "to", Category: manual.Translation, Usage: "`DOMAIN` that the model translates to; default: the model's name"},
			&cli.BoolFlag{Name: "dry-run", Category: manual.Results, Aliases: []string{"n"}, Usage: "only print the manifest"},
			&cli.BoolFlag{Name: "force", Category: manual.Results, Aliases: []string{"f"}, Usage: "replace a model of the same name"},
			deviceFlag(),
			libraryFlag(),
		},
		Action: p.modelsAdd,
	}
}

func (p *program) modelsAdd(c *cli.Context) (err error) {
	if c.NArg() != 1 {
		return exit.Usage("models add takes one .onnx file")
	}
	o := models.AddOptions{Force: c.Bool("force"), DryRun: c.Bool("dry-run"), Device: models.Options{Device: c.String("device")}}
	o.Name, o.To = strings.TrimSuffix(c.String("name"), ".onnx"), c.StringSlice("to")
	switch preset, manifest := c.String("preset"), c.String("manifest"); {
	case preset != "" && manifest != "":
		return exit.Usage("--preset and --manifest exclude each other: both describe the network")
	case preset != "":
		if o.Known, err = propose.Preset(preset); err != nil {
			return exit.Usage("--preset: %w", err)
		}
	case manifest != "":
		if o.Known, err = models.ReadManifest(manifest); err != nil {
			return exit.Usage("--manifest: %w", err)
		}
	}
	r, err := openRuntime(c)
	if err != nil {
		return err
	}
	defer alsoClose(&err, r)
	a, err := r.Add(c.Context, c.Args().First(), o)
	if err != nil {
		return exit.CannotStart(describeIt(err, o.Known != nil))
	}
	for _, assumption := range a.Assumed {
		fmt.Fprintf(p.err, "gtx: assumed: %s\n", assumption)
	}
	if len(a.Assumed) > 0 {
		fmt.Fprintln(p.err, "hint: correct this with --preset or --manifest; --dry-run prints a manifest to edit")
	}
	if o.DryRun {
		_, err = p.out.Write(a.Manifest)
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s\t%s\n", a.Name, a.Path)
	return err
}

// describeIt adds a hint to an error about a manifest if the user has given none.
func describeIt(err error, described bool) error {
	var wrong *manifest.Error
	if !described && errors.As(err, &wrong) {
		return exit.Hint(err, "--preset or --manifest FILE.yaml describes the network")
	}
	return err
}
