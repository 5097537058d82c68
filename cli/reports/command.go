// Package reports writes the report of a run under way, with the page that --html asks for, and the scores of gtx
// check. It has the command that reads reports, gtx report.
package reports

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/urfave/cli/v2"

	"gtx/cli/decoders"
	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/page"
	"gtx/cli/progress"
	"gtx/cli/summary"
)

// A Command is gtx report.
type Command struct {
	In       io.Reader
	Out, Err io.Writer
	Run      func(c *cli.Context, do func(context.Context) error) error // until a signal
}

// Command describes the command line.
func (p Command) Command() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "say what became of the images of one or more reports, and why",
		ArgsUsage: "RUN.jsonl ...",
		Description: "Merges reports of --report and prints totals and the failures by cause, each with the\n" +
			"command that repeats them. With --html it writes a page instead: failures, pictures before\n" +
			"and after, distributions, what limited the rate, and the settings. - reads standard input.\n" +
			"Exits with 1 if an image failed or was not reached.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "html", Category: manual.Reports, Usage: "write a page to `FILE`: it opens from the disk and makes no request"},
			&cli.StringFlag{Name: "against", Category: manual.Reports, Usage: "also say what changed since the report in `FILE`"},
			&cli.StringFlag{Name: "thumbs", Category: manual.Results, Value: string(page.Inline), Usage: "put the pictures of the page `WHERE`: inline, or into a folder beside it"},
			&cli.IntFlag{Name: "pictures", Category: manual.Results, Value: picturesDefault, Usage: "show pictures of `N` results, at most 1000"},
			&cli.StringFlag{Name: "list", Category: manual.Results, Usage: "print the inputs of `GROUP` instead: failed, flagged or a cause, as the commands that repeat failures name it"},
			&cli.BoolFlag{Name: "null", Category: manual.Results, Aliases: []string{"0"}, Usage: "with --list, end paths with NUL"},
		},
		Action: p.summarize,
	}
}

// picturesDefault is how many results a page shows if nobody says otherwise.
const picturesDefault = 200

// summarize is gtx report.
func (p Command) summarize(c *cli.Context) error {
	files := c.Args().Slice()
	thumbs := page.Thumbs(c.String("thumbs"))
	switch n := c.Int("pictures"); {
	case thumbs != page.Inline && thumbs != page.Folder:
		return exit.Usage("--thumbs %q: known are %s, %s", thumbs, page.Inline, page.Folder)
	case len(files) == 0:
		return exit.Usage("no report is named: gtx translate --report FILE writes one")
	case n < 0 || n > page.PicturesMost:
		return exit.Usage("--pictures %d is not between 0 and %d", n, page.PicturesMost)
	}
	if err := together(c); err != nil {
		return err
	}
	if err := page.Check(c.String("html"), "", append(files, c.String("against"))); err != nil {
		return err
	}
	r, err := summary.Read(files, p.In)
	if err != nil {
		return err
	}
	if group := c.String("list"); group != "" {
		return p.list(r, group, c.Bool("null"))
	}
	var changes *summary.Comparison
	if path := c.String("against"); path != "" {
		before, err := summary.Read([]string{path}, p.In)
		if err != nil {
			return err
		}
		changes = r.Compare(before)
	}
	if path := c.String("html"); path != "" {
		err = p.writePage(c, r, page.Options{Path: path, Thumbs: thumbs, Pictures: c.Int("pictures"), Against: changes})
	} else {
		for _, note := range r.Notes {
			fmt.Fprintf(p.Err, "gtx: %s\n", note)
		}
		err = r.Print(p.Out, changes)
	}
	if t := r.Totals(); err == nil && t.Failed+t.Unreached > 0 {
		return exit.Silent(exit.CodeSome)
	}
	return err
}

// together refuses combinations in which an option would be ignored or would have nothing left to read.
func together(c *cli.Context) error {
	for _, name := range []string{"thumbs", "pictures"} {
		if c.IsSet(name) && c.String("html") == "" {
			return exit.Usage("--%s is about the page that --html FILE writes", name)
		}
	}
	for _, name := range []string{"html", "against"} {
		if c.IsSet("list") && c.IsSet(name) {
			return exit.Usage("--list and --%s exclude each other", name)
		}
	}
	reports := append(c.Args().Slice(), c.String("against"))
	switch first := slices.Index(reports, "-"); {
	case first >= 0 && slices.Contains(reports[first+1:], "-"):
		return exit.Usage("two reports are -: standard input can be read only once")
	case c.Bool("null") && c.String("list") == "":
		return exit.Usage("--null is about the paths that --list GROUP prints")
	case c.String("html") == "-":
		return exit.Usage("--html -: a page goes into a file, beside which its pictures are found")
	}
	return nil
}

// writePage writes the page of gtx report, and prints its path.
func (p Command) writePage(c *cli.Context, r *summary.Report, o page.Options) error {
	o.Open, o.Jobs = decoders.Default(), runtime.GOMAXPROCS(0)
	o.Progress = func(results int) (step, end func()) { return progress.Steps(p.Err, results) }
	defer o.Open.Decoders.Close()
	if err := p.Run(c, func(ctx context.Context) error { return page.Write(ctx, r, o) }); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.Out, o.Path)
	return err
}

// list prints the inputs of a group as the runs were given them.
func (p Command) list(r *summary.Report, group string, null bool) error {
	results, err := r.List(group)
	if err != nil {
		return exit.Usage("--list: %w", err)
	}
	end, last := "\n", ""
	if null {
		end = "\x00"
	}
	for i, one := range results {
		if i > 0 && one.In == last { // another sample
			continue
		}
		last = one.In
		if _, err := io.WriteString(p.Out, one.Entry()+end); err != nil {
			return err
		}
	}
	return nil
}
