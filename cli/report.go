package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/pipeline"
	"gtx/stages"
)

// A record is one line of --report: the outcome of one input.
type record struct {
	In        string   `json:"in"`
	InBytes   []byte   `json:"in_base64,omitempty"` // the exact path, if it is not UTF-8
	Sample    int      `json:"sample,omitempty"`    // number of the result, if it is not the first of its input
	Out       string   `json:"out,omitempty"`
	OutBytes  []byte   `json:"out_base64,omitempty"`
	Status    string   `json:"status"`          // done, copied, skipped or failed
	Class     string   `json:"class,omitempty"` // the stage that failed
	Message   string   `json:"message,omitempty"`
	Model     string   `json:"model,omitempty"` // its digest
	Warnings  []string `json:"warnings,omitempty"`
	Provider  string   `json:"provider,omitempty"`
	Domain    string   `json:"domain,omitempty"`
	P         float64  `json:"p,omitempty"`
	To        string   `json:"to,omitempty"`
	Strength  float64  `json:"strength"`
	Width     int      `json:"width,omitempty"`
	Height    int      `json:"height,omitempty"`
	Precision string   `json:"precision,omitempty"`

	Before   *amplitudes        `json:"checkerboard_before,omitempty"`
	After    *amplitudes        `json:"checkerboard_after,omitempty"`
	Flagged  bool               `json:"flagged"`
	Repaired bool               `json:"repaired,omitempty"`
	Millis   map[string]float64 `json:"ms,omitempty"` // milliseconds by stage; a batch's in each of its records
}

// amplitudes are a score in JSON: grey levels at periods of 2, 4 and 8 pixels.
type amplitudes struct {
	A2 float64 `json:"a2"`
	A4 float64 `json:"a4"`
	A8 float64 `json:"a8"`
}

// amplitudesOf rounds a score. It is nil if the image was too small for one.
func amplitudesOf(s stages.Score) *amplitudes {
	if !s.Valid {
		return nil
	}
	round := func(a float64) float64 { return math.Round(a*1000) / 1000 }
	return &amplitudes{round(s.A2), round(s.A4), round(s.A8)}
}

// Statuses of a record.
const (
	statusDone    = "done"
	statusCopied  = "copied"
	statusSkipped = "skipped"
	statusFailed  = "failed"
)

// outcome turns the error of an item into the fields of a record.
func outcome(err error) (status, class, message string) {
	var (
		skip   stages.Skip
		failed *pipeline.Error
	)
	switch {
	case err == nil:
		return statusDone, "", ""
	case errors.As(err, &skip):
		return statusSkipped, "", skip.Reason
	case errors.As(err, &failed):
		return statusFailed, failed.Stage, failed.Err.Error()
	}
	return statusFailed, "", err.Error()
}

func millis(spans []pipeline.Span) map[string]float64 {
	ms := make(map[string]float64, len(spans))
	for _, s := range spans {
		ms[s.Stage] = math.Round(float64(s.Took)/float64(time.Microsecond)) / 1000
	}
	return ms
}

// A recorder writes records to a file, one JSON object per line. It writes each at
// once, so that a run that is killed leaves the records of what it finished.
type recorder struct {
	file  *os.File
	enc   *json.Encoder
	path  string // "" if the file keeps nothing
	first int    // number of lines that earlier runs wrote
}

// newRecorder opens the report that the user named, and continues it. Without one it drops all records.
func newRecorder(c *cli.Context) (*recorder, error) {
	path := c.String("report")
	if path == "" {
		return &recorder{}, nil
	}
	f, real, first, err := openReport(path, c.Bool("report-new"))
	if err != nil {
		return nil, exit.CannotStart(err)
	}
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	return &recorder{f, enc, real, first}, nil
}

func (r *recorder) write(rec record) error {
	if r.file == nil {
		return nil
	}
	if err := r.enc.Encode(rec); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}

// Close leaves one record of each result in the file and closes it, if there is one.
func (r *recorder) Close() error {
	if r.file == nil {
		return nil
	}
	var err error
	if r.path != "" {
		if err = compact(r.file, r.path, r.first); err != nil {
			err = reportError(r.path, err)
		}
	}
	return errors.Join(err, r.file.Close())
}

// exact returns the bytes of a path that JSON cannot hold, or nil.
func exact(path string) []byte {
	if utf8.ValidString(path) {
		return nil
	}
	return []byte(path)
}

// fill adds the outcome of an item to a record.
func (r *record) fill(it pipeline.Item[stages.Source, stages.Written]) {
	w := it.Value
	r.In, r.InBytes = it.Source.In, exact(it.Source.In)
	if it.Source.Sample > 1 {
		r.Sample = it.Source.Sample
	}
	r.Out, r.OutBytes = it.Source.Out, exact(it.Source.Out)
	r.Status, r.Class, r.Message = outcome(it.Err)
	r.Millis = millis(it.Spans)
	if it.Err != nil {
		return
	}
	if w.Kept {
		r.Status = statusCopied
	}
	r.Domain, r.P = w.Domain, w.P
	r.Width, r.Height, r.Flagged, r.Repaired, r.Warnings = w.Width, w.Height, w.Flagged, w.Repaired, w.Warnings
	r.Before, r.After = amplitudesOf(w.Before), amplitudesOf(w.After)
}
