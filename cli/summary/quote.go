package summary

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain are the characters that a shell takes as they are, beside letters and digits.
const plain = "@%+=:,./-_"

// Quote writes a word for a shell: as it is, in single quotes or, if it holds bytes that a terminal would not show, in the
// form $'…' of bash, zsh and ksh.
func Quote(word string) string {
	simple, visible := word != "", utf8.ValidString(word)
	for _, c := range word {
		if c >= utf8.RuneSelf || !(unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune(plain, c)) {
			simple = false
		}
		visible = visible && unicode.IsPrint(c)
	}
	switch {
	case simple:
		return word
	case visible:
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(word); {
		c, n := utf8.DecodeRuneInString(word[i:])
		switch {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		case c == utf8.RuneError && n == 1, !unicode.IsPrint(c):
			for _, raw := range []byte(word[i : i+n]) {
				fmt.Fprintf(&b, `\%03o`, raw)
			}
		default:
			b.WriteRune(c)
		}
		i += n
	}
	b.WriteString("'")
	return b.String()
}

// Visible replaces what a terminal would not show by Go's escapes.
func Visible(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case c == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsPrint(c):
			b.WriteRune(c)
		default:
			quoted := fmt.Sprintf("%q", c)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += n
	}
	return b.String()
}
