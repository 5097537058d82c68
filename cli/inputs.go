package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"gtx/cli/decoders"
	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/paths"
	"gtx/stages"
)

func inputFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "files-from", Category: manual.Input, Usage: "read paths from `LIST`, one per line"},
		&cli.BoolFlag{Name: "null", Category: manual.Input, Aliases: []string{"0"}, Usage: "paths on standard input and in a list end with NUL"},
		&cli.IntFlag{Name: "max-pixels", Category: manual.Input, Usage: "refuse images of more than `N` megapixels; 0: no limit", Value: decoders.MaxPixels},
	}, decoders.Flags()...)
}

// openOptions reads the limits on inputs.
func openOptions(c *cli.Context) (stages.OpenOptions, error) {
	mega := c.Int("max-pixels")
	if mega < 0 {
		return stages.OpenOptions{}, exit.Usage("--max-pixels takes 0 or more")
	}
	by, err := decoders.Of(c)
	return stages.OpenOptions{MaxPixels: mega * 1_000_000, Decoders: by}, err
}

// readInputs takes inputs from the arguments, from a list or from standard input. It passes over the
// folder skip. The sources end when ctx does.
func (p *program) readInputs(ctx context.Context, c *cli.Context, place paths.Placer, skip string) (paths.Inputs, error) {
	args, list := p.operands(c), c.String("files-from")
	switch {
	case list != "" && len(args) > 0:
		return paths.Inputs{}, exit.Usage("paths and --files-from exclude each other")
	case len(args) == 1 && args[0] == "-":
		return p.readImage(ctx, c)
	case len(args) > 0:
		sources, err := paths.Expand(args, place, skip)
		return paths.Of(ctx, sources.Len(), sources.All), err
	case list != "" && list != "-":
		sources, err := paths.ReadList(list, place, c.Bool("null"))
		return paths.Of(ctx, sources.Len(), sources.All), err
	case list == "" && isatty.IsTerminal(p.in.Fd()):
		if err := cli.ShowSubcommandHelp(c); err != nil {
			return paths.Inputs{}, err
		}
		return paths.Inputs{}, exit.Silent(exit.CodeUsage)
	}
	return p.readStream(ctx, place, c.Bool("null"))
}

// readImage takes one image from standard input.
func (p *program) readImage(ctx context.Context, c *cli.Context) (paths.Inputs, error) {
	open, err := openOptions(c)
	if err != nil {
		return paths.Inputs{}, err
	}
	in, err := paths.Reader(ctx, p.in)
	if err != nil {
		return paths.Inputs{}, exit.CannotStart(err)
	}
	data, err := open.Read(in)
	var stopped interrupted
	if errors.As(err, &stopped) {
		return paths.Inputs{}, exit.Silent(128 + int(stopped.signal))
	}
	source := stages.Source{In: "-", Out: stages.Stdout, Data: data, Err: err, Format: formatOf(c), Seed: paths.SeedOf(c.Uint64("seed"), "-", 0)}
	if err == nil && len(data) == 0 {
		source.Err = errors.New("standard input is empty")
	}
	one := paths.Of(ctx, 1, slices.Values([]stages.Source{source}))
	one.Single = true
	return one, nil
}

// readStream takes paths from standard input as they come.
func (p *program) readStream(ctx context.Context, place paths.Placer, null bool) (paths.Inputs, error) {
	in, err := paths.Stream(ctx, p.in, place, null)
	if err != nil {
		return paths.Inputs{}, exit.CannotStart(err)
	}
	return in, nil
}
