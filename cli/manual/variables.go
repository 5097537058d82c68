package manual

import (
	"os"
	"strings"

	"github.com/urfave/cli/v2"
)

// VariableOf is the variable that stands in for an option.
func VariableOf(option string) string {
	return "GTX_" + strings.ToUpper(strings.ReplaceAll(option, "-", "_"))
}

// Given tells whether a command line has an option. A variable that sets it may be meant for other commands.
func Given(c *cli.Context, option string) bool {
	return c.IsSet(option) && os.Getenv(VariableOf(option)) == ""
}

// AddVariables lets every flag but one be set by its variable, as Variables promises. It panics if it does not know the
// type of a flag, so that any test shows the mistake.
func AddVariables(flags []cli.Flag, except string) {
	for _, f := range flags {
		name := f.Names()[0]
		if name == except {
			continue
		}
		names := []string{VariableOf(name)}
		switch f := f.(type) {
		case *cli.BoolFlag:
			f.EnvVars = names
		case *cli.DurationFlag:
			f.EnvVars = names
		case *cli.Float64Flag:
			f.EnvVars = names
		case *cli.IntFlag:
			f.EnvVars = names
		case *cli.StringFlag:
			f.EnvVars = names
		case *cli.StringSliceFlag:
			f.EnvVars = names
		case *cli.Uint64Flag:
			f.EnvVars = names
		default:
			panic("manual: no variable for a flag such as --" + name)
		}
	}
}
