package manual

import (
	"fmt"
	"strings"

	"gtx/cli/release"
)

// PageName is the file of a command's manual page: gtx-models-add.1.
func (c Named) PageName() string { return strings.Join(c.Words, "-") + ".1" }

// Page is the manual page of a command in the man macros of roff.
func Page(c Named, root Named, build release.Build) string {
	var b strings.Builder
	title := strings.Join(c.Words, "-")
	fmt.Fprintf(&b, ".TH %s 1 %s %s %s\n", quoted(strings.ToUpper(title)), build.Date, quoted("gtx "+build.Version), quoted("gtx manual"))
	fmt.Fprintf(&b, ".SH NAME\n%s \\-\n%s", escape(title), filled(c.Usage))
	options, arguments := c.synopsis()
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n%s\n", escape(c.Name()), escape(strings.TrimSpace(options+" "+arguments)))
	b.WriteString(".SH DESCRIPTION\n")
	text := paragraphs(c.Description)
	if len(text) == 0 {
		text = []string{strings.ToUpper(c.Usage[:1]) + c.Usage[1:] + "."}
	}
	for i, p := range text {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(filled(p))
	}
	if subs := c.subcommands(); len(subs) > 0 {
		b.WriteString(".SH COMMANDS\n")
		for _, sub := range subs {
			fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s", escape(strings.Join(sub.Words, "-")), filled(sub.Usage+"."))
		}
	}
	b.WriteString(".SH OPTIONS\n")
	for _, t := range topicsOf(c.Command) {
		if t.name != "Options" {
			fmt.Fprintf(&b, ".SS %s\n", t.name)
		}
		for _, o := range t.options {
			fmt.Fprintf(&b, ".TP\n%s\n%s", o.tag(), filled(strings.TrimSuffix(o.explained(), ".")+"."))
		}
	}
	if list := Examples[c.Name()]; len(list) > 0 {
		b.WriteString(".SH EXAMPLES\n")
		for i, e := range list {
			if i > 0 {
				b.WriteString(".PP\n")
			}
			fmt.Fprintf(&b, "%s.PP\n.RS\n.EX\n%s\n.EE\n.RE\n", filled(e.Does+":"), escape(e.Line))
		}
	}
	b.WriteString(".SH \"EXIT STATUS\"\n")
	for _, code := range c.exitCodes() {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s.\n", escape(code[0]), escape(code[1]))
	}
	fmt.Fprintf(&b, ".SH ENVIRONMENT\n%s", filled(Variables))
	b.WriteString(".SH \"SEE ALSO\"\n" + seeAlso(c, root) + "\n")
	return b.String()
}

// tag is an option in bold, with its placeholder in italics.
func (o option) tag() string {
	var names []string
	typed := o.typed()
	if o.value != "" {
		typed = strings.TrimSuffix(typed, " "+o.value)
	}
	for name := range strings.SplitSeq(typed, ", ") {
		names = append(names, `\fB`+escape(name)+`\fR`)
	}
	text := strings.Join(names, ", ")
	if o.value != "" {
		text += ` \fI` + escape(o.value) + `\fR`
	}
	return text
}

// seeAlso names the pages beside and above a command's.
func seeAlso(c, root Named) string {
	above, _ := root.Find(c.Words[1:max(1, len(c.Words)-1)])
	pages := append([]Named{above}, above.subcommands()...)
	if len(c.Words) == 1 {
		pages = root.subcommands()
	}
	var lines []string
	for _, p := range pages {
		if p.Name() != c.Name() {
			lines = append(lines, ".BR "+escape(strings.Join(p.Words, "-"))+" (1)")
		}
	}
	return strings.Join(lines, " ,\n")
}

var escapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`)

// escape makes text plain for roff. A hyphen becomes a dash that can be copied into a shell.
func escape(text string) string {
	text = escapes.Replace(text)
	if strings.HasPrefix(text, ".") {
		return `\&` + text
	}
	return text
}

// filled is text in lines of roff. A sentence begins a line, and no line is long.
func filled(text string) string {
	var lines strings.Builder
	for sentence := range strings.SplitSeq(strings.ReplaceAll(text, ". ", ".\x00"), "\x00") {
		var b strings.Builder
		block(&b, 0, 76, sentence)
		for line := range strings.Lines(b.String()) {
			lines.WriteString(escape(line))
		}
	}
	return lines.String()
}

// quoted is an argument of a macro.
func quoted(text string) string { return `"` + strings.ReplaceAll(escape(text), `"`, `\(dq`) + `"` }
