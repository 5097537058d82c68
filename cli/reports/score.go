package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"gtx/cli/ledger"
	"gtx/pipeline"
	"gtx/stages"
)

// A scored is an image's score in JSON.
type scored struct {
	Path    string             `json:"path"`
	Bytes   []byte             `json:"path_base64,omitempty"` // of a path that is not UTF-8
	A2      *float64           `json:"a2"`                    // null: the image is too small for a score
	A4      *float64           `json:"a4"`
	A8      *float64           `json:"a8"`
	Flagged bool               `json:"flagged"`
	Source  *ledger.Amplitudes `json:"source,omitempty"`
}

// ScoreRecord is the record of an image that was checked.
func ScoreRecord(it pipeline.Item[stages.Source, stages.Inspected], against func(stages.Source) (string, error)) (rec ledger.Record) {
	rec.Fill(pipeline.Item[stages.Source, stages.Written]{Source: it.Source, Err: it.Err, Spans: it.Spans, Value: stages.Written{
		Before: it.Value.Source, After: it.Value.Score, Flagged: it.Value.Flagged(),
	}})
	if against != nil {
		path, _ := against(it.Source) // its error is that of the item
		rec.Against = ledger.Text(path)
	}
	return rec
}

// PrintScore writes the score of an image: a line for people, or JSON.
func PrintScore(out io.Writer, path string, i stages.Inspected, asJSON bool) error {
	s := i.Score
	if asJSON {
		line := scored{Path: path, Flagged: i.Flagged(), Source: ledger.AmplitudesOf(i.Source)}
		if a := ledger.AmplitudesOf(s); a != nil {
			line.A2, line.A4, line.A8 = &a.A2, &a.A4, &a.A8
		}
		if !utf8.ValidString(path) {
			line.Bytes = []byte(path)
		}
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return enc.Encode(line)
	}
	verdict := "clean"
	if i.Flagged() {
		verdict = "flagged"
	}
	var err error
	if s.Valid {
		_, err = fmt.Fprintf(out, "%s\t%.3f\t%.3f\t%.3f\t%s\n", path, s.A2, s.A4, s.A8, verdict)
	} else {
		_, err = fmt.Fprintf(out, "%s\tn/a\tn/a\tn/a\tn/a\n", path)
	}
	return err
}
