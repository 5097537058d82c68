// Package outcomes is the end of a run: it records what became of each image, prints the paths of results, and counts.
package outcomes

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/paths"
	"gtx/cli/progress"
	"gtx/cli/reports"
	"gtx/cli/streams"
	"gtx/pipeline"
	"gtx/stages"
)

// Options are what a Collector works with.
type Options struct {
	Paths      io.Writer // printed
	Terminator string    // of each path that is printed
	FailFast   bool
	Failures   *paths.Failures // nil: nobody wants a list
	Records    *reports.Journal
	Base       ledger.Record // the fields that all records of a run share
	Tally      *progress.Tally
	Queue      *paths.Queue
	Stream     streams.Stream
	Where      string // for the summary: where the network ran
}

// A Collector is the sink of the line: it takes the outcome of each image.
type Collector struct {
	Options

	mu      sync.Mutex
	arrived map[int]outcome // done, and waiting for an earlier image
	ended   bool
}

// An outcome is an image that has come out of the line.
type outcome = pipeline.Item[stages.Source, stages.Written]

// New makes the sink of a run.
func New(o Options) *Collector { return &Collector{Options: o, arrived: map[int]outcome{}} }

// Run runs the line that flow ends and prints the summary.
func (k *Collector) Run(flow *pipeline.Flow[stages.Source, stages.Written]) error {
	err := pipeline.Collect(flow, k.arrive, k.take)
	if failed := k.Finish(); failed != nil {
		return failed
	}
	return err
}

// Drain runs the line of a command that writes no files. Inputs that sink did not get count as not reached.
func Drain[T any](flow *pipeline.Flow[stages.Source, T], queue *paths.Queue, tally *progress.Tally, sink func(pipeline.Item[stages.Source, T]) error) error {
	err := pipeline.Drain(flow, func(it pipeline.Item[stages.Source, T]) error {
		if err := sink(it); err != nil {
			queue.Stop()
			return err
		}
		queue.Done(it.Seq)
		return nil
	})
	for range queue.Left {
		tally.Unreached++
	}
	tally.Unread = queue.Unread()
	return err
}

// arrive notes that an image is done.
func (k *Collector) arrive(it outcome) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.arrived[it.Seq] = it
}

// take is the sink. Its error ends the run.
func (k *Collector) take(it outcome) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return nil
	}
	return k.account(it)
}

// account records, prints and counts the outcome of an image.
func (k *Collector) account(it outcome) error {
	delete(k.arrived, it.Seq)
	k.Queue.Done(it.Seq)
	rec := k.Base
	rec.Fill(it)
	effect, printed := k.Stream.Take(it, &rec)
	if printed != nil {
		rec.Status, rec.Class, rec.Message = ledger.StatusFailed, "print", printed.Error()
	}
	var err error
	for _, tar := range effect.Tars {
		err = cmp.Or(err, k.record(tar))
	}
	if effect.Record {
		err = cmp.Or(err, k.record(rec))
	}
	if effect.Warn != "" {
		k.Tally.Line("%s", effect.Warn)
	}
	if len(effect.Print) > 0 {
		_, err := io.WriteString(k.Paths, strings.Join(effect.Print, k.Terminator)+k.Terminator)
		printed = cmp.Or(printed, err)
	}
	if effect.Count { // which draws the bar below the path
		if rec.Made() {
			k.Records.Measured.Add(it.Spans)
		}
		k.Tally.Spent(it.Spans, rec.Provider)
		k.tell(rec, it)
		if rec.Status == ledger.StatusFailed {
			k.Failures.Add(it.Source)
		}
	}
	if err = cmp.Or(err, printed); err == nil && effect.Count && rec.Status == ledger.StatusFailed && k.FailFast {
		err = exit.Silent(exit.CodeFailFast)
	}
	if err != nil {
		k.Queue.Stop()
	}
	return err
}

// record writes a record. It counts the records that cannot be written, and returns the first error.
func (k *Collector) record(rec ledger.Record) error {
	err := k.Records.Write(rec)
	if err == nil {
		return nil
	}
	if k.Tally.Unrecorded++; k.Tally.Unrecorded > 1 {
		return nil // the first error ends the run
	}
	return err
}

// tell counts the outcome of an image and prints what a person should know about it.
func (k *Collector) tell(rec ledger.Record, it outcome) {
	for _, warning := range rec.Warnings {
		k.Tally.Line("%q: %s", rec.In, warning)
	}
	if rec.Repaired {
		k.Tally.Repaired++
	}
	if rec.Flagged {
		k.Tally.Flagged++
		k.Tally.Line("%q: the translation shows a checkerboard (%.2f, %.2f, %.2f grey levels at periods 2, 4, 8)",
			rec.In, it.Value.After.A2, it.Value.After.A4, it.Value.After.A8)
	}
	k.Tally.Count(it.Source, rec.Status, rec.Message)
}

// Finish accounts for images that were done when the run was aborted and for inputs that it did not reach. Then
// it prints the summary. It does all this only once.
func (k *Collector) Finish() (err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return nil
	}
	k.ended = true
	_, files := k.Stream.(streams.Files) // other streams take outcomes only in order
	for _, seq := range slices.Sorted(maps.Keys(k.arrived)) {
		if it := k.arrived[seq]; it.Source.Out != stages.Stdout && files {
			err = cmp.Or(err, k.account(it))
		}
	}
	for s := range k.Queue.Left {
		if streams.IsMark(s) {
			continue
		}
		k.Tally.Unreached++
		rec := k.Base
		rec.Place(s)
		rec.Status = ledger.StatusUnreached
		k.Failures.Add(s)
		err = cmp.Or(err, k.record(rec))
	}
	for _, said := range []string{k.Stream.Unfinished(), k.Failures.Lacking()} {
		if said != "" {
			k.Tally.Line("%s", said)
		}
	}
	k.Tally.Unread = k.Queue.Unread()
	k.Tally.Finish(k.Where)
	return cmp.Or(err, k.Failures.Write())
}
