package reports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v2"

	"gtx/cli/bench"
	"gtx/cli/decoders"
	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/manual"
	"gtx/cli/page"
	"gtx/cli/summary"
	"gtx/stages"
)

// HTMLFlag is --html of the commands that process images.
func HTMLFlag() cli.Flag {
	return &cli.StringFlag{Name: "html", Category: manual.Reports, Usage: "at the end, write a page about the run to `FILE`, as gtx report does"}
}

// About is what a journal cannot see from the options of its run.
type About struct {
	Report string    // path; "" for none, - for Out
	Out    io.Writer // standard output
	Run    ledger.Run
	Images func() (stages.OpenOptions, error) // limits on the pictures of a page; nil for the usual ones

	Measured *bench.Measurement // since the network was opened; nil if there is none
	Shard    string             // number of the shard of a plan, or ""
}

// A Journal is the report of a run, and the page about it that --html asks for.
type Journal struct {
	*ledger.Ledger
	Measured *bench.Measurement
	Whole    bool // Close has closed the report without an error

	provider  string
	path      string                  // of the report
	temporary string                  // folder of a report that only the page needs, or ""
	page      func(path string) error // or nil
}

// Open opens the report of a run and describes the run in it. about.Run has the model, what it runs on and the versions.
func Open(ctx context.Context, c *cli.Context, about About) (j *Journal, err error) {
	j = &Journal{path: about.Report, Measured: about.Measured, provider: about.Run.Provider}
	html := c.String("html")
	if html != "" {
		j.page = func(path string) error { return pageOf(ctx, path, html, about) }
	}
	if j.page != nil && j.path == "" {
		if j.temporary, err = os.MkdirTemp("", "gtx-report-"); err != nil {
			return nil, cannotMakePage(html, err)
		}
		j.path = filepath.Join(j.temporary, "run.jsonl")
	}
	if j.path == "-" {
		j.Ledger = ledger.To(about.Out)
	} else if j.Ledger, err = ledger.Open(j.path, c.Bool("report-new")); err != nil {
		return nil, errors.Join(err, os.RemoveAll(j.temporary))
	}
	if j.Measured == nil {
		j.Measured = bench.Begin()
	}
	j.Begin(runOf(c, about))
	return j, nil
}

// cannotMakePage is the failure of a run that has no temporary folder for the report that its page is made from.
func cannotMakePage(html string, err error) error {
	return exit.CannotStart(exit.Hint(
		fmt.Errorf("--html %q: no temporary folder for the report of the run in %q: %w", html, os.TempDir(), stages.WithoutPath(err)),
		"TMPDIR names another folder; with --report FILE no temporary folder is needed",
	))
}

// runOf completes the record of a run by what its command line says.
func runOf(c *cli.Context, about About) ledger.Run {
	r := about.Run
	r.Command, r.Settings, r.Processors = c.Command.Name, map[string]any{}, runtime.GOMAXPROCS(0)
	r.Versions["Go"], r.Versions["libvips"], r.Versions["platform"] = runtime.Version(), stages.LibvipsVersion, runtime.GOOS+"/"+runtime.GOARCH
	if folder, err := os.Getwd(); err == nil {
		r.Folder = ledger.Text(folder)
	}
	for _, arg := range c.Args().Slice() {
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			r.Folders = append(r.Folders, ledger.Text(arg))
		}
		if c.Bool("tar") || c.String("shards") != "" {
			r.Paths = append(r.Paths, ledger.Text(arg))
		}
	}
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if !c.IsSet(name) {
			continue
		}
		switch v := c.Value(name).(type) {
		case bool, int, float64:
			r.Settings[name] = v
		case cli.StringSlice:
			var list []ledger.Text
			for _, one := range v.Value() {
				list = append(list, ledger.Text(one))
			}
			r.Settings[name] = list
		default: // a seed may be too large for a number of JSON
			r.Settings[name] = ledger.Text(fmt.Sprint(v))
		}
	}
	if about.Shard != "" {
		r.Settings["shard"] = about.Shard // not auto
	}
	return r
}

// Close writes the end of the run into the report, and the page.
func (j *Journal) Close() error {
	j.Measured.End()
	end := ledger.Ending{Seconds: j.Measured.Elapsed().Seconds()}
	if j.Measured.Images > 0 {
		m := j.Measured.Result("", j.provider)
		end.Busy, end.Limit, end.Millis = m.Busy, m.Limit, m.Millis
	}
	err := errors.Join(j.End(end), j.Ledger.Close())
	j.Whole = err == nil
	if j.Whole && j.page != nil {
		err = j.page(j.path)
	}
	if j.temporary != "" {
		err = errors.Join(err, os.RemoveAll(j.temporary))
	}
	return err
}

// pageOf writes the page of a report.
func pageOf(ctx context.Context, report, html string, about About) (err error) {
	r, err := summary.Read([]string{report}, nil)
	if err != nil {
		return err
	}
	if about.Report == "" {
		r.Paths = nil // nobody will find it
	}
	open := decoders.Default()
	if about.Images != nil {
		if open, err = about.Images(); err != nil {
			return err
		}
	}
	defer open.Decoders.Close()
	return page.Write(ctx, r, page.Options{Path: html, Thumbs: page.Inline, Pictures: picturesDefault, Open: open, Jobs: runtime.GOMAXPROCS(0)})
}
