package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"time"
	"unicode/utf8"

	"gtx/pipeline"
	"gtx/stages"
)

// A Record is one line of --report: the outcome of one input.
type Record struct {
	In        string   `json:"in"`
	InBytes   []byte   `json:"in_base64,omitempty"` // the exact path, if it is not UTF-8
	Sample    int      `json:"sample,omitempty"`    // number of the result, if it is not the first of its input
	Out       string   `json:"out,omitempty"`
	OutBytes  []byte   `json:"out_base64,omitempty"`
	Against   Text     `json:"against,omitempty"` // source that gtx check compared the input with
	Status    string   `json:"status"`            // done, copied, skipped, failed or unreached
	Class     string   `json:"class,omitempty"`   // the stage that failed
	Message   string   `json:"message,omitempty"`
	Earlier   bool     `json:"earlier,omitempty"` // done by an earlier run that wrote no record
	Model     string   `json:"model,omitempty"`   // its digest
	Warnings  []string `json:"warnings,omitempty"`
	Provider  string   `json:"provider,omitempty"`
	Domain    string   `json:"domain,omitempty"`
	P         float64  `json:"p,omitempty"`
	To        string   `json:"to,omitempty"`
	Strength  float64  `json:"strength"`
	Width     int      `json:"width,omitempty"`
	Height    int      `json:"height,omitempty"`
	Precision string   `json:"precision,omitempty"`

	Before   *Amplitudes        `json:"checkerboard_before,omitempty"`
	After    *Amplitudes        `json:"checkerboard_after,omitempty"`
	Flagged  bool               `json:"flagged"`
	Repaired bool               `json:"repaired,omitempty"`
	Change   *float64           `json:"change,omitempty"` // mean absolute difference from the source, in grey levels
	Tar      bool               `json:"tar,omitempty"`    // it is about a tar, and not about an image
	Run      string             `json:"run,omitempty"`    // that wrote the record
	Millis   map[string]float64 `json:"ms,omitempty"`     // milliseconds by stage; for a batch, of the whole batch
}

// Amplitudes are a score in JSON: grey levels at periods of 2, 4 and 8 pixels.
type Amplitudes struct {
	A2 float64 `json:"a2"`
	A4 float64 `json:"a4"`
	A8 float64 `json:"a8"`
}

// AmplitudesOf rounds a score. It is nil if the image was too small for one.
func AmplitudesOf(s stages.Score) *Amplitudes {
	if !s.Valid {
		return nil
	}
	return &Amplitudes{round(s.A2), round(s.A4), round(s.A8)}
}

func round(a float64) float64 { return math.Round(a*1000) / 1000 }

// Statuses of a record.
const (
	StatusDone    = "done"
	StatusCopied  = "copied"
	StatusSkipped = "skipped"
	StatusFailed  = "failed"

	StatusUnreached = "unreached" // the run ended first
)

// Outcome turns the error of an item into the fields of a record.
func Outcome(err error) (status, class, message string) {
	var (
		skip   stages.Skip
		failed *pipeline.Error
	)
	switch {
	case err == nil:
		return StatusDone, "", ""
	case errors.As(err, &skip):
		return StatusSkipped, "", skip.Reason
	case errors.As(err, &failed):
		return StatusFailed, failed.Stage, failed.Err.Error()
	}
	return StatusFailed, "", err.Error()
}

func millis(spans []pipeline.Span) map[string]float64 {
	ms := make(map[string]float64, len(spans))
	for _, s := range spans {
		ms[s.Stage] = math.Round(float64(s.Took)/float64(time.Microsecond)) / 1000
	}
	return ms
}

// exact returns the bytes of a path that JSON cannot hold, or nil.
func exact(path string) []byte {
	if utf8.ValidString(path) {
		return nil
	}
	return []byte(path)
}

// JSON is the record as a line.
func (r Record) JSON() ([]byte, error) { return Line(r) }

// Line writes a value as a line of JSON.
func Line(value any) ([]byte, error) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return line.Bytes(), err
}

// Made tells whether the result was written.
func (r *Record) Made() bool { return r.Status == StatusDone || r.Status == StatusCopied }

// Place adds the paths of an input and its output to a record.
func (r *Record) Place(s stages.Source) {
	r.Locate(s.In, cmp.Or(s.Out, s.Expected))
	if s.Sample > 1 {
		r.Sample = s.Sample
	}
}

// Locate sets the paths of an input and its output.
func (r *Record) Locate(in, out string) {
	r.In, r.InBytes, r.Out, r.OutBytes = in, exact(in), out, exact(out)
}

// recover turns the record of an up-to-date result into one that says that an earlier run made it. How that run
// made it is not known.
func (r *Record) recover() {
	if r.Status == StatusSkipped && r.Message == stages.UpToDate {
		r.Status, r.Earlier = StatusDone, true
		r.Message, r.Provider, r.Precision, r.Millis = "", "", "", nil
	}
}

// Fill adds the outcome of an item to a record.
func (r *Record) Fill(it pipeline.Item[stages.Source, stages.Written]) {
	w := it.Value
	r.Place(it.Source)
	r.Status, r.Class, r.Message = Outcome(it.Err)
	r.Millis = millis(it.Spans)
	if it.Err != nil {
		return
	}
	if w.Kept {
		r.Status = StatusCopied
	}
	r.Domain, r.P = w.Domain, w.P
	r.Width, r.Height, r.Flagged, r.Repaired, r.Warnings = w.Width, w.Height, w.Flagged, w.Repaired, w.Warnings
	r.Before, r.After = AmplitudesOf(w.Before), AmplitudesOf(w.After)
	if w.Moved != nil {
		change := round(*w.Moved)
		r.Change = &change
	}
}
