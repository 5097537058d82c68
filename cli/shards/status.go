package shards

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gtx/cli/exit"
	"gtx/cli/ledger"
)

// A Status says how far the tasks of a plan have come.
type Status struct {
	Done    []int // shards with a finished report
	Failed  []int // those of Done in which images failed
	Running []int
	ToDo    []int          // neither done nor running
	Counts  map[string]int // of the records in finished reports, by status
}

// Status looks at every shard.
func (p *Plan) Status() (Status, error) {
	s := Status{Counts: map[string]int{}}
	for i := range p.Shards {
		h, err := p.finished(i)
		if err != nil {
			return s, exit.CannotStart(err)
		}
		switch {
		case locked(p.lockFile(i)):
			s.Running = append(s.Running, i)
		case h == nil:
			s.ToDo = append(s.ToDo, i)
		default:
			s.Done = append(s.Done, i)
			if h.Failed() > 0 {
				s.Failed = append(s.Failed, i)
			}
			for status, n := range h.Counts {
				s.Counts[status] += n
			}
		}
	}
	return s, nil
}

// String is a line for people.
func (s Status) String() string {
	var counts []string
	for _, c := range []struct{ status, word string }{
		{ledger.StatusDone, "translated"}, {ledger.StatusCopied, "copied"}, {ledger.StatusSkipped, "skipped"}, {ledger.StatusFailed, "failed"},
	} {
		if n := s.Counts[c.status]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, c.word))
		}
	}
	text := fmt.Sprintf("%d done", len(s.Done))
	if len(counts) > 0 {
		text += " (" + strings.Join(counts, ", ") + ")"
	}
	if n := len(s.Running); n > 0 {
		text += fmt.Sprintf(", %d running: %s", n, Ranges(s.Running))
	}
	if n := len(s.ToDo); n > 0 {
		text += fmt.Sprintf(", %d to do: %s", n, Ranges(s.ToDo))
	}
	return text
}

// Ranges writes ascending indices as sbatch --array takes them, such as 0-3,17.
func Ranges(indices []int) string {
	var parts []string
	for i := 0; i < len(indices); {
		end := i
		for end+1 < len(indices) && indices[end+1] == indices[end]+1 {
			end++
		}
		part := strconv.Itoa(indices[i])
		if end > i {
			part += "-" + strconv.Itoa(indices[end])
		}
		parts = append(parts, part)
		i = end + 1
	}
	return strings.Join(parts, ",")
}

// withFailed are the shards to do and those in which images failed, ascending.
func (s Status) withFailed() []int {
	return slices.Sorted(slices.Values(slices.Concat(s.ToDo, s.Failed)))
}
