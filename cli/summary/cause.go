package summary

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gtx/cli/ledger"
)

// A Cause is what several failures have in common.
type Cause struct {
	ID      string // names the cause on the command line
	Class   string // stage; "" for none
	Message string // with … for what differs
	Results []*Result
	Repeats []Repeat
}

// particular is what differs between failures of one cause: quoted names and numbers.
var particular = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?(?:[×x]\d+)?`)

// unreached is the message of inputs that a run ended before it reached them.
const unreached = "not reached: the run ended first"

// Causes groups what failed and what was not reached, the most frequent cause first.
func (r *Report) Causes() []*Cause {
	byKey := map[[2]string]*Cause{}
	var causes []*Cause
	for _, one := range r.Results {
		if !one.Failed() {
			continue
		}
		message := one.Message
		if one.Status == ledger.StatusUnreached {
			message = unreached
		}
		message = strings.TrimPrefix(message, one.Class+": ")
		key := [2]string{one.Class, particular.ReplaceAllString(message, "…")}
		c := byKey[key]
		if c == nil {
			sum := sha256.Sum256([]byte(key[0] + "\x00" + key[1]))
			c = &Cause{ID: hex.EncodeToString(sum[:3]), Class: one.Class, Message: message}
			byKey[key], causes = c, append(causes, c)
		} else if c.Message != message {
			c.Message = key[1]
		}
		c.Results = append(c.Results, one)
	}
	slices.SortStableFunc(causes, func(a, b *Cause) int {
		last := func(c *Cause) bool { return c.Message == unreached }
		if last(a) != last(b) {
			return cmp.Compare(btoi(last(a)), btoi(last(b)))
		}
		return cmp.Compare(len(b.Results), len(a.Results))
	})
	for _, c := range causes {
		c.Repeats = r.repeats(c)
	}
	return causes
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Groups that List knows beside causes.
const (
	groupFailed  = "failed"
	groupFlagged = "flagged"
)

// List returns the results of a group: "failed", "flagged", the ID of a cause, or ID.N for those that its Nth command
// repeats.
func (r *Report) List(group string) ([]*Result, error) {
	var list []*Result
	switch group {
	case groupFailed, groupFlagged:
		for _, one := range r.Results {
			if group == groupFailed && one.Failed() || group == groupFlagged && one.Flagged {
				list = append(list, one)
			}
		}
		return list, nil
	}
	known := []string{groupFailed, groupFlagged}
	for _, c := range r.Causes() {
		known = append(known, c.ID)
		if c.ID == group {
			return c.Results, nil
		}
		for i, repeat := range c.Repeats {
			if group == partOf(c.ID, i) {
				return repeat.Results, nil
			}
		}
	}
	return nil, fmt.Errorf("no group %q: known are %s", group, strings.Join(known, ", "))
}

func partOf(cause string, i int) string { return fmt.Sprintf("%s.%d", cause, i+1) }
