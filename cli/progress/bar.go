package progress

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sys/unix"

	"gtx/cli/bench"
	"gtx/pipeline"
)

const (
	redraw  = 100 * time.Millisecond // between two drawings
	recent  = 15 * time.Second       // the rate is that of this time
	between = 500 * time.Millisecond // two marks
	settled = 3 * time.Second        // how long one measurement of the limit lasts
)

// clearLine empties the line of a terminal and goes to its start.
const clearLine = "\r\x1b[K"

// A bar is the last line of a terminal while a run is under way.
type bar struct {
	out    *os.File
	next   time.Time // of the next drawing
	state  state
	marks  []mark // of the recent time, the oldest first
	limits *bench.Measurement
}

// A mark says how many inputs were done at a time.
type mark struct {
	at   time.Time
	done int
}

// A state is what a bar shows.
type state struct {
	done, total int     // total is -1 if it is not known
	rate        float64 // inputs per second, 0 if it is not known
	failed      int
	limit       string // or ""
}

func newBar(out *os.File, total int) *bar {
	b := &bar{out: out, state: state{total: total}, marks: []mark{{time.Now(), 0}}, limits: bench.Begin()}
	b.draw()
	return b
}

// spent adds the time that an input took in each stage. provider runs the network.
func (b *bar) spent(spans []pipeline.Span, provider string) {
	b.limits.Add(spans)
	if b.limits.Elapsed() >= settled {
		b.state.limit = b.limits.Limit(provider)
		b.limits = bench.Begin()
	}
}

// count counts an input.
func (b *bar) count(failed int) {
	b.state.done++
	b.state.failed = failed
	now := time.Now()
	if now.Sub(b.marks[len(b.marks)-1].at) >= between {
		b.marks = append(b.marks, mark{now, b.state.done})
		for len(b.marks) > 2 && now.Sub(b.marks[1].at) > recent {
			b.marks = b.marks[1:]
		}
	}
	if now.Before(b.next) {
		return
	}
	first := b.marks[0]
	if took := now.Sub(first.at).Seconds(); took > 0 {
		b.state.rate = float64(b.state.done-first.done) / took
	}
	b.draw()
}

// draw draws the line over the one before.
func (b *bar) draw() {
	b.next = time.Now().Add(redraw)
	columns := 80
	if size, err := unix.IoctlGetWinsize(int(b.out.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
		columns = int(size.Col)
	}
	io.WriteString(b.out, "\r"+b.state.line(columns-len("^C "))+"\x1b[K") // a line that is full would wrap
}

// clear removes the line. The next input draws it again.
func (b *bar) clear() {
	io.WriteString(b.out, clearLine)
	b.next = time.Time{}
}

// Limits on the columns of the bar. Without room for barLeast, the line has no bar; one over barMost looks odd.
const (
	barLeast = 10
	barMost  = 50
)

// line is the state in at most so many columns. It leaves out the least important parts first.
func (s state) line(columns int) string {
	long := []string{s.count(), s.percent(), s.speed(" images/s"), s.left(inWords), s.failures(), s.limited("limited by ")}
	short := []string{s.count(), s.percent(), s.speed("/s"), s.left(asClock), s.failures(), s.limited("limit ")}
	for _, parts := range [][]string{long, short} {
		if room := columns - width(parts) - len("  []"); s.total > 0 && room >= barLeast {
			n := min(room, barMost)
			return join(append([]string{parts[0], s.gauge(n)}, parts[2:]...))
		}
		if s.total <= 0 && width(parts) <= columns {
			return join(parts)
		}
	}
	for _, dropped := range []int{1, 5, 0} { // percent, limit, count
		if width(short) <= columns {
			break
		}
		short[dropped] = ""
	}
	text := join(short)
	return text[:max(0, min(len(text), columns))]
}

// gauge is the percentage and a bar of n columns.
func (s state) gauge(n int) string {
	b := progressbar.NewOptions(s.total,
		progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionSetWidth(n),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "#", SaucerPadding: "-", BarStart: "[", BarEnd: "]"}),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetRenderBlankState(true),
	)
	_ = b.Set(min(s.done, s.total)) // it writes nowhere
	return strings.TrimSpace(b.String())
}

func width(parts []string) int { return len(join(parts)) }

// join puts parts into a line. Empty ones are left out.
func join(parts []string) string {
	var b strings.Builder
	for _, part := range parts {
		if part != "" && b.Len() > 0 {
			b.WriteString("  ")
		}
		b.WriteString(part)
	}
	return b.String()
}

func (s state) count() string {
	if s.total < 0 {
		return fmt.Sprint(s.done)
	}
	return fmt.Sprintf("%d/%d", s.done, s.total)
}

func (s state) percent() string {
	if s.total <= 0 {
		return ""
	}
	return fmt.Sprintf("%d%%", 100*min(s.done, s.total)/s.total)
}

func (s state) speed(unit string) string {
	switch {
	case s.rate == 0:
		return ""
	case s.rate >= 99.95:
		return fmt.Sprintf("%.0f%s", s.rate, unit)
	case s.rate >= 0.95:
		return fmt.Sprintf("%.1f%s", s.rate, unit)
	}
	return fmt.Sprintf("%.2f%s", s.rate, unit)
}

func (s state) left(write func(time.Duration) string) string {
	if s.total < 0 || s.rate == 0 {
		return ""
	}
	seconds := math.Ceil(float64(max(0, s.total-s.done)) / s.rate)
	return write(time.Duration(min(seconds, 1e9)) * time.Second)
}

func inWords(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s left", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s left", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min left", d/time.Hour, d%time.Hour/time.Minute)
}

func asClock(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d:%02d left", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d:%02d:%02d left", d/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second)
}

func (s state) failures() string {
	if s.failed == 0 {
		return ""
	}
	return fmt.Sprintf("%d failed", s.failed)
}

func (s state) limited(by string) string {
	if s.limit == "" {
		return ""
	}
	return by + s.limit
}
