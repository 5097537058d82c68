package streams

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/paths"
	"gtx/stages"
	"gtx/stages/frames"
)

// Flags are the options that replace files by streams.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "tar", Category: manual.Streams, Usage: "each PATH is a WebDataset tar, or a pattern such as in-{000..099}.tar; without one a tar comes on standard input. Writes a tar to standard output or, with -o, one of the same name for each that is read"},
		&cli.StringFlag{Name: "tar-image", Category: manual.Streams, Usage: "the image of a sample is its file with one of these `EXTENSIONS`, separated by commas, such as jpg or input.png,input.jpg; default: jpg, png and the others that gtx reads"},
		&cli.StringFlag{Name: "tar-failed", Category: manual.Streams, Value: string(FailedDrop), Usage: "`POLICY` for a sample of a tar whose image fails: drop it from the tar that is written, or keep it as it is"},
		&cli.StringFlag{Name: "shards", Category: manual.Streams, Usage: "write the results into WebDataset tars whose names follow `PATTERN`, such as train-%05d.tar, below -o"},
		&cli.IntFlag{Name: "per-shard", Category: manual.Streams, Value: 10_000, Usage: "with --shards, `N` inputs go into one tar"},
		&cli.BoolFlag{Name: "frames", Category: manual.Streams, Usage: "pictures come one after the other on standard input, as JPEG, PNG or PPM, and leave in the same way on standard output; --format also takes ppm"},
	}
}

// Formats returns the formats that results can have.
func Formats(c *cli.Context) []stages.Format {
	if c.Bool("frames") {
		return []stages.Format{stages.JPEG, stages.PNG, frames.PPM}
	}
	return stages.Formats
}

// A Source says where a stream gets its pictures from.
type Source struct {
	Stdin     *os.File
	MaxPixels int
	Recode    func(stages.Source) ([]byte, error) // writes a frame in the format of its result, without a translation
	Files     func(context.Context, paths.Placer) (paths.Inputs, error)
}

func (s Source) terminal() bool { return isatty.IsTerminal(s.Stdin.Fd()) }

// Of returns the stream that the options ask for, or nil.
func Of(c *cli.Context, from Source, o Options) (Stream, error) {
	tar, pattern, video := c.Bool("tar"), c.String("shards"), c.Bool("frames")
	named, parts := "the files in a tar keep their names", "tars"
	if video {
		named, parts = "frames have no names", "a stream"
	}
	switch asked := count(tar, pattern != "", video); {
	case c.IsSet("tar-image") && !tar:
		return nil, exit.Usage("--tar-image needs --tar")
	case manual.Given(c, "per-shard") && pattern == "":
		return nil, exit.Usage("--per-shard needs --shards")
	case c.IsSet("tar-failed") && !tar && pattern == "":
		return nil, exit.Usage("--tar-failed needs --tar or --shards")
	case asked == 0:
		return nil, nil
	case asked > 1:
		return nil, exit.Usage("--tar, --shards and --frames exclude each other")
	case c.String("name") != "":
		return nil, exit.Usage("--name is for files: %s", named)
	case c.String("plan") != "" || c.String("shard") != "":
		return nil, exit.Usage("--plan and --shard are for files: give each task %s of its own", parts)
	case c.String("failed") != "":
		return nil, exit.Usage("--failed is for files: repeat the whole run, which makes again what failed")
	case c.String("report") == "-" && pattern == "" && c.String("out") == "":
		return nil, exit.Usage("--report -: standard output has the results")
	case len(o.Naming.Suffixes) > 0 || o.Naming.Samples > 1:
		return nil, exit.Usage("--tar, --shards and --frames take one result of an image")
	case c.Bool("dry-run"):
		return nil, exit.Usage("--dry-run is for files")
	}
	if o.jobs = c.Int("jobs"); o.jobs <= 0 {
		o.jobs = runtime.GOMAXPROCS(0)
	}
	o.Failed = Failed(c.String("tar-failed"))
	if o.Failed != FailedDrop && o.Failed != FailedKeep {
		return nil, exit.Usage("--tar-failed %q: known are %s, %s", o.Failed, FailedDrop, FailedKeep)
	}
	return open(c, from, o)
}

// open returns the stream for options that fit together.
func open(c *cli.Context, from Source, o Options) (Stream, error) {
	base, err := filepath.Abs(c.String("base"))
	if err != nil {
		return nil, err
	}
	switch {
	case c.Bool("tar"):
		return ofTars(c, from, o, base)
	case c.Bool("frames"):
		if c.NArg() > 1 || c.NArg() == 1 && c.Args().First() != "-" || c.String("files-from") != "" || c.String("out") != "" {
			return nil, exit.Usage("--frames reads standard input and writes standard output: it takes no PATH, no --files-from and no --out")
		}
		if from.terminal() {
			return nil, exit.Usage("--frames: pipe pictures to standard input")
		}
		return OfFrames(FrameOptions{Options: o, Stdin: from.Stdin, MaxPixels: from.MaxPixels, FailFast: c.Bool("fail-fast"), Recode: from.Recode}), nil
	}
	if c.NArg() == 1 && c.Args().First() == "-" {
		return nil, exit.Usage("--shards: an image on standard input has no name")
	}
	pattern, out := c.String("shards"), c.String("out")
	if out != "" && !filepath.IsLocal(pattern) {
		return nil, exit.Usage("--shards %q: it leads its output out of the output folder", pattern)
	}
	return IntoShards(ShardOptions{
		Options: o, Pattern: filepath.Join(out, pattern), Each: c.Int("per-shard"), Base: base,
		Below: out, Files: from.Files,
	})
}

func count(conditions ...bool) (n int) {
	for _, is := range conditions {
		if is {
			n++
		}
	}
	return n
}

// ofTars reads the options of --tar.
func ofTars(c *cli.Context, from Source, o Options, base string) (Stream, error) {
	t := TarOptions{Options: o, Out: c.String("out"), Base: base, Images: ImageFields(), Stdin: from.Stdin}
	if fields := c.String("tar-image"); fields != "" {
		t.Images = strings.Split(strings.ToLower(strings.ReplaceAll(","+fields, ",.", ",")), ",")[1:]
	}
	patterns, list := c.Args().Slice(), c.String("files-from")
	switch {
	case list != "" && len(patterns) > 0:
		return nil, exit.Usage("paths and --files-from exclude each other")
	case list != "":
		f, err := os.Open(list)
		if err != nil {
			return nil, exit.Usage("--files-from: %w", err)
		}
		t.Names = TarNames(func(yield func(string, error) bool) {
			for name, err := range paths.Entries(f, c.Bool("null")) {
				if err != nil {
					name = list
				}
				if !yield(name, err) {
					return
				}
			}
		})
	case len(patterns) > 0 && (len(patterns) > 1 || patterns[0] != "-"):
		t.Names = TarNames(func(yield func(string, error) bool) {
			for _, p := range patterns {
				if !yield(p, nil) {
					return
				}
			}
		})
	case from.terminal():
		return nil, exit.Usage("--tar: name a tar, or pipe one to standard input")
	case t.Out != "":
		return nil, exit.Usage("--out: a tar on standard input has no name: its result goes to standard output")
	}
	return OfTars(t), nil
}
