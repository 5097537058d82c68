package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/outcomes"
	"gtx/cli/paths"
	"gtx/cli/reports"
	"gtx/pipeline"
	"gtx/stages"
)

func (p *program) checkCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "against", Category: manual.Results, Usage: "compare with the source: `PATH` is an image, or a folder with the source of each image under the same path, in any format"},
		&cli.BoolFlag{Name: "fail", Category: manual.Results, Usage: "exit 1 if any image is flagged"},
		&cli.BoolFlag{Name: "json", Category: manual.Results, Usage: "print one JSON object per line: path, a2, a4, a8, flagged, source"},
		&cli.StringFlag{Name: "map", Category: manual.Results, Usage: "draw a map with the patterns in red: `PATH` is a .png for one image, or a folder"},
		&cli.StringFlag{Name: "base", Category: manual.Results, Value: ".", Usage: "with folders in --against and --map, take the paths of single files relative to `DIR`"},
		reports.HTMLFlag(),
	}
	flags = append(flags, inputFlags()...)
	flags = append(flags, jobsFlag())
	return &cli.Command{
		Name:      "check",
		Usage:     "score images for checkerboard artefacts",
		ArgsUsage: "[PATH ...]",
		Description: "Prints a line for each image: the path, the amplitudes in grey levels of the patterns\n" +
			"that repeat every 2, 4 and 8 pixels, and flagged or clean. Images with a side below\n" +
			"64 pixels get n/a. With the sources (--against), gtx finds fainter patterns and does\n" +
			"not mistake texture for a checkerboard.",
		Flags:  append(flags, p.talkFlags()...),
		Action: p.check,
	}
}

func (p *program) check(c *cli.Context) (err error) {
	open, err := openOptions(c)
	if err != nil {
		return err
	}
	open.OwnToo = true
	w, err := widthsOf(c, "cpu")
	if err != nil {
		return err
	}
	run, reading, done := p.onSignals(c.Context)
	defer done()
	base, err := filepath.Abs(c.String("base"))
	if err != nil {
		return err
	}
	in, err := p.readInputs(reading, c, paths.Mirror(base), c.String("map"))
	if err != nil {
		return err
	}
	inspect, err := inspection(c, in)
	if err != nil {
		return err
	}
	inspect.Open = open
	if err := checkWritten(c, in, nil); err != nil {
		return err
	}
	records, err := p.openJournal(run, c, nil, part{})
	if err != nil {
		return err
	}
	defer alsoClose(&err, records)
	queue := in.Queue()
	line := pipeline.New(run, w.inFlight())
	files := pipeline.Each(pipeline.From(line, queue.Sources), "open", w.jobs, stages.Open(open))
	images := pipeline.Each(files, "decode", w.jobs, stages.Decode(nil))
	scores := pipeline.Each(images, "check", w.jobs, stages.Inspect(inspect))
	tally := p.tally(c, "checked", in.Known)
	err = outcomes.Drain(scores, queue, tally, func(it pipeline.Item[stages.Source, stages.Inspected]) error {
		if it.Err == nil {
			if it.Value.Flagged() {
				tally.Flagged++
			}
			records.Measured.Add(it.Spans)
			if err := reports.PrintScore(p.out, it.Source.In, it.Value, c.Bool("json")); err != nil {
				return err
			}
		}
		tally.Spent(it.Spans, "")
		rec := reports.ScoreRecord(it, inspect.Against)
		tally.Count(it.Source, rec.Status, rec.Message)
		return records.Write(rec)
	})
	tally.Finish("")
	if err = ending(err, reading, tally); err == nil && tally.Flagged > 0 && c.Bool("fail") {
		return exit.Silent(exit.CodeSome)
	}
	return err
}

// inspection reads --against and --map.
func inspection(c *cli.Context, in paths.Inputs) (o stages.InspectOptions, err error) {
	if against := c.String("against"); against != "" {
		info, err := os.Stat(against)
		if err != nil {
			return o, exit.Usage("--against: %w", err)
		}
		o.Against = func(s stages.Source) (string, error) {
			if !info.IsDir() {
				return against, nil
			}
			return counterpart(filepath.Join(against, s.Relative))
		}
	}
	if to := c.String("map"); strings.HasSuffix(to, ".png") {
		if in.Known != 1 {
			return o, exit.Usage("--map %q is for one image: name a folder", to)
		}
		if err := stages.CheckMap(to); err != nil {
			return o, exit.Usage("--map %q: %w", to, err)
		}
		o.Map = func(stages.Source) string { return to }
	} else if to != "" {
		if err := paths.Writable(to); err != nil {
			return o, err
		}
		o.Below = to
		o.Map = func(s stages.Source) string { return filepath.Join(to, s.Relative+".png") }
	}
	return o, nil
}

// counterpart is the file at a path, or the only one that differs from it in its extension.
func counterpart(path string) (string, error) {
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	dir, name := filepath.Split(path)
	stem := strings.TrimSuffix(name, filepath.Ext(name)) + "."
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no source %q: %w", path, stages.WithoutPath(err))
	}
	var found []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), stem) && !strings.Contains(e.Name()[len(stem):], ".") {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no source %q", path)
	case 1:
		return found[0], nil
	}
	return "", errors.New("more than one possible source: " + list(found))
}
