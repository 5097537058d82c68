package manual

import (
	"strings"

	"github.com/xrash/smetrics"
)

// Closest returns the known word that a mistyped one most likely stands for, or "" if none is close: the one with the
// fewest letters to change, add or drop, at most every third, or else the first that begins with what was typed.
func Closest(word string, known []string) string {
	best, least := "", (len(word)+1)/3+1
	typed := strings.ToLower(word)
	for _, k := range known {
		if d := smetrics.WagnerFischer(typed, strings.ToLower(k), 1, 1, 1); d < least {
			best, least = k, d
		}
	}
	if best == "" && len(word) >= 3 {
		for _, k := range known {
			if strings.HasPrefix(strings.ToLower(k), typed) {
				return k
			}
		}
	}
	return best
}

// ClosestOption is Closest for an option, without its dashes, of a command.
func ClosestOption(name string, c Named) string {
	var known []string
	for _, o := range optionsOf(c.Command) {
		known = append(known, o.names...)
	}
	if s := Closest(name, known); s != "" {
		return dashed(s)
	}
	return ""
}

// ClosestCommand is Closest for a command below another.
func ClosestCommand(word string, c Named) string {
	var known []string
	for _, sub := range c.subcommands() {
		known = append(known, sub.Command.Name)
	}
	return Closest(word, known)
}
