package shards

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/paths"
	"gtx/stages"
)

// perShard is the default of --per-shard.
const perShard = 5000

// Command is gtx plan. It reads paths from in and prints to out; messages go to err.
func Command(in *os.File, out, err io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "divide a list of images among many tasks",
		ArgsUsage: "[PATH ...]",
		Description: "Freezes a list of inputs into shards, for gtx translate --plan DIR --shard I. PATH is a\n" +
			"file or a folder. Without one, paths are read from standard input, one per line.\n" +
			"Files in a list are not looked at.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Category: manual.Results, Aliases: []string{"o"}, Usage: "write the plan to `DIR`, which must be new or empty"},
			&cli.IntFlag{Name: "per-shard", Category: manual.Results, Value: perShard, Usage: "put at most `N` images into a shard; shards differ by at most one image"},
			&cli.StringFlag{Name: "base", Category: manual.Results, Value: ".", Usage: "keep the paths of single files relative to `DIR`, as translate does"},
			&cli.BoolFlag{Name: "null", Category: manual.Input, Aliases: []string{"0"}, Usage: "paths on standard input and in a list end with NUL"},
			&cli.StringFlag{Name: "files-from", Category: manual.Input, Usage: "read paths from `LIST`, one per line"},
			&cli.BoolFlag{Name: "quiet", Category: manual.Messages, Aliases: []string{"q"}, Usage: "print only errors"},
		},
		Action: func(c *cli.Context) error { return plan(c, in, err) },
		Subcommands: []*cli.Command{
			{
				Name: "status", Usage: "show how far the tasks have come", ArgsUsage: "DIR",
				Action: func(c *cli.Context) error { return status(c, out) },
			},
			{
				Name: "todo", Usage: "print the shards that are neither done nor running, as sbatch --array takes them", ArgsUsage: "DIR",
				Flags: []cli.Flag{
					&cli.BoolFlag{Name: "failed", Category: manual.Results, Usage: "also print shards that are done but in which images failed"},
					&cli.BoolFlag{Name: "lines", Category: manual.Results, Usage: "print one index per line, for xargs and GNU parallel"},
				},
				Action: func(c *cli.Context) error { return todo(c, out) },
			},
		},
	}
}

func plan(c *cli.Context, in *os.File, messages io.Writer) error {
	dir, most := c.String("out"), c.Int("per-shard")
	switch {
	case dir == "":
		this := manual.Named{Command: c.Command}
		return manual.Unknown(manual.ClosestCommand(c.Args().First(), this), "plan needs -o DIR")
	case most < 1:
		return exit.Usage("--per-shard %d: it must be 1 or more", most)
	}
	base, err := filepath.Abs(c.String("base"))
	if err != nil {
		return err
	}
	sources, err := read(c, in, paths.Mirror(base))
	if err != nil {
		return err
	}
	if err := distinct(sources); err != nil {
		return err
	}
	p, err := Write(dir, most, sources.Len(), func(yield func(string) bool) {
		for s := range sources.All {
			if !yield(paths.Entry(s.In, s.Relative)) {
				return
			}
		}
	})
	if err == nil && !c.Bool("quiet") {
		fmt.Fprintf(messages, "gtx: %s\n", p)
	}
	return err
}

// String is a line for people.
func (p *Plan) String() string {
	switch p.Shards {
	case 0:
		return fmt.Sprintf("%q has no shards: no images were named", p.dir)
	case 1:
		images := "images"
		if p.Images == 1 {
			images = "image"
		}
		return fmt.Sprintf("%q has 1 shard of %d %s: run 0", p.dir, p.Images, images)
	}
	return fmt.Sprintf("%q has %d shards of %d images: run 0-%d", p.dir, p.Shards, p.Images, p.Shards-1)
}

// read takes inputs from the arguments, from a list or from standard input.
func read(c *cli.Context, in *os.File, place paths.Placer) (*paths.Packed, error) {
	args, list := c.Args().Slice(), c.String("files-from")
	switch {
	case len(args) > 0 && list != "":
		return nil, exit.Usage("paths and --files-from exclude each other")
	case slices.Equal(args, []string{"-"}):
		return nil, exit.Usage("an image on standard input has no path: to read paths from there, leave - out")
	case len(args) > 0:
		return paths.Expand(args, place, "")
	case list != "" && list != "-":
		f, err := paths.OpenList(list)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	case list == "" && isatty.IsTerminal(in.Fd()):
		if err := cli.ShowSubcommandHelp(c); err != nil {
			return nil, err
		}
		return nil, exit.Silent(exit.CodeUsage)
	}
	sources, err := paths.ReadNames(in, place, c.Bool("null"))
	if err != nil {
		return nil, exit.CannotStart(fmt.Errorf("the list of paths: %w", err))
	}
	return sources, nil
}

// distinct refuses missing inputs, unreadable folders, and inputs that share a path or a path below the output folder:
// tasks know nothing of one another, so they would not notice. An unreadable image fails only its own task.
func distinct(sources *paths.Packed) error {
	type digest [sha256.Size / 2]byte
	digestOf := func(text string) (d digest) {
		sum := sha256.Sum256([]byte(text))
		copy(d[:], sum[:])
		return d
	}
	inputs, results := map[digest]struct{}{}, map[digest]struct{}{}
	for s := range sources.All {
		if errors.Is(s.Err, fs.ErrNotExist) || paths.IsUnseen(s) {
			return exit.CannotStart(fmt.Errorf("%q: %w", s.In, s.Err))
		}
		in, result := digestOf(filepath.Clean(s.In)), digestOf(s.Relative)
		if _, twice := inputs[in]; twice {
			return exit.Usage("%q is named twice", s.In)
		}
		if _, twice := results[result]; twice {
			return clash(sources, s)
		}
		inputs[in], results[result] = struct{}{}, struct{}{}
	}
	return nil
}

// clash is the error of two inputs with one path below the output folder.
func clash(sources *paths.Packed, later stages.Source) error {
	for s := range sources.All {
		if s.Relative == later.Relative {
			return &exit.Failure{Code: exit.CodeUsage, Err: exit.Hint(
				fmt.Errorf("%q and %q would both be %q below the output folder", s.In, later.In, s.Relative),
				"name a folder above both",
			)}
		}
	}
	return errors.New("two inputs have one path")
}

// statusOf returns the status of the plan that a subcommand names.
func statusOf(c *cli.Context) (s Status, dir string, err error) {
	if c.NArg() != 1 {
		return s, "", exit.Usage("plan %s takes the DIR of one plan", c.Command.Name)
	}
	p, err := Open(c.Args().First())
	if err != nil {
		return s, "", err
	}
	s, err = p.Status()
	return s, p.dir, err
}

func status(c *cli.Context, out io.Writer) error {
	s, dir, err := statusOf(c)
	if err == nil {
		_, err = fmt.Fprintf(out, "%s: %s\n", dir, s)
	}
	return err
}

func todo(c *cli.Context, out io.Writer) error {
	s, _, err := statusOf(c)
	if err != nil {
		return err
	}
	left := s.ToDo
	if c.Bool("failed") {
		left = s.withFailed()
	}
	if c.Bool("lines") {
		for _, i := range left {
			if _, err := fmt.Fprintln(out, i); err != nil {
				return err
			}
		}
		return nil
	}
	if len(left) > 0 {
		_, err = fmt.Fprintln(out, Ranges(left))
	}
	return err
}
