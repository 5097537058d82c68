// Package cli is the command line of gtx: one file per command, each a thin shell
// over pipeline, stages and models. Call Run, the only function it exports.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/outcomes"
	"gtx/cli/release"
	"gtx/cli/shards"
	"gtx/cli/stdout"
	"gtx/stages"
)

// A program has the files that all commands share: input, output and messages.
type program struct {
	in   *os.File
	out  *stdout.Writer
	err  io.Writer
	args []string                           // of the command line
	tty  *os.File                           // standard output, if it is a terminal
	last atomic.Pointer[outcomes.Collector] // of the run under way

	events bool // messages are for a program: --progress json
}

// Run runs the command line and returns the exit code.
func Run(args []string, in, out, err *os.File) int {
	if code, is := stages.RunDecoder(args); is {
		return code
	}
	// A crash ends the program with SIGABRT. Go would exit with 2, which means a wrong command line.
	debug.SetTraceback("crash")
	// Images come and go in pieces of megabytes, so garbage grows large before it is collected.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	// Let a write to a closed pipe, or beyond the limit on the size of files, return an error. The signal would
	// kill the program between writing a temporary file and renaming it.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ)
	p := &program{in: in, out: stdout.New(out), err: err, args: args}
	if isatty.IsTerminal(out.Fd()) {
		p.tty = out
	}
	if err := stdout.Usable(out); err != nil {
		return p.report(exit.CannotStart(exit.Hint(err, ">/dev/null drops the output")))
	}
	if _, err := os.Stat("."); err != nil {
		os.Unsetenv("PWD") // or os.Getwd looks at ".", which fails in a folder that the user may not enter
	}
	stages.Setup()
	app := p.app()
	return p.report(cmp.Or(app.RunContext(context.Background(), manual.Root(app).HelpOnly(args)), p.out.Err()))
}

// report prints the error that ended the program and returns the exit code.
func (p *program) report(err error) int {
	if err == nil {
		return exit.CodeDone
	}
	code := exit.CodeSome // for an error that is no failure, such as a full disk
	var f *exit.Failure
	if errors.As(err, &f) {
		code = f.Code
		err = f.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) && call.Syscall == "getwd" {
		code, err = exit.CodeStart, fmt.Errorf("the current folder: %w", call.Err)
	}
	if stdout.Gone(err) {
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
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(p.err, "hint: %s\n", hint)
	}
}

func (p *program) app() *cli.App {
	app := &cli.App{
		Name:                      "gtx",
		Usage:                     "translate photographs from one domain to another, whole folders at a time",
		ArgsUsage:                 "COMMAND [PATH ...]",
		Version:                   release.Built().Version,
		HideHelpCommand:           true,
		Writer:                    p.out,
		ErrWriter:                 p.err,
		DisableSliceFlagSeparator: true, // names of files may have commas
		Commands: []*cli.Command{
			p.translateCommand(), p.classifyCommand(), p.checkCommand(), p.reportCommand(), p.modelsCommand(),
			p.generateCommand(), shards.Command(p.in, p.out, p.err), p.benchCommand(), p.doctorCommand(),
		},
		ExitErrHandler: func(*cli.Context, error) {}, // the default would exit inside Run
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return manual.UnknownCommand(c.Args().First(), manual.Root(c.App))
			}
			if err := cli.ShowAppHelp(c); err != nil {
				return err
			}
			return exit.Silent(exit.CodeUsage)
		},
		OnUsageError: refuse,
	}
	talk := manual.Program{Out: p.out, Err: p.err, Terminal: p.tty, Build: release.Built(), Known: known()}
	app.Commands = append(app.Commands, talk.Commands()...)
	root := manual.Root(app)
	for _, c := range root.All()[1:] {
		p.prepare(c.Command)
		c.CustomHelpTemplate = talk.Help(c)
	}
	app.CustomAppHelpTemplate = talk.Help(root)
	return app
}

// prepare gives a command the settings that all share.
func (p *program) prepare(c *cli.Command) {
	c.OnUsageError = refuse
	c.HideHelpCommand = true
	manual.AddVariables(c.Flags, libraryOption)
	if len(c.Subcommands) == 0 {
		c.Before = p.checkOperands
	} else if action := c.Action; action != nil { // Before would also see the options of a subcommand
		c.Action = func(c *cli.Context) error {
			if err := p.checkOperands(c); err != nil {
				return err
			}
			return action(c)
		}
	}
}

// refuse makes an error of the flag parser a usage error.
func refuse(c *cli.Context, err error, _ bool) error {
	return manual.UnknownOption(err, c.Command)
}

// checkOperands refuses paths if the command takes none, and options after a path: the flag parser stops at the first
// path and would take them for paths. Behind -- everything is a path.
func (p *program) checkOperands(c *cli.Context) error {
	if c.Command.ArgsUsage == "" && len(c.Command.Subcommands) == 0 && !c.Command.Hidden && c.NArg() > 0 {
		return exit.Usage("%s takes no paths", strings.TrimPrefix(c.Command.HelpName, "gtx "))
	}
	for _, arg := range c.Args().Slice() {
		if arg == "--" || p.optionsEnded(c) {
			return nil
		}
		if len(arg) > 1 && strings.HasPrefix(arg, "-") {
			return &exit.Failure{Code: exit.CodeUsage, Err: exit.Hint(
				fmt.Errorf("option %q comes after a path", arg),
				"options go before paths; write a path that begins with - as ./"+arg+" or put -- before all paths",
			)}
		}
	}
	return nil
}

// optionsEnded tells whether -- comes before all paths, where the flag parser takes it.
func (p *program) optionsEnded(c *cli.Context) bool {
	before := len(p.args) - c.NArg() - 1
	return before > 0 && p.args[before] == "--"
}

// operands are the paths, without a -- that comes after some of them.
func (p *program) operands(c *cli.Context) []string {
	args := c.Args().Slice()
	if i := slices.Index(args, "--"); i >= 0 && !p.optionsEnded(c) {
		args = slices.Delete(args, i, i+1)
	}
	return args
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
	return "", exit.Usage("--%s %q: known are %s", name, value, list(names))
}

// list joins names for a sentence.
func list(names []string) string { return strings.Join(names, ", ") }
