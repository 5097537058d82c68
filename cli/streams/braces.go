package streams

import (
	"fmt"
	"iter"
	"os"
	"strconv"
	"strings"
)

// Braces yields the names that a pattern stands for, as a shell does: {a,b} is a or b, {08..11} is 08, 09, 10 or 11.
// Braces may be nested. What is not a pattern stands for itself, and so does the name of a file that exists.
func Braces(pattern string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if _, err := os.Lstat(pattern); err == nil {
			yield(pattern)
			return
		}
		expand("", pattern, yield)
	}
}

// expand yields what a pattern stands for, with a text before it. It tells whether to go on.
func expand(before, pattern string, yield func(string) bool) bool {
	for at := 0; at < len(pattern); at++ {
		if pattern[at] != '{' {
			continue
		}
		parts, end := alternatives(pattern[at:])
		before, after := before+pattern[:at], pattern[at+end:]
		if from, to, width, ok := numbers(parts); ok {
			for n := from; ; n += step(from, to) {
				if !expand(before+fmt.Sprintf("%0*d", width, n), after, yield) {
					return false
				}
				if n == to {
					return true
				}
			}
		}
		if len(parts) < 2 {
			continue
		}
		for _, part := range parts {
			if !expand(before, part+after, yield) {
				return false
			}
		}
		return true
	}
	return yield(before + pattern)
}

func step(from, to int) int {
	if to < from {
		return -1
	}
	return 1
}

// alternatives returns the texts between the commas of a group, and the length of the group. There are no texts if
// the group has no end.
func alternatives(group string) (parts []string, length int) {
	depth, start := 0, 1
	for i, c := range group {
		switch c {
		case '{':
			depth++
		case ',':
			if depth == 1 {
				parts = append(parts, group[start:i])
				start = i + 1
			}
		case '}':
			if depth--; depth == 0 {
				return append(parts, group[start:i]), i + 1
			}
		}
	}
	return nil, 1
}

// numbers reads a group such as 008..011. The width is that of the longer number, if one begins with 0.
func numbers(parts []string) (from, to, width int, ok bool) {
	if len(parts) != 1 {
		return 0, 0, 0, false
	}
	a, b, ok := strings.Cut(parts[0], "..")
	from, errFrom := strconv.Atoi(a)
	to, errTo := strconv.Atoi(b)
	if !ok || errFrom != nil || errTo != nil || from < 0 || to < 0 {
		return 0, 0, 0, false
	}
	if a[0] == '0' || b[0] == '0' {
		width = max(len(a), len(b))
	}
	return from, to, width, true
}
