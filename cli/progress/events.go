package progress

import (
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"time"
)

// events tell a program how a run goes: one JSON object per line.
type events struct {
	out  *json.Encoder
	next time.Time // of the next report of progress
}

// pause is how long events wait at least between two reports of progress.
const pause = time.Second

func newEvents(out io.Writer) *events {
	e := &events{out: json.NewEncoder(out), next: time.Now().Add(pause)}
	e.out.SetEscapeHTML(false)
	return e
}

// message is a failure of an input, or a warning.
type message struct {
	Event   string `json:"event"`
	In      string `json:"in,omitempty"`
	Message string `json:"message"`
}

// standing is how far a run has come.
type standing struct {
	Event     string   `json:"event"`
	Done      int      `json:"done"`
	Copied    int      `json:"copied"`
	Skipped   int      `json:"skipped"`
	Failed    int      `json:"failed"`
	Total     *int     `json:"total,omitempty"` // if it is known
	Seconds   float64  `json:"seconds"`
	Rate      float64  `json:"rate"`           // images/s, without skipped ones
	Left      *float64 `json:"left,omitempty"` // seconds, if total is known
	Unreached int      `json:"unreached,omitempty"`
	Unread    bool     `json:"unread,omitempty"`
	Where     string   `json:"where,omitempty"`
}

// standing describes a tally at a moment.
func (t *Tally) standing(event string, now time.Time) standing {
	s := standing{Event: event, Done: t.done, Copied: t.copied, Failed: t.Failed, Unreached: t.Unreached, Unread: t.Unread}
	for n := range maps.Values(t.skipped) {
		s.Skipped += n
	}
	took := now.Sub(t.start).Seconds()
	s.Seconds, s.Rate = tenths(took), tenths(float64(t.done)/took)
	if t.total >= 0 {
		s.Total = &t.total
		if counted := t.counted(); counted > 0 {
			left := tenths(took / float64(counted) * float64(t.total-counted))
			s.Left = &left
		}
	}
	return s
}

func tenths(v float64) float64 { return math.Round(10*v) / 10 }

// counted is the number of outcomes so far.
func (t *Tally) counted() int {
	n := t.done + t.copied + t.Failed
	for _, skipped := range slices.Collect(maps.Values(t.skipped)) {
		n += skipped
	}
	return n
}

// progress tells how far the run is, unless it has just done so.
func (e *events) progress(t *Tally) {
	if now := time.Now(); !now.Before(e.next) {
		e.next = now.Add(pause)
		e.send(t.standing("progress", now))
	}
}

// send writes an event. It drops the error, because there is nowhere else to report it.
func (e *events) send(event any) { _ = e.out.Encode(event) }
