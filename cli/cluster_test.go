package cli_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The blocks of docs/cluster.md and docs/recipes.md are run as they are written. Variables choose a small network,
// small shards and the programs.

// A block is a piece of a page between fences.
type block struct{ language, text string }

var fenced = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```")

// blockWith returns the only block of a page that contains a text.
func blockWith(t *testing.T, page, text string) block {
	t.Helper()
	content, err := os.ReadFile("../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	var found []block
	for _, m := range fenced.FindAllStringSubmatch(string(content), -1) {
		if strings.Contains(m[2], text) {
			found = append(found, block{m[1], m[2]})
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d blocks with %q", page, len(found), text)
	}
	return found[0]
}

// A place is a folder in which commands of a page run.
type place struct {
	dir string
	env []string
}

// placeFor makes a folder with n small pictures in photos. It skips the test if a program is missing.
func placeFor(t *testing.T, n int, programs ...string) *place {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%v: make test-deps installs it", err)
		}
	}
	model, err := filepath.Abs("../testdata/models/shift.onnx")
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Abs("../scripts")
	if err != nil {
		t.Fatal(err)
	}
	p := &place{dir: t.TempDir(), env: append(os.Environ(), "GTX_ONNXRUNTIME="+library(t), "GTX_MODEL="+model, "PYTHONDONTWRITEBYTECODE=1")}
	if err := os.Symlink(scripts, filepath.Join(p.dir, "scripts")); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		folder := filepath.Join(p.dir, "photos", fmt.Sprintf("%03d", i/100))
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := writePhoto(filepath.Join(folder, fmt.Sprintf("%05d.jpg", i)), 32, 32, i); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// set sets a variable for later commands.
func (p *place) set(variable, value string) { p.env = append(p.env, variable+"="+value) }

// bash runs commands and returns what they print, and their exit code.
func (p *place) bash(t *testing.T, commands string) (output string, code int) {
	t.Helper()
	c := exec.Command("bash", "-euo", "pipefail", "-c", commands)
	c.Dir, c.Env = p.dir, p.env
	c.WaitDelay = time.Second // daemons may hold the pipe
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// must runs commands that have to succeed.
func (p *place) must(t *testing.T, commands string) string {
	t.Helper()
	out, code := p.bash(t, commands)
	if code != 0 {
		t.Fatalf("exit code %d:\n%s\n%s", code, commands, out)
	}
	return out
}

// write writes a file.
func (p *place) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// digests maps the files below a folder to their digests.
func (p *place) digests(t *testing.T, folder string) map[string]string {
	t.Helper()
	root := filepath.Join(p.dir, folder)
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		files[relative] = fmt.Sprintf("%x", sha256.Sum256(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sameAs fails unless two folders hold the same n files.
func (p *place) sameAs(t *testing.T, folder, clean string, n int) {
	t.Helper()
	got, want := p.digests(t, folder), p.digests(t, clean)
	if len(got) != n || len(want) != n {
		t.Errorf("%s has %d files and %s %d, not %d", folder, len(got), clean, len(want), n)
	}
	for name, digest := range want {
		if got[name] != digest {
			t.Fatalf("%s: %s has other bytes, or is missing", folder, name)
		}
	}
}

// recordedOnce fails unless the reports of a plan have one record for each of n inputs, all with a result.
func (p *place) recordedOnce(t *testing.T, plan string, n int) {
	t.Helper()
	reports, err := filepath.Glob(filepath.Join(p.dir, plan, "done", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]int{}
	for _, path := range reports {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range slices.Collect(strings.Lines(string(text)))[1:] {
			var rec struct{ In, Status string }
			if err := json.Unmarshal([]byte(line), &rec); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if rec.Status != "done" {
				t.Errorf("%s is %s", rec.In, rec.Status)
			}
			records[rec.In]++
		}
	}
	for in, times := range records {
		if times != 1 {
			t.Errorf("%s is recorded %d times", in, times)
		}
	}
	if len(records) != n {
		t.Errorf("%d inputs are recorded, not %d", len(records), n)
	}
	left, err := os.ReadDir(filepath.Join(p.dir, plan, "running"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in running: %v %v", left, err)
	}
}

// until calls done until it returns true.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for start := time.Now(); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Since(start) > 2*time.Minute {
			t.Fatalf("not within two minutes: %s", what)
		}
	}
}

// A node of a real Slurm is killed in the middle of its shards and comes back, and another task is requeued. The
// outcome is that of one undisturbed run.
func TestSlurmKillsAndRequeuesTasksWithoutATrace(t *testing.T) {
	const images, shards = 2000, 8
	p := placeFor(t, images, "slurmctld", "slurmd", "munged", "sbatch")
	slurm, err := os.MkdirTemp("/tmp", "slurm") // the names of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	p.set("SLURM_CONF", slurm+"/slurm.conf")
	p.set("GTX_PER_SHARD", fmt.Sprint(images/shards))
	t.Cleanup(func() {
		p.bash(t, "scancel --user $(id -un); scripts/slurm down "+slurm)
		os.RemoveAll(slurm)
	})
	p.must(t, "find photos -name '*.jpg' | gtx translate -q --to winter -o clean")
	p.must(t, "scripts/slurm up "+slurm)
	p.write(t, "winter.sbatch", blockWith(t, "cluster.md", "#SBATCH").text)
	p.must(t, blockWith(t, "cluster.md", "gtx plan -0 -o plan").text)

	begun := func() int {
		reports, _ := filepath.Glob(filepath.Join(p.dir, "plan", "running", "*.jsonl"))
		n := 0
		for _, r := range reports {
			if text, err := os.ReadFile(r); err == nil && strings.Count(string(text), "\n") >= 5 {
				n++
			}
		}
		return n
	}
	until(t, "tasks on node1 in the middle of their shards", func() bool {
		out, _ := p.bash(t, "squeue --noheader --states=R --nodelist=node1")
		return begun() > 1 && out != ""
	})
	p.must(t, "scripts/slurm kill "+slurm+" 1")
	killed := begun()
	p.must(t, "scripts/slurm node "+slurm+" 1")
	requeued := ""
	until(t, "all tasks done", func() bool {
		if requeued == "" && begun() > 0 {
			out, _ := p.bash(t, "squeue --noheader --states=R --nodelist=node2 --format=%A | head -n 1")
			if id := strings.TrimSpace(out); id != "" {
				if _, code := p.bash(t, "scontrol requeue "+id); code == 0 {
					requeued = id
				}
			}
		}
		// Slurm waits two minutes before it starts a requeued task.
		p.bash(t, "for id in $(squeue --noheader --states=PD --format=%A); do scontrol update JobId=$id StartTime=now; done")
		out, _ := p.bash(t, "squeue --noheader")
		return out == ""
	})
	log, _ := os.ReadFile(slurm + "/slurmctld.log")
	if !strings.Contains(string(log), "due to node failure") || requeued == "" || killed == 0 {
		t.Errorf("no task was killed and requeued (%d begun, %q requeued):\n%s", killed, requeued, log)
	}
	if out := p.must(t, "gtx plan status plan"); !strings.HasPrefix(out, fmt.Sprintf("plan: %d done (%d translated)\n", shards, images)) {
		logs, _ := p.bash(t, "tail -n 5 winter-*.log")
		t.Errorf("%s%s", out, logs)
	}
	p.sameAs(t, "winter", "clean", images)
	p.recordedOnce(t, "plan", images)
}
