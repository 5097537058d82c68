// Package cli is the command line of gtx: one file per command, each a thin shell
// over pipeline, stages and models. Call Run, the only function it exports.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"gtx/stages"
)

// Version of the program. It is part of the identity of outputs.
const Version = "0.1.0"

// Exit codes. A signal gives 128 plus its number.
const (
	exitDone     = 0
	exitSome     = 1 // some images failed
	exitUsage    = 2
	exitStart    = 3 // library, model or device
	exitFailFast = 4
)

const exitCodes = `EXIT CODES:
   0  all done
   1  some images failed
   2  the command line is wrong
   3  cannot start: library, model, device or output folder
   4  stopped at the first failure (--fail-fast)
   130, 143  stopped by SIGINT, SIGTERM
   141  the output was closed by its reader`

// A failure ends the program with an exit code and a message.
type failure struct {
	code int
	err  error // nil: every message was printed before
}

func (f *failure) Error() string { return fmt.Sprint(f.err) }
func (f *failure) Unwrap() error { return f.err }

// usage is the failure of a wrong command line.
func usage(format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...)}
}

func cannotStart(err error) error { return &failure{exitStart, err} }

// A hinted error knows how to go on.
type hinted interface{ Hint() string }

// advice adds a hint to an error.
type advice struct {
	error
	hint string
}

func (a advice) Hint() string  { return a.hint }
func (a advice) Unwrap() error { return a.error }

// A program has the files that all commands share: input, output and messages.
type program struct {
	in       *os.File
	out, err io.Writer
}

// Run runs the command line and returns the exit code.
func Run(args []string, in, out, err *os.File) int {
	// Let a write to a closed pipe return an error. The signal would kill the
	// program between writing a temporary file and renaming it.
	signal.Ignore(syscall.SIGPIPE)
	stages.Setup()
	p := &program{in: in, out: out, err: err}
	return p.report(p.app().RunContext(context.Background(), args))
}

// report prints the error that ended the program and returns the exit code.
func (p *program) report(err error) int {
	if err == nil {
		return exitDone
	}
	code := exitSome // for an error that is no failure, such as a full disk
	var f *failure
	if errors.As(err, &f) {
		code = f.code
		err = f.err
	}
	if errors.Is(err, syscall.EPIPE) {
		return 128 + int(syscall.SIGPIPE)
	}
	if err != nil {
		p.say(err)
	}
	return code
}

// say prints an error and its hint, if it has one.
func (p *program) say(err error) {
	fmt.Fprintf(p.err, "gtx: %v\n", err)
	var h hinted
	if errors.As(err, &h) {
		fmt.Fprintf(p.err, "hint: %s\n", h.Hint())
	}
}

func (p *program) app() *cli.App {
	app := &cli.App{
		Name:            "gtx",
		Usage:           "translate photographs from one domain to another, whole folders at a time",
		UsageText:       "gtx COMMAND [OPTIONS] [PATH ...]\n   find photos -name '*.jpg' | gtx translate --to winter -o out/",
		Version:         Version,
		HideHelpCommand: true,
		Writer:          p.out,
		ErrWriter:       p.err,
		Commands: []*cli.Command{
			p.translateCommand(), p.classifyCommand(), p.generateCommand(), p.checkCommand(), p.benchCommand(), p.modelsCommand(), p.doctorCommand(),
		},
		ExitErrHandler: func(*cli.Context, error) {}, // the default would exit inside Run
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage("unknown command %q (see gtx --help)", c.Args().First())
			}
			if err := cli.ShowAppHelp(c); err != nil {
				return err
			}
			return &failure{code: exitUsage}
		},
		CustomAppHelpTemplate: cli.AppHelpTemplate + "\n" + variables + "\n\n" + exitCodes + "\n",
	}
	app.OnUsageError = refuse
	for _, c := range app.Commands {
		prepare(c)
	}
	return app
}

// prepare gives a command and its subcommands the settings that all share.
func prepare(c *cli.Command) {
	c.OnUsageError = refuse
	c.HideHelpCommand = true
	c.CustomHelpTemplate = cli.CommandHelpTemplate + "\n" + exitCodes + "\n"
	c.Before = noLateOptions
	addVariables(c.Flags)
	for _, sub := range c.Subcommands {
		prepare(sub)
	}
	if len(c.Subcommands) > 0 {
		c.Before = nil
		c.CustomHelpTemplate = ""
	}
}

// refuse makes an error of the flag parser a usage error.
func refuse(_ *cli.Context, err error, _ bool) error { return &failure{exitUsage, err} }

// noLateOptions refuses options after a path: the flag parser stops at the first
// path and would take them for paths.
func noLateOptions(c *cli.Context) error {
	for _, arg := range c.Args().Slice() {
		if len(arg) > 1 && strings.HasPrefix(arg, "-") {
			return &failure{exitUsage, advice{
				fmt.Errorf("option %q comes after a path", arg),
				"options go before paths; write a path that begins with - as ./" + arg,
			}}
		}
	}
	return nil
}

// oneOf reads an option that takes one of the known values.
func oneOf[T ~string](c *cli.Context, name string, known ...T) (T, error) {
	value := T(c.String(name))
	var names []string
	for _, k := range known {
		if value == k {
			return value, nil
		}
		names = append(names, string(k))
	}
	return "", usage("--%s %q: known are %s", name, value, list(names))
}

// list joins names for a sentence.
func list(names []string) string { return strings.Join(names, ", ") }
