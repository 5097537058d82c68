package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// valueFor returns a value that a flag of this type accepts.
func valueFor(t *testing.T, f cli.Flag) string {
	switch f.Names()[0] { // these are checked while the command line is parsed
	case "max-failed":
		return "7%"
	case "progress":
		return "json"
	}
	switch f.(type) {
	case *cli.BoolFlag:
		return "true"
	case *cli.IntFlag, *cli.Uint64Flag, *cli.Float64Flag:
		return "7"
	case *cli.DurationFlag:
		return "7s"
	case *cli.StringFlag, *cli.StringSliceFlag:
		return "text"
	}
	t.Fatalf("--%s is a %T", f.Names()[0], f)
	return ""
}

func TestEveryOptionOfEveryCommandCanBeSetAsAVariable(t *testing.T) {
	var options int
	walkCommands(appOf(t).Commands, nil, func(words []string, c *cli.Command) {
		command := strings.Join(words, " ")
		for _, f := range c.Flags {
			name := f.Names()[0]
			variable := "GTX_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
			if name == "onnxruntime" {
				continue // models reads it: see testdata/script/lint.txtar
			}
			options++
			t.Run(command+" "+variable, func(t *testing.T) {
				want := valueFor(t, f)
				t.Setenv(variable, want)
				if got := valueIn(t, words, name); got != want {
					t.Errorf("--%s is %q", name, got)
				}
			})
		}
	})
	if options < 60 {
		t.Errorf("only %d options were found", options)
	}
}

func TestCommandLineWinsOverVariables(t *testing.T) {
	t.Setenv("GTX_DRY_RUN", "true")
	t.Setenv("GTX_JOBS", "3")
	t.Setenv("GTX_TO", "winter")
	for name, want := range map[string]string{"dry-run": "false", "jobs": "5", "to": "summer"} {
		if got := valueIn(t, []string{"translate"}, name, "--dry-run=false", "--jobs", "5", "--to", "summer"); got != want {
			t.Errorf("--%s is %q, not %q", name, got, want)
		}
	}
}

// valueIn returns the value of an option as a command sees it, or "unset".
func valueIn(t *testing.T, words []string, option string, args ...string) (value string) {
	t.Helper()
	value = "unset"
	withContext(t, words, args, func(c *cli.Context) {
		if c.IsSet(option) {
			value = strings.Trim(c.Generic(option).(fmt.Stringer).String(), "[]")
		}
	})
	return value
}
