// Package page writes reports as HTML: one file that opens from a disk, makes no request, and works without JavaScript.
//
// Write makes the page of a report. Replaceable refuses to replace a file that is not such a page.
package page

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gtx/cli/exit"
	"gtx/cli/paths"
	"gtx/cli/summary"
	"gtx/stages"
	"gtx/stages/durable"
)

//go:embed page.html page.css page.js vendor/image-compare.min.js vendor/LICENSE
var files embed.FS

// mark is the first line of every page, by which gtx recognises it.
const mark = "<!doctype html><!-- a page of gtx report -->\n"

// Thumbs says where the pictures of a page are.
type Thumbs string

const (
	Inline Thumbs = "inline" // in the page
	Folder Thumbs = "folder" // in a folder beside it
)

// PicturesMost is the most results of which a page shows pictures.
const PicturesMost = 1000

// Options say what a page shows, and how.
type Options struct {
	Path     string
	Thumbs   Thumbs
	Pictures int                 // at most PicturesMost; 0 for none
	Against  *summary.Comparison // with another report, or nil
	Open     stages.OpenOptions  // of the pictures
	Jobs     int                 // pictures that are made at a time

	// Progress, if it is not nil, gets the number of results before their pictures are made. It returns step, which is
	// called after each result, and end, which is called after the last.
	Progress func(results int) (step, end func())
}

// Replaceable refuses a file that is not a page of gtx report. It also refuses a named pipe, because opening one that
// nobody reads would block. Paths below /dev, such as /dev/stdout, may be pipes that gtx was started with.
func Replaceable(path string) error {
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 && !strings.HasPrefix(path, "/dev/") {
		return exit.CannotStart(fmt.Errorf("%s %q is a pipe: a page goes into a file", paths.HTMLOption, path))
	}
	return paths.Replaceable(paths.HTMLOption, path, "page of gtx report", func(line []byte) bool { return string(line) == mark })
}

// Write writes the page of a report. It replaces an earlier page only.
func Write(ctx context.Context, r *summary.Report, o Options) error {
	if err := Replaceable(o.Path); err != nil {
		return err
	}
	v, err := viewOf(ctx, r, o)
	if err != nil {
		v.pictures.undo()
		return err
	}
	if err := write(o.Path, v.render); err != nil {
		v.pictures.undo()
		return fmt.Errorf("%s %q: %w", paths.HTMLOption, o.Path, stages.WithoutPath(err))
	}
	return v.pictures.tidy()
}

// write replaces a file in one step. If path is a pipe or a device, it writes to that.
func write(path string, fill func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0 {
		f, err := durable.OpenPipe(path)
		if err != nil {
			return err
		}
		return errors.Join(fill(f), f.Close())
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	place := durable.Place{Path: path}
	durable.NewSweeper().Sweep(place)
	return durable.Replace(place, fill)
}

// Check refuses a page that would replace a report that the command reads, or any file that is not a page. It also
// refuses a page in a missing folder, unless the command makes that folder for out, its -o. It writes nothing.
func Check(path, out string, reports []string) error {
	if path == "" {
		return nil
	}
	file := paths.NewNamed(paths.HTMLOption, path)
	for _, report := range reports {
		if info, err := os.Stat(report); report != "" && report != "-" && file.Is(report, info) && err == nil {
			return paths.Refuse(paths.HTMLOption, fmt.Errorf("%s %q is a report that is read", paths.HTMLOption, path))
		}
	}
	if err := paths.Reachable(paths.HTMLOption, path, out); err != nil {
		return err
	}
	return Replaceable(path)
}

// A script is JavaScript of the page, with the digest by which the page's policy admits it.
type script struct {
	Text   template.JS
	Digest string
}

func scriptOf(parts ...string) script {
	text := strings.Join(parts, "")
	sum := sha256.Sum256([]byte(text))
	return script{template.JS(text), "sha256-" + base64.StdEncoding.EncodeToString(sum[:])}
}

// embedded is the text of a file of this package.
func embedded(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // the compiler has embedded it
	}
	return string(text)
}

// slider is the vendored custom element, with its licence.
func slider() script {
	return scriptOf("/*!\n@cloudfour/image-compare 1.0.5\n", embedded("vendor/LICENSE"), "*/\n", embedded("vendor/image-compare.min.js"))
}

// render writes the page.
func (v *view) render(out io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"count": summary.Count, "duration": summary.Duration, "visible": summary.Visible,
		"words": func(command string) []string { return strings.Split(command, " ") },
	}).Parse(embedded("page.html"))
	if err != nil {
		return err
	}
	v.Style = template.CSS(embedded("page.css"))
	v.Slider, v.Script = slider(), scriptOf(embedded("page.js"))
	w := bufio.NewWriterSize(out, 1<<20)
	if _, err := w.WriteString(mark); err != nil {
		return err
	}
	return errors.Join(t.Execute(w, v), w.Flush())
}

// inline is a picture as an attribute. Base64 needs no escaping.
func inline(kind string, file []byte) template.HTMLAttr {
	var b bytes.Buffer
	b.WriteString(`src="data:image/` + kind + `;base64,`)
	e := base64.NewEncoder(base64.StdEncoding, &b)
	e.Write(file) // a Buffer never fails
	e.Close()
	b.WriteString(`"`)
	return template.HTMLAttr(b.String())
}
