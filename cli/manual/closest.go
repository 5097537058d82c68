package manual

import "strings"

// Closest returns the known word that was most likely meant, or "" if none is close: the one with the fewest letters to
// change, add, drop or swap (at most one in three), or else the first that begins with what was typed.
func Closest(word string, known []string) string {
	best, least := "", (len(word)+1)/3+1
	typed := strings.ToLower(word)
	for _, k := range known {
		if d := edits(typed, strings.ToLower(k)); d < least {
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

// edits counts the letters to change, add, drop or swap with the next: the distance of optimal string alignment.
func edits(from, to string) int {
	a, b := []rune(from), []rune(to)
	d := make([][]int, len(a)+1) // between the beginnings of both
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			if i == 0 || j == 0 {
				d[i][j] = i + j
				continue
			}
			change := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			d[i][j] = min(change, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
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
