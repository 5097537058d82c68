// Package manual explains the command line of gtx: the text of --help, the manual pages, the completion of words in
// a shell, and what a mistyped word may have meant. It takes everything from the definitions of the commands and
// their options, and from the examples in examples.go.
//
// Help, Page, Complete and Closest are the functions to call.
package manual

import (
	"cmp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Topics group the options of a command. A command shows its topics in the order of its options.
const (
	Translation = "Translation"
	Results     = "Results"
	Appearance  = "Appearance"
	Input       = "Input"
	Reports     = "Reports and failures"
	Streams     = "Streams"
	Cluster     = "Many machines"
	Speed       = "Speed"
	Messages    = "Messages"
)

// Variables is the rule about variables that holds for every command.
const Variables = "Every option of every command can also be set as an environment variable: GTX_DRY_RUN=true stands for --dry-run. " +
	"Commands with the same option share its variable. The command line wins over the variable."

// exitCodes says what the program's exit codes mean.
var exitCodes = [][2]string{
	{"0", "all done"},
	{"1", "some images failed, or the command did"},
	{"2", "the command line is wrong"},
	{"3", "cannot start: library, model, device, folder or standard output"},
	{"4", "stopped at the first failure (--fail-fast)"},
	{"5", "another task works on the shard (--plan): try again later"},
	{"129, 130, 143", "stopped by SIGHUP, SIGINT, SIGTERM"},
	{"134", "gtx itself crashed (SIGABRT)"},
	{"141", "the output was closed by its reader"},
}

// failures says what exit code 1 means for a command. For others it means that the command failed.
var failures = map[string]string{
	"gtx translate":     "some images failed",
	"gtx classify":      "some images failed",
	"gtx generate":      "some images failed",
	"gtx check":         "some images failed, or one is flagged (--fail)",
	"gtx report":        "an image failed or was not reached",
	"gtx models verify": "a model failed",
	"gtx models lint":   "the command failed, or the network prints checkerboards (--fail)",
}

// exitCodes are those that a command can end with. gtx itself lists them all.
func (c Named) exitCodes() [][2]string {
	if len(c.Words) == 1 {
		return exitCodes
	}
	has := func(name string) bool {
		return slices.ContainsFunc(optionsOf(c.Command), func(o option) bool { return o.names[0] == name })
	}
	list := slices.Clone(exitCodes[:4])
	list[1][1] = cmp.Or(failures[c.Name()], "the command failed")
	if has("fail-fast") {
		list = append(list, exitCodes[4])
	}
	if has("plan") {
		list = append(list, exitCodes[5])
	}
	return append(list, [2]string{"above 128", "a signal, a crash or a closed pipe: see gtx --help"})
}

// A Named command comes with the words that call it: gtx, models, add.
type Named struct {
	*cli.Command
	Words []string
}

// Name is the command as it is typed.
func (c Named) Name() string { return strings.Join(c.Words, " ") }

// subcommands are the commands below c that can be seen.
func (c Named) subcommands() (list []Named) {
	for _, sub := range c.Subcommands {
		if !sub.Hidden {
			list = append(list, Named{sub, append(slices.Clone(c.Words), sub.Name)})
		}
	}
	return list
}

// Root is gtx itself, as a command above all others.
func Root(app *cli.App) Named {
	return Named{Words: []string{app.Name}, Command: &cli.Command{
		Name: app.Name, Usage: app.Usage, Description: app.Description, ArgsUsage: app.ArgsUsage,
		Subcommands: app.Commands, Flags: []cli.Flag{cli.VersionFlag},
	}}
}

// All returns c and every command below it, in order.
func (c Named) All() []Named {
	list := []Named{c}
	for _, sub := range c.subcommands() {
		list = append(list, sub.All()...)
	}
	return list
}

// Find returns the command that words call, below c. The second result counts the words that are commands.
func (c Named) Find(words []string) (Named, int) {
	for n, word := range words {
		i := slices.IndexFunc(c.subcommands(), func(sub Named) bool { return sub.HasName(word) })
		if i < 0 {
			return c, n
		}
		c = c.subcommands()[i]
	}
	return c, len(words)
}

// An option is a flag of a command, as people see it.
type option struct {
	names   []string // the long one first, without dashes
	value   string   // the placeholder of its value, or "" for a switch
	usage   string   // with the placeholder, without the marks around it
	initial string   // the default, or ""
	topic   string
	several bool // it may be repeated
}

// dashed returns a name as it is typed.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// optionsOf returns the options of a command, --help last.
func optionsOf(c *cli.Command) (list []option) {
	for _, f := range append(slices.Clone(c.Flags), cli.HelpFlag) {
		doc, ok := f.(cli.DocGenerationFlag)
		seen := slices.ContainsFunc(list, func(o option) bool { return o.names[0] == f.Names()[0] })
		if visible, is := f.(cli.VisibleFlag); !ok || seen || is && !visible.IsVisible() {
			continue
		}
		o := option{names: f.Names(), usage: doc.GetUsage(), topic: Messages}
		if before, rest, ok := strings.Cut(o.usage, "`"); ok {
			value, after, _ := strings.Cut(rest, "`")
			o.value, o.usage = value, before+value+after
		}
		if o.value == "" && doc.TakesValue() {
			o.value = "VALUE"
		}
		if grouped, ok := f.(cli.CategorizableFlag); ok && grouped.GetCategory() != "" {
			o.topic = grouped.GetCategory()
		}
		_, o.several = f.(*cli.StringSliceFlag)
		if initial := strings.Trim(doc.GetDefaultText(), `"`); doc.TakesValue() && initial != "0" && !strings.Contains(o.usage, "default") {
			o.initial = initial
		}
		list = append(list, o)
	}
	return list
}

// fewOptions is the number of options up to which a command shows them in one list.
const fewOptions = 9

// A topic is a group of options under a heading.
type topic struct {
	name    string
	options []option
}

// topicsOf groups the options of a command, in the order in which the topics come up. Messages come last.
func topicsOf(c *cli.Command) (list []topic) {
	options := optionsOf(c)
	if len(options) <= fewOptions {
		return []topic{{"Options", options}}
	}
	last := topic{name: Messages}
	for _, o := range options {
		if o.topic == Messages {
			last.options = append(last.options, o)
			continue
		}
		i := slices.IndexFunc(list, func(t topic) bool { return t.name == o.topic })
		if i < 0 {
			i, list = len(list), append(list, topic{name: o.topic})
		}
		list[i].options = append(list[i].options, o)
	}
	return append(list, last)
}

// typed is an option as a line of help begins with it: -o, --out DIR.
func (o option) typed() string {
	var names []string
	for _, name := range slices.Backward(o.names) {
		names = append(names, dashed(name))
	}
	text := strings.Join(names, ", ")
	if o.value != "" {
		text += " " + o.value
	}
	return text
}

// explained is an option's usage with its default.
func (o option) explained() string {
	if o.initial != "" {
		return o.usage + " (default: " + o.initial + ")"
	}
	return o.usage
}

// synopsis is the command with what may follow it.
func (c Named) synopsis() (options, arguments string) {
	if c.ArgsUsage == "" && len(c.Subcommands) > 0 {
		return "[OPTIONS]", "COMMAND"
	}
	return "[OPTIONS]", c.ArgsUsage
}

// paragraphs are a description's, each as one line.
func paragraphs(text string) (list []string) {
	for part := range strings.SplitSeq(text, "\n\n") {
		if line := strings.Join(strings.Fields(part), " "); line != "" {
			list = append(list, line)
		}
	}
	return list
}
