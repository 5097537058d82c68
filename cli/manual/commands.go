package manual

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/release"
)

// A Program is what the commands of this package need to know of gtx.
type Program struct {
	Out, Err io.Writer
	Terminal *os.File // standard output, if it is a terminal
	Build    release.Build
	Known    Known
}

// Commands are gtx man, gtx completion, and the hidden one that the scripts of the shells call.
func (p Program) Commands() []*cli.Command {
	return []*cli.Command{
		{
			Name:      "man",
			Usage:     "show the manual page of a command",
			ArgsUsage: "[COMMAND ...]",
			Description: "On a terminal man(1) shows the page. Otherwise its source is printed: " +
				"gtx man translate | man -l - shows it too.",
			Flags: []cli.Flag{&cli.StringFlag{
				Name: "out", Category: Results, Aliases: []string{"o"}, Usage: "write every page into `DIR`, such as share/man/man1",
			}},
			Action: p.man,
		},
		{
			Name:        "completion",
			Usage:       "teach a shell to complete the command lines of gtx",
			ArgsUsage:   strings.Join(Shells, "|"),
			Description: "Prints code for the shell. It completes commands, options, models, domains, other words that options take, and files.",
			Action:      p.completion,
		},
		{
			Name: completeCommand, Hidden: true, SkipFlagParsing: true,
			Action: func(c *cli.Context) error {
				return Complete(Root(c.App), c.Args().Slice(), p.Known).Print(p.Out)
			},
		},
	}
}

func (p Program) completion(c *cli.Context) error {
	shell := c.Args().First()
	if c.NArg() != 1 || !slices.Contains(Shells, shell) {
		return Unknown(Closest(shell, Shells), "completion takes one shell: %s", strings.Join(Shells, ", "))
	}
	script, err := Script(shell)
	if err == nil {
		_, err = io.WriteString(p.Out, script)
	}
	return err
}

func (p Program) man(c *cli.Context) error {
	root := Root(c.App)
	if dir := c.String("out"); dir != "" {
		if c.NArg() > 0 {
			return exit.Usage("--out writes every page: name no command")
		}
		return p.writePages(root, dir)
	}
	of, n := root.Find(c.Args().Slice())
	if n < c.NArg() {
		word := c.Args().Get(n)
		return Unknown(ClosestCommand(word, of), "%s has no command %q", of.Name(), word)
	}
	page := Page(of, root, p.Build)
	viewer, err := exec.LookPath("man")
	if p.Terminal == nil || err != nil {
		_, err = io.WriteString(p.Out, page)
		return err
	}
	view := exec.CommandContext(c.Context, viewer, "-l", "-")
	view.Stdin, view.Stdout, view.Stderr = strings.NewReader(page), p.Terminal, p.Err
	return view.Run()
}

func (p Program) writePages(root Named, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return exit.CannotStart(err)
	}
	for _, c := range root.All() {
		page := Page(c, root, p.Build)
		if err := os.WriteFile(filepath.Join(dir, c.PageName()), []byte(page), 0o666); err != nil {
			return exit.CannotStart(err)
		}
	}
	return nil
}

// Unknown is the failure of a command line with an unknown word. meant is the word that was probably meant, or "".
func Unknown(meant, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if meant != "" {
		err = exit.Hint(err, DidYouMean(meant))
	}
	return &exit.Failure{Code: exit.CodeUsage, Err: err}
}

// DidYouMean is the hint that names what was meant.
func DidYouMean(word string) string { return fmt.Sprintf("did you mean %q?", word) }

// UnknownCommand is the failure of a command line whose first word is no command below c. It may be an option without
// its dashes, such as help.
func UnknownCommand(word string, c Named) error {
	return Unknown(cmp.Or(ClosestCommand(word, c), ClosestOption(word, c)), "unknown command %q (see %s --help)", word, c.Name())
}

// HelpOnly returns the command line that asks for the help of a command and nothing else, if args ask for help anywhere
// before --. After a path, the parser would take --help for a path, and it would take a word after --help for a topic.
func (c Named) HelpOnly(args []string) []string {
	words := args[1:]
	if i := slices.Index(words, "--"); i >= 0 {
		words = words[:i]
	}
	if !slices.Contains(words, "--help") && !slices.Contains(words, "-h") {
		return args
	}
	of, n := c.Find(words)
	switch option := strings.HasPrefix(words[n], "-"); {
	case n == 0 && !option: // an unknown command, or the hidden one
		return args
	case len(of.Subcommands) > 0 && of.ArgsUsage == "" && !option:
		return args[:n+2] // with the unknown command
	}
	return append(of.Words, "--help")
}

// UnknownOption turns the error of the flag parser about an option that c lacks into ours. Other errors stay.
func UnknownOption(err error, c *cli.Command) error {
	name, is := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !is {
		return &exit.Failure{Code: exit.CodeUsage, Err: err}
	}
	return Unknown(ClosestOption(strings.TrimLeft(name, "-"), Named{Command: c}), "unknown option %q", dashed(strings.TrimLeft(name, "-")))
}
