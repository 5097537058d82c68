package ledger

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// Format is the version of the report's format that this package writes. Reports without a record of a run are of
// format 1.
const Format = 2

// StatusRun is the status of a record that describes a run. It is about no input, and its path is empty. Readers
// that look for other statuses pass over it.
const StatusRun = "run"

// A Run is the record of a run. The ledger writes it when the run begins, and again, complete, when it ends. Records of
// results name the run that wrote them.
type Run struct {
	In     string `json:"in"` // empty
	Status string `json:"status"`
	ID     string `json:"run"` // 16 hexadecimal digits, drawn at random
	Format int    `json:"format"`

	Command  string         `json:"command"`            // such as translate
	Settings map[string]any `json:"settings,omitempty"` // values of the options and variables that were given: bool, a number, Text or []Text
	Folder   Text           `json:"folder"`             // the current folder, which paths are relative to
	Folders  []Text         `json:"folders,omitempty"`  // those among the arguments
	Paths    []Text         `json:"paths,omitempty"`    // all arguments, of a run with --tar or --shards

	Name       string            `json:"name,omitempty"`  // of the model
	Model      string            `json:"model,omitempty"` // its digest
	Provider   string            `json:"provider,omitempty"`
	Precision  string            `json:"precision,omitempty"`
	Versions   map[string]string `json:"versions"`   // of gtx and what it runs on
	Processors int               `json:"processors"` // that gtx may use

	Started time.Time `json:"started"`
	*Ending
}

// An Ending is what is known of a run when it is over.
type Ending struct {
	Seconds float64            `json:"seconds"`
	Rate    float64            `json:"rate"`            // results made per second
	Counts  map[string]int     `json:"counts"`          // of inputs, by status
	Busy    float64            `json:"busy,omitempty"`  // share of the processors' time, 0 to 1
	Limit   string             `json:"limit,omitempty"` // what limited the rate: a stage, waiting or other programs
	Millis  map[string]float64 `json:"ms,omitempty"`    // mean of the results made, by stage
}

// Text is a string that may hold any bytes. In JSON it is a string or, if it is not UTF-8, {"base64": …}.
type Text string

type encoded struct {
	Base64 []byte `json:"base64"`
}

func (t Text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(encoded{[]byte(t)})
}

func (t *Text) UnmarshalJSON(b []byte) error {
	var e encoded
	if json.Unmarshal(b, &e) == nil && e.Base64 != nil {
		*t = Text(e.Base64)
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

// Begin writes the record of a run, which later records name. An error is returned by the next Write.
func (l *Ledger) Begin(r Run) {
	if l.out == nil {
		return
	}
	var id [8]byte
	rand.Read(id[:]) // never fails
	r.Status, r.ID, r.Format, r.Started = StatusRun, hex.EncodeToString(id[:]), Format, time.Now().UTC().Truncate(time.Microsecond)
	l.run, l.counts = &r, map[string]int{}
	_ = l.append(r)
}

// End completes the record of the run. It takes the counts and the rate from the records; the caller gives the rest.
func (l *Ledger) End(e Ending) error {
	if l.run == nil {
		return nil
	}
	e.Counts = l.counts
	if e.Seconds > 0 {
		e.Rate = float64(l.counts[StatusDone]) / e.Seconds
	}
	e.Rate, e.Seconds = round(e.Rate), round(e.Seconds)
	l.run.Ending = &e
	return l.append(l.run)
}

// Describe returns what is known of the run that a line of a report describes, or an error if the line describes none.
func Describe(line []byte) (r Run, err error) {
	if err = json.Unmarshal(line, &r); err == nil && (r.Status != StatusRun || r.ID == "") {
		err = fmt.Errorf("no record of a run")
	}
	return r, err
}

// TextOf is the Text of a JSON object that was decoded into a map.
func TextOf(object map[string]any) string {
	value, _ := object["base64"].(string)
	text, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return ""
	}
	return string(text)
}
