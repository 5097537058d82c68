package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/models"
	"gtx/models/manifest"
)

func (p *program) modelsAddCommand() *cli.Command {
	return &cli.Command{
		Name:      "add",
		Usage:     "make a model of a network that came from elsewhere",
		ArgsUsage: "FILE.onnx",
		Description: "Looks at the network, completes a manifest with what it shows, translates a test picture, and\n" +
			"writes the model into your folder, with the manifest inside. What else there is to know comes from\n" +
			"a preset, from a YAML file, or else from FILE.onnx.yaml beside the network or from the network\n" +
			"itself; without any of these a network from picture to picture is enough, and gtx says what it\n" +
			"takes for granted.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "`NAME` of the model; default: the file's"},
			&cli.StringFlag{Name: "preset", Usage: "what is known of a family: `PRESET` is " + strings.Join(models.Presets(), ", ")},
			&cli.StringFlag{Name: "manifest", Usage: "a manifest in YAML, which may leave out what the network shows: `FILE`"},
			&cli.StringSliceFlag{Name: "to", Usage: "the `DOMAIN` it leads to; default: its name"},
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "print the manifest and write nothing"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace a model of the same name"},
		}, verifyFlags()...),
		Action: p.modelsAdd,
	}
}

// verifyFlags say where a network is tried.
func verifyFlags() []cli.Flag {
	var flags []cli.Flag
	for _, f := range networkFlags() {
		if name := f.Names()[0]; name == "device" || name == "onnxruntime" {
			flags = append(flags, f)
		}
	}
	return flags
}

func (p *program) modelsAdd(c *cli.Context) (err error) {
	if c.NArg() != 1 {
		return usage("models add takes one .onnx file")
	}
	o := models.AddOptions{Force: c.Bool("force"), DryRun: c.Bool("dry-run"), Device: models.Options{Device: c.String("device")}}
	o.Name, o.To = c.String("name"), c.StringSlice("to")
	switch preset, manifest := c.String("preset"), c.String("manifest"); {
	case preset != "" && manifest != "":
		return usage("--preset and --manifest both describe the network: take one")
	case preset != "":
		if o.Known, err = models.Preset(preset); err != nil {
			return usage("--preset: %w", err)
		}
	case manifest != "":
		if o.Known, err = os.ReadFile(manifest); err != nil {
			return usage("--manifest: %w", err)
		}
	}
	r, err := openRuntime(c)
	if err != nil {
		return err
	}
	defer alsoClose(&err, r)
	a, err := r.Add(c.Context, c.Args().First(), o)
	if err != nil {
		return cannotStart(describeIt(err, o.Known != nil))
	}
	for _, assumption := range a.Assumed {
		fmt.Fprintf(p.err, "gtx: assumed: %s\n", assumption)
	}
	if len(a.Assumed) > 0 {
		fmt.Fprintln(p.err, "hint: --preset or --manifest says otherwise; --dry-run prints a manifest to begin with")
	}
	if o.DryRun {
		_, err = p.out.Write(a.Manifest)
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s\t%s\n", a.Name, a.Path)
	return err
}

// describeIt says how to go on where a network alone does not say enough.
func describeIt(err error, described bool) error {
	var wrong *manifest.Error
	if !described && errors.As(err, &wrong) {
		return advice{err, "--preset or --manifest FILE.yaml describes the network"}
	}
	return err
}
