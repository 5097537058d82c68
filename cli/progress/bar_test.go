package progress

import (
	"strings"
	"testing"
)

func TestStepsSayNothingWithoutATerminal(t *testing.T) {
	var out strings.Builder
	step, end := Steps(&out, 2)
	step()
	step()
	end()
	if out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}

func TestBarFitsAnyWidthAndLeavesOutTheLeastFirst(t *testing.T) {
	run := state{done: 480, total: 1000, rate: 12.34, failed: 3, limit: "translate"}
	large := state{done: 480_000, total: 1_000_000, rate: 123.4, failed: 3456, limit: "other programs"}
	stream := state{done: 480, total: -1, rate: 0.5}
	for _, test := range []struct {
		state   state
		columns int
		want    string
	}{
		{run, 200, "480/1000  48% [########################--------------------------]  12.3 images/s  43 s left  3 failed  limited by translate"},
		{run, 80, "480/1000  48% [########---------]  12.3/s  0:43 left  3 failed  limit translate"},
		{run, 60, "480/1000  48%  12.3/s  0:43 left  3 failed  limit translate"},
		{run, 58, "480/1000  12.3/s  0:43 left  3 failed  limit translate"},
		{run, 40, "480/1000  12.3/s  0:43 left  3 failed"},
		{run, 20, "12.3/s  0:43 left  3"},
		{large, 200, "480000/1000000  48% [########################--------------------------]  123 images/s  1 h 10 min left  3456 failed  limited by other programs"},
		{large, 80, "480000/1000000  48%  123/s  1:10:14 left  3456 failed  limit other programs"},
		{large, 60, "480000/1000000  123/s  1:10:14 left  3456 failed"},
		{stream, 80, "480  0.50 images/s"},
		{state{total: 3}, 80, "0/3  0% [--------------------------------------------------]"},
		{state{done: 5, total: 3}, 40, "5/3  100% [###########################]"},
		{state{total: 0}, 80, "0/0"},
	} {
		got := test.state.line(test.columns)
		if !strings.HasPrefix(got, test.want) || len(got) > test.columns {
			t.Errorf("in %d columns:\n%q, not\n%q", test.columns, got, test.want)
		}
	}
	for columns := range 250 {
		if got := run.line(columns); len(got) > columns {
			t.Errorf("%q is longer than %d", got, columns)
		}
	}
}
