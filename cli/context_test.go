package cli

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"gtx/cli/stdout"
)

// appOf returns the command line of gtx. Its output is discarded.
func appOf(t *testing.T) *cli.App {
	t.Helper()
	p := &program{in: os.Stdin, out: stdout.New(new(bytes.Buffer)), err: new(bytes.Buffer)}
	return p.app()
}

// walkCommands calls visit with each command and subcommand, and the words that call it.
func walkCommands(commands []*cli.Command, words []string, visit func(words []string, c *cli.Command)) {
	for _, c := range commands {
		path := append(words[:len(words):len(words)], c.Name)
		visit(path, c)
		walkCommands(c.Subcommands, path, visit)
	}
}

// withContext parses a command line and calls use with what the command would get.
func withContext(t *testing.T, words, args []string, use func(*cli.Context)) {
	t.Helper()
	app := appOf(t)
	walkCommands(app.Commands, nil, func(path []string, c *cli.Command) {
		if strings.Join(path, " ") == strings.Join(words, " ") {
			c.Action = func(c *cli.Context) error {
				use(c)
				return nil
			}
		}
	})
	if err := app.RunContext(context.Background(), append(append([]string{"gtx"}, words...), args...)); err != nil {
		t.Fatal(err)
	}
}

// writeFiles writes files below a folder: a PNG for names that end in .png, and else text.
func writeFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		content := []byte("no image")
		if filepath.Ext(name) == ".png" {
			var b bytes.Buffer
			if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
				t.Fatal(err)
			}
			content = b.Bytes()
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// exitCode returns the exit code of gtx for an error of a command.
func exitCode(err error) int {
	p := &program{err: new(bytes.Buffer)}
	return p.report(err)
}
