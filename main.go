// Command gtx translates photographs from one domain to another, whole folders at a time.
package main

import (
	"os"

	"gtx/cli"
)

func main() {
	os.Exit(cli.Run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
