package shards

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/paths"
	"gtx/stages/durable"
)

// A Plan is a list of inputs, cut into shards.
type Plan struct {
	dir  string
	sums []string // digests of the lists
	about
}

// about is the content of plan.json.
type about struct {
	Version int    `json:"version"`
	Shards  int    `json:"shards"`
	Images  int    `json:"images"`
	Digest  string `json:"digest"` // SHA-256 of SHA256SUMS
}

const version = 1

// Files and folders of a plan.
const (
	aboutFile     = "plan.json"
	sumsFile      = "SHA256SUMS"
	listsFolder   = "lists"
	runningFolder = "running"
	doneFolder    = "done"
)

// Write makes a plan of n entries, each as paths.Entry makes them. A shard has at most perShard entries, and
// sizes differ by at most one. The folder dir must be missing or empty.
func Write(dir string, perShard, n int, entries iter.Seq[string]) (*Plan, error) {
	if held, err := os.ReadDir(dir); err == nil && len(held) > 0 {
		return nil, exit.CannotStart(exit.Hint(fmt.Errorf("%q is not empty: a plan is never changed", dir), "name another folder, or remove this one"))
	}
	p := &Plan{dir: dir, about: about{Version: version, Shards: (n + perShard - 1) / perShard, Images: n}}
	if err := p.write(entries); err != nil {
		for _, name := range []string{listsFolder, runningFolder, doneFolder, sumsFile} {
			os.RemoveAll(filepath.Join(dir, name)) // or the next try would find a folder that is not empty
		}
		return nil, exit.CannotStart(fmt.Errorf("%q: %w", dir, durable.WithoutPath(err)))
	}
	return p, nil
}

// write writes plan.json last. Only then is the plan complete. Lists are not synced: if a loss of power damages one, its
// digest shows it.
func (p *Plan) write(entries iter.Seq[string]) error {
	for _, name := range []string{listsFolder, runningFolder, doneFolder} {
		if err := os.MkdirAll(filepath.Join(p.dir, name), 0o777); err != nil {
			return err
		}
	}
	next, stop := iter.Pull(entries)
	defer stop()
	var sums bytes.Buffer
	for i := range p.Shards {
		var list bytes.Buffer
		for range p.Size(i) {
			entry, _ := next()
			list.WriteString(entry)
			list.WriteByte(0)
		}
		if err := os.WriteFile(p.list(i), list.Bytes(), 0o666); err != nil {
			return err
		}
		sum := sha256.Sum256(list.Bytes())
		fmt.Fprintf(&sums, "%x  %s/%s\n", sum, listsFolder, number(i))
	}
	if err := os.WriteFile(filepath.Join(p.dir, sumsFile), sums.Bytes(), 0o666); err != nil {
		return err
	}
	sum := sha256.Sum256(sums.Bytes())
	p.Digest = hex.EncodeToString(sum[:])
	return writeJSON(filepath.Join(p.dir, aboutFile), p.about)
}

// writeJSON writes a line of JSON in one step.
func writeJSON(path string, value any) error {
	return durable.Replace(durable.Place{Path: path}, func(w io.Writer) error { return encode(w, value) })
}

// writeFirst writes a line of JSON in one step, unless the file exists. If several tasks try at the same time, one
// succeeds, because a link replaces nothing.
func writeFirst(path string, value any) (err error) {
	draft := path + "." + rand.Text()
	if err := writeJSON(draft, value); err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, os.Remove(draft)) }()
	err = os.Link(draft, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS): // file systems without links
		return writeJSON(path, value)
	}
	return err
}

func encode(w io.Writer, value any) error {
	line, err := ledger.Line(value)
	if err == nil {
		_, err = w.Write(line)
	}
	return err
}

// Open reads a plan.
func Open(dir string) (*Plan, error) {
	p := &Plan{dir: dir}
	if err := p.open(); err != nil {
		return nil, exit.CannotStart(err)
	}
	return p, nil
}

func (p *Plan) open() error {
	file := filepath.Join(p.dir, aboutFile)
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR):
		return exit.Hint(fmt.Errorf("%q is not a plan: it has no %s", p.dir, aboutFile), "gtx plan -o DIR makes one")
	case err != nil:
		return fmt.Errorf("%q: %w", file, durable.WithoutPath(err))
	}
	if err := json.Unmarshal(text, &p.about); err != nil || p.Shards < 0 || p.Images < p.Shards {
		return fmt.Errorf("%q is damaged", file)
	}
	if p.Version != version {
		return fmt.Errorf("%q: a plan of version %d; this gtx reads version %d", file, p.Version, version)
	}
	file = filepath.Join(p.dir, sumsFile)
	sums, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%q: %w", file, durable.WithoutPath(err))
	}
	if sum := sha256.Sum256(sums); hex.EncodeToString(sum[:]) != p.Digest {
		return changed(file)
	}
	for line := range strings.Lines(string(sums)) {
		sum, _, _ := strings.Cut(line, " ")
		p.sums = append(p.sums, sum)
	}
	if len(p.sums) != p.Shards {
		return changed(file)
	}
	return nil
}

func changed(file string) error {
	return exit.Hint(fmt.Errorf("%q was changed since the plan was made", file), "make another plan for other inputs")
}

// list is the path of a shard's list.
func (p *Plan) list(shard int) string { return filepath.Join(p.dir, listsFolder, number(shard)) }

// Size is the number of entries of a shard.
func (p *Plan) Size(shard int) int {
	size := p.Images / p.Shards
	if shard < p.Images%p.Shards {
		size++
	}
	return size
}

// Entries returns the entries of a shard. It is an error if its list was changed.
func (p *Plan) Entries(shard int) ([]string, error) {
	if err := within(shard, p.Shards); err != nil {
		return nil, err
	}
	file := p.list(shard)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, exit.CannotStart(fmt.Errorf("%q: %w", file, durable.WithoutPath(err)))
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != p.sums[shard] {
		return nil, exit.CannotStart(changed(file))
	}
	var entries []string
	for entry, err := range paths.Entries(bytes.NewReader(text), true) {
		if err != nil {
			return nil, exit.CannotStart(fmt.Errorf("%q: %w", file, err))
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// firstLine reads the first line of a file, as JSON.
func firstLine(file string, value any) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	const most = 1 << 20
	line, err := bufio.NewReader(io.LimitReader(f, most)).ReadBytes('\n')
	if err != nil && err != io.EOF {
		return err
	}
	return json.Unmarshal(line, value)
}
