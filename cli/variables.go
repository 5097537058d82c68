package cli

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// libraryOption names the ONNX Runtime library. models reads its variable, GTX_ONNXRUNTIME, itself, so
// that an error can say where the name came from.
const libraryOption = "onnxruntime"

// variableOf is the variable that stands in for an option.
func variableOf(option string) string {
	return "GTX_" + strings.ToUpper(strings.ReplaceAll(option, "-", "_"))
}

// addVariables lets each flag be set by its variable, as manual.Variables promises. It panics at a type of flag that it does not know:
// the first run of a test shows it.
func addVariables(flags []cli.Flag) {
	for _, f := range flags {
		name := f.Names()[0]
		if name == libraryOption {
			continue
		}
		names := []string{variableOf(name)}
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
			panic("cli: no variable for a flag such as --" + name)
		}
	}
}
