package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v2"

	"gtx/cli/bench"
	"gtx/cli/decoders"
	"gtx/cli/ledger"
	"gtx/cli/page"
	"gtx/cli/summary"
	"gtx/stages"
)

// htmlFlag is --html of the commands that process images.
func htmlFlag() cli.Flag {
	return &cli.StringFlag{Name: "html", Usage: "at the end, write a page about the run to `FILE`, as gtx report does"}
}

// A journal is the report of a run, and the page about it that --html asks for.
type journal struct {
	*ledger.Ledger
	measured  *bench.Measurement
	provider  string
	path      string // of the report
	temporary string // folder of a report that only the page needs, or ""
	page      func(path string) error
}

// openJournal opens the report of a run and describes the run in it. e is nil for a command without a network.
func openJournal(ctx context.Context, c *cli.Context, e *engine) (j *journal, err error) {
	j = &journal{path: c.String("report"), page: func(string) error { return nil }}
	if html := c.String("html"); html != "" {
		j.page = func(path string) error { return pageOf(ctx, c, path, html) }
		if j.path == "" {
			if j.temporary, err = os.MkdirTemp("", "gtx-report-"); err != nil {
				return nil, err
			}
			j.path = filepath.Join(j.temporary, "run.jsonl")
		}
	}
	if j.Ledger, err = ledger.Open(j.path, c.Bool("report-new")); err != nil {
		return nil, errors.Join(err, os.RemoveAll(j.temporary))
	}
	run := runOf(c)
	if j.measured = bench.Begin(); e != nil {
		j.measured, j.provider = e.measured, e.translator.Provider()
		run.Name, run.Model, run.Provider, run.Precision = e.model.Manifest.Name, e.model.Digest, j.provider, e.translator.Precision()
		run.Versions["ONNX Runtime"] = e.runtime.Version()
	}
	j.Begin(run)
	return j, nil
}

// runOf is the record of a run as its command line describes it.
func runOf(c *cli.Context) ledger.Run {
	r := ledger.Run{
		Command: c.Command.Name, Settings: map[string]any{}, Processors: runtime.GOMAXPROCS(0),
		Versions: map[string]string{"gtx": Version, "Go": runtime.Version(), "libvips": stages.LibvipsVersion, "platform": runtime.GOOS + "/" + runtime.GOARCH},
	}
	if folder, err := os.Getwd(); err == nil {
		r.Folder = ledger.Text(folder)
	}
	for _, arg := range c.Args().Slice() {
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			r.Folders = append(r.Folders, ledger.Text(arg))
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
	return r
}

// Close writes the end of the run into the report, and the page.
func (j *journal) Close() error {
	j.measured.End()
	end := ledger.Ending{Seconds: j.measured.Elapsed().Seconds()}
	if j.measured.Images > 0 {
		m := j.measured.Result("", j.provider)
		end.Busy, end.Limit, end.Millis = m.Busy, m.Limit, m.Millis
	}
	err := errors.Join(j.End(end), j.Ledger.Close())
	if err == nil {
		err = j.page(j.path)
	}
	if j.temporary != "" {
		err = errors.Join(err, os.RemoveAll(j.temporary))
	}
	return err
}

// pageOf writes the page of a report.
func pageOf(ctx context.Context, c *cli.Context, report, html string) error {
	r, err := summary.Read([]string{report}, nil)
	if err != nil {
		return err
	}
	if c.String("report") == "" {
		r.Paths = nil // nobody will find it
	}
	open := decoders.Default()
	if c.String("isolate") != "" { // generate reads no images, and has no options about them
		if open, err = openOptions(c); err != nil {
			return err
		}
	}
	defer open.Decoders.Close()
	return page.Write(ctx, r, page.Options{Path: html, Thumbs: page.Inline, Pictures: picturesDefault, Open: open, Jobs: runtime.GOMAXPROCS(0)})
}
