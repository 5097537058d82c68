// Package shards divides the inputs of a run among tasks, which may run on many machines.
//
// A Plan is a folder with a list of inputs, cut into shards once and for all:
//
//	plan.json       number of shards and images, digest of SHA256SUMS
//	SHA256SUMS      digests of the lists, for sha256sum -c
//	lists/00017     the paths of a shard, each ended by NUL
//	run.json        model and options, written by the first task
//	running/00017   locked while a task works on the shard; 00017.jsonl is its report so far
//	done/00017.jsonl  the finished report
//
// Write makes a plan and Open reads it. Plan.Begin starts a task on a shard. When every input of the shard has a
// final record, Task.Finish writes the report, below a header, to done. That file is the done-marker: it appears
// in one step and is durable. A task that is killed leaves its report in running, and the next one continues it.
//
// A task may run more than once and two may run at the same time. Results are renamed into place and on a CPU
// their bytes depend on nothing but input, model and options, so the outcome is the same.
//
// Parse reads --shard. Only the index ever comes from the environment, because schedulers change the count when
// some tasks of an array are submitted again.
package shards

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"gtx/cli/exit"
)

// Variables hold the index of a task: of an array job of Slurm, an Indexed Job of Kubernetes and an array job of
// AWS Batch.
var Variables = []string{"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"}

// A Shard says which part of the inputs a task does.
type Shard struct {
	Index int
	Of    int // number of shards, if the inputs are divided by the hash of their paths; 0 for a shard of a plan
}

// Parse reads --shard: I or auto for a shard of a plan, I/N without one. getenv looks up variables.
func Parse(text string, planned bool, getenv func(string) string) (s Shard, err error) {
	index, count, divided := strings.Cut(text, "/")
	switch {
	case planned && text == "":
		return s, exit.Usage("--plan needs --shard I or --shard auto")
	case planned && divided:
		return s, exit.Usage("--shard %s: the plan says how many shards there are: write --shard %s", text, index)
	case planned && text == "auto":
		s.Index, err = indexFrom(getenv)
		return s, err
	case !planned && text == "auto":
		return s, exit.Usage("--shard auto needs --plan: the environment gives an index, and only a plan a count that stays the same")
	case !planned && !divided:
		return s, exit.Usage("--shard %s: without --plan write I/N, such as 0/4", text)
	}
	if s.Index, err = strconv.Atoi(index); err != nil || s.Index < 0 {
		return s, exit.Usage("--shard %s: %q is not an index: indices are 0, 1, 2 and so on", text, index)
	}
	if !divided {
		return s, nil
	}
	if s.Of, err = strconv.Atoi(count); err != nil || s.Of < 1 {
		return s, exit.Usage("--shard %s: %q is not a number of shards", text, count)
	}
	return s, within(s.Index, s.Of)
}

// within refuses an index that is out of range.
func within(index, count int) error {
	switch {
	case count == 0:
		return exit.Usage("--shard %d is out of range: there are no shards", index)
	case index >= count:
		return exit.Usage("--shard %d is out of range: the shards are 0 to %d", index, count-1)
	}
	return nil
}

// indexFrom takes the index from the environment.
func indexFrom(getenv func(string) string) (int, error) {
	found, value := "", ""
	for _, name := range Variables {
		v := getenv(name)
		switch {
		case v == "":
		case value != "" && v != value:
			return 0, exit.Usage("--shard auto: %s is %s and %s is %s: write --shard I", found, value, name, v)
		default:
			found, value = name, v
		}
	}
	if value == "" {
		return 0, exit.Usage("--shard auto: none of %s is set: this is no task of an array", strings.Join(Variables, ", "))
	}
	index, err := strconv.Atoi(value)
	if err != nil || index < 0 {
		return 0, exit.Usage("--shard auto: %s is %q, not an index", found, value)
	}
	return index, nil
}

// Has tells whether an input belongs to the shard, by the hash of its path below the folder or the base that the
// user named. The answer depends on nothing else, so it is the same on every machine.
func (s Shard) Has(relative string) bool {
	sum := sha256.Sum256([]byte(filepath.ToSlash(relative)))
	return binary.BigEndian.Uint64(sum[:])%uint64(s.Of) == uint64(s.Index)
}

// number is the name of a shard's files.
func number(shard int) string { return fmt.Sprintf("%05d", shard) }
