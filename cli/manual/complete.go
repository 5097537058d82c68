package manual

import (
	"embed"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

//go:embed completion/gtx.*
var scripts embed.FS

// Shells are the shells that have a completion script.
var Shells = []string{"bash", "zsh", "fish"}

// Script is the code that teaches a shell to complete the command lines of gtx. It asks the hidden command
// completeCommand.
func Script(shell string) (string, error) {
	text, err := scripts.ReadFile(path.Join("completion", "gtx."+shell))
	return string(text), err
}

// completeCommand prints what Complete returns, for the scripts.
const completeCommand = "__complete"

// A Word may come next in a command line.
type Word struct{ Text, Help string }

// Files says which files may come next as well.
type Files string

// What may come next beside words.
const (
	NoFiles  Files = "none"
	AnyFiles Files = "files"
	Folders  Files = "folders"
)

// Known is what the completion cannot read from the definitions.
type Known struct {
	Models  func() []string
	Domains func(model string) []string // "" is the command's default
	Values  map[string][]string         // by option, or by command and option: the words that it takes
}

// A Completion is what may come next in a command line.
type Completion struct {
	Words []Word
	Files Files
}

// Print writes a completion as the scripts read it: words and their help with a tab between, and a last line about
// files.
func (c Completion) Print(out io.Writer) error {
	var b strings.Builder
	for _, w := range c.Words {
		if strings.ContainsAny(w.Text, "\t\n") { // the shell could not read it
			continue
		}
		b.WriteString(strings.TrimSuffix(w.Text+"\t"+w.Help, "\t") + "\n")
	}
	fmt.Fprintf(&b, ":%s\n", c.Files)
	_, err := io.WriteString(out, b.String())
	return err
}

// A line is a command line, read up to the word under the cursor.
type line struct {
	root    Named
	command Named
	options map[string]string // given, by their first names, with their values
	pending *option           // the next word is its value
	paths   []string          // words that are neither commands nor options
	closed  bool              // by --: only paths follow
}

// Complete returns what the last of the words may become. The words are those after gtx. For an option with a value
// after =, it returns the values alone.
func Complete(root Named, words []string, known Known) Completion {
	words = joined(words)
	if len(words) == 0 {
		words = []string{""}
	}
	l := line{root: root, command: root, options: map[string]string{}}
	for _, word := range words[:len(words)-1] {
		l.read(word)
	}
	return l.next(words[len(words)-1], known)
}

// joined undoes what bash does to --to=winter: it makes three words of it.
func joined(words []string) (list []string) {
	for i, word := range words {
		last := len(list) - 1
		if i > 0 && (word == "=" || words[i-1] == "=") && strings.HasPrefix(list[last], "--") {
			list[last] += word
		} else {
			list = append(list, word)
		}
	}
	return list
}

// read takes a word of the line.
func (l *line) read(word string) {
	switch {
	case l.pending != nil:
		l.options[l.pending.names[0]] = word
		l.pending = nil
	case l.closed:
		l.paths = append(l.paths, word)
	case word == "--":
		l.closed = true
	case len(word) > 1 && word[0] == '-':
		name, value, has := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if o := l.option(name); o != nil {
			l.options[o.names[0]] = value
			if !has && o.value != "" {
				l.pending = o
			}
		}
	default:
		if sub, n := l.command.Find([]string{word}); n == 1 && len(l.paths) == 0 {
			l.command = sub
			return
		}
		l.paths = append(l.paths, word)
	}
}

func (l *line) option(name string) *option {
	for _, o := range optionsOf(l.command.Command) {
		if slices.Contains(o.names, name) {
			return &o
		}
	}
	return nil
}

// next says what the word under the cursor may become.
func (l *line) next(word string, known Known) Completion {
	if l.pending != nil {
		return l.values(*l.pending, known)
	}
	if !l.closed && len(l.paths) == 0 && strings.HasPrefix(word, "-") {
		if name, _, has := strings.Cut(strings.TrimLeft(word, "-"), "="); has {
			if o := l.option(name); o != nil && o.value != "" {
				return l.values(*o, known)
			}
			return Completion{Files: NoFiles}
		}
		return Completion{l.unused(), NoFiles}
	}
	if len(l.command.Subcommands) > 0 && len(l.paths) == 0 {
		c := l.arguments(known)
		c.addCommands(l.command)
		return c
	}
	return l.arguments(known)
}

// unused lists the options that may still be given.
func (l *line) unused() (list []Word) {
	for _, o := range optionsOf(l.command.Command) {
		if _, given := l.options[o.names[0]]; !given || o.several {
			help, _, _ := strings.Cut(o.usage, ";")
			list = append(list, Word{dashed(o.names[0]), help})
		}
	}
	return list
}

// values lists what an option takes, by its table or by its placeholder.
func (l *line) values(o option, known Known) Completion {
	c := Completion{Files: NoFiles}
	if own, has := known.Values[l.command.Name()+" "+o.names[0]]; has {
		c.add(own)
	} else {
		c.add(known.Values[o.names[0]])
	}
	switch {
	case o.value == "DOMAIN":
		c.add(known.Domains(l.options["model"]))
	case o.names[0] == "model":
		c.add(known.Models())
		c.Files = AnyFiles
	case o.value == "DIR":
		c.Files = Folders
	case strings.Contains(o.value, "FILE"), o.value == "LIST", o.value == "PATH":
		c.Files = AnyFiles
	}
	return c
}

// arguments lists what a command takes beside options, by the words in its usage.
func (l *line) arguments(known Known) Completion {
	usage := strings.Trim(l.command.ArgsUsage, "[]")
	c := Completion{Files: NoFiles}
	switch {
	case usage == "", strings.HasPrefix(usage, "COMMAND ["): // gtx itself
	case usage == "COMMAND ...":
		named, _ := l.root.Find(l.paths)
		c.addCommands(named)
	case strings.ToLower(usage) == usage: // one of the words
		if len(l.paths) == 0 {
			c.add(strings.Split(usage, "|"))
		}
	case strings.HasPrefix(usage, "NAME|"):
		c.add(known.Models())
		c.Files = AnyFiles
	case usage == "DIR":
		c.Files = Folders
	default:
		c.Files = AnyFiles
	}
	return c
}

func (c *Completion) add(words []string) {
	for _, w := range words {
		c.Words = append(c.Words, Word{Text: w})
	}
}

func (c *Completion) addCommands(above Named) {
	for _, sub := range above.subcommands() {
		c.Words = append(c.Words, Word{sub.Command.Name, sub.Usage})
	}
}
