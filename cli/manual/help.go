package manual

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Lines of help have at most widest columns, or usual columns if they go into a file or a pipe.
const (
	usual  = 80
	widest = 100
)

// column is where the text beside an option begins.
const column = 26

// Width is the number of columns for help that is written to a file.
func Width(out *os.File) int {
	size, err := unix.IoctlGetWinsize(int(out.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return usual
	}
	return max(min(int(size.Col), widest), 2*column)
}

// Help is the text of --help in lines of up to so many columns.
func Help(c Named, width int) string {
	var b strings.Builder
	section := func(name string) { fmt.Fprintf(&b, "\n%s:\n", strings.ToUpper(name)) }
	section("Name")
	block(&b, 3, width, c.Name()+" - "+c.Usage)
	section("Usage")
	options, arguments := c.synopsis()
	block(&b, 3, width, strings.Join(strings.Fields(c.Name()+" "+options+" "+arguments), " "))
	if text := paragraphs(c.Description); len(text) > 0 {
		section("Description")
		for i, p := range text {
			if i > 0 {
				b.WriteByte('\n')
			}
			block(&b, 3, width, p)
		}
	}
	if list := Examples[c.Name()]; len(list) > 0 {
		section("Examples")
		for _, e := range list {
			block(&b, 3, width, e.Does+":")
			fmt.Fprintf(&b, "      %s\n", e.Line)
		}
	}
	if list := c.subcommands(); len(list) > 0 {
		section("Commands")
		for _, sub := range list {
			beside(&b, sub.Command.Name, 16, width, sub.Usage)
		}
	}
	for _, t := range topicsOf(c.Command) {
		section(t.name)
		for _, o := range t.options {
			beside(&b, o.typed(), column, width, o.explained())
		}
	}
	if c.ArgsUsage != "" || len(c.Subcommands) == 0 {
		section("Variables")
		block(&b, 3, width, Variables)
		section("Exit codes")
		for _, code := range c.exitCodes() {
			beside(&b, code[0], 18, width, code[1])
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// Help is a template of urfave/cli that shows the help of a command, because the library takes text only as a template.
func (p Program) Help(c Named) string {
	width := usual
	if p.Terminal != nil {
		width = Width(p.Terminal)
	}
	return "{{" + strconv.Quote(Help(c, width)) + "}}"
}

// beside writes a term, and its explanation from a column on: in the same line if there is room.
func beside(b *strings.Builder, term string, from, width int, text string) {
	var explanation strings.Builder
	block(&explanation, from, width, text)
	lines := explanation.String()
	if n := 3 + utf8.RuneCountInString(term); n+2 <= from {
		fmt.Fprintf(b, "   %s%s%s", term, strings.Repeat(" ", from-n), lines[from:])
	} else {
		fmt.Fprintf(b, "   %s\n%s", term, lines)
	}
}

// block writes text in lines of up to width columns, indented. A longer word has a line of its own.
func block(b *strings.Builder, indent, width int, text string) {
	used := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
			b.WriteString(strings.Repeat(" ", indent))
			used = indent
		case used+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used = indent
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	b.WriteByte('\n')
}
