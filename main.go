// Command gtx translates photographs from one domain to another, by the folder.
package main

import (
	"os"

	"gtx/cli"
)

func main() {
	os.Exit(cli.Run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
