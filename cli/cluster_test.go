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
	"syscall"
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
	for _, name := range []string{"slurm", "ray/translate.py"} { // so that go test notices changes
		if _, err := os.ReadFile(filepath.Join(scripts, name)); err != nil {
			t.Fatal(err)
		}
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
			if rec.In == "" {
				continue // about a run
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
	t.Parallel()
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
	const interrupted = "for i in $(gtx plan todo --lines plan); do if [ -s plan/running/$(printf %05d $i).jsonl ]; then echo $i; fi; done"
	if p.must(t, interrupted) == "" {
		t.Error("no task was killed in the middle of its shard")
	}
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
	if !strings.Contains(string(log), "due to failure of node node1") || requeued == "" {
		t.Errorf("not both ways of requeueing were tried (requeued: %q):\n%s", requeued, log)
	}
	if out := p.must(t, "gtx plan status plan"); !strings.HasPrefix(out, fmt.Sprintf("plan: %d done (%d translated)\n", shards, images)) {
		logs, _ := p.bash(t, "tail -n 5 winter-*.log")
		t.Errorf("%s%s", out, logs)
	}
	p.sameAs(t, "winter", "clean", images)
	p.recordedOnce(t, "plan", images)

	// When nothing is left, nothing is submitted.
	if out := p.must(t, blockWith(t, "cluster.md", "[ -z").text); strings.Contains(out, "Submitted") {
		t.Error(out)
	}
}

// GNU parallel runs the shards of a plan. What it left, the same line does.
func TestGNUParallelDoesWhatIsLeftOfAPlan(t *testing.T) {
	t.Parallel()
	const images = 60
	p := placeFor(t, images, "parallel")
	p.set("GTX_PER_SHARD", "10")
	p.must(t, "mkdir .home && find photos -name '*.jpg' | gtx translate -q --to winter -o clean && gtx plan -q -o plan photos/./")
	p.must(t, "gtx translate -q --plan plan --shard 3 --to winter -o winter")
	p.set("HOME", p.dir+"/.home") // where parallel wants to be told that it has been cited
	p.must(t, "mkdir .home/.parallel && touch .home/.parallel/will-cite")
	line := blockWith(t, "cluster.md", "--joblog").text
	p.must(t, "mv photos/000/00003.jpg away && cut=photos/000/00005.jpg && cp $cut whole && head -c 200 whole >$cut")
	if out, code := p.bash(t, line); code != 1 || strings.Count(out, "winter/") != images-10-2 {
		t.Errorf("exit code %d: %s", code, out)
	}
	if out := p.must(t, "gtx plan status plan"); out != "plan: 6 done (58 translated, 2 failed)\n" {
		t.Error(out)
	}
	p.must(t, "mv away photos/000/00003.jpg && mv whole photos/000/00005.jpg")
	p.must(t, strings.Replace(line, "--lines", "--lines --failed", 1))
	p.must(t, "mkdir -p all && mv winter all/photos")
	p.sameAs(t, "all", "clean", images)
	p.recordedOnce(t, "plan", images)
}

// Without a plan, each task takes one of four parts.
func TestGNUParallelSharesInputsByHash(t *testing.T) {
	t.Parallel()
	const images = 60
	p := placeFor(t, images, "parallel")
	p.must(t, "gtx translate -q --to winter -o clean photos; mkdir .parallel; touch .parallel/will-cite")
	p.set("HOME", p.dir)
	p.must(t, blockWith(t, "cluster.md", ":::").text)
	p.sameAs(t, "winter", "clean", images)
}

// The program for Ray goes on if a worker is killed, reports images that fail, and stops if gtx cannot start.
func TestRayFinishesAPlanAlthoughAWorkerDies(t *testing.T) {
	t.Parallel()
	const images, shards = 400, 8
	packages, err := filepath.Abs("../build/ray")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(packages); err != nil {
		t.Skip("no Ray: scripts/fetch-ray build/ray fetches it")
	}
	p := placeFor(t, images, "setpriv")
	p.set("PYTHONPATH", packages)
	p.set("PATH", "/usr/bin:"+os.Getenv("PATH")) // Debian's Python
	p.set("HOME", p.dir)
	p.set("RAY_USAGE_STATS_ENABLED", "0")
	p.set("GTX_PER_SHARD", fmt.Sprint(images/shards+1))
	p.must(t, "find photos -name '*.jpg' | sort | tee list | gtx translate -q --to winter -o clean && head -c 200 photos/000/00000.jpg >cut.jpg")
	p.must(t, "echo cut.jpg >>list && gtx plan -q -o plan <list")
	line := blockWith(t, "cluster.md", "translate.py").text

	killed := make(chan error, 1)
	go func() { // the first worker that has begun a shard
		c := exec.Command("bash", "-c", `until [ -s plan/running/00000.jsonl ]; do sleep 0.02; done
			for pid in $(pgrep -f 'ray::[t]ranslate'); do
				[ "$(readlink /proc/$pid/cwd)" != "$PWD" ] || exec kill -KILL $pid
			done
			exit 1`)
		c.Dir = p.dir
		killed <- c.Run()
	}()
	out, code := p.bash(t, line)
	if code != 1 || strings.Count(out, ": exit code 0\n") != shards-1 || !strings.Contains(out, `gtx: "cut.jpg": truncated`) {
		t.Errorf("exit code %d: %s", code, out)
	}
	if err := <-killed; err != nil {
		t.Error("no worker was killed: ", err)
	}
	p.sameAs(t, "winter", "clean", images)
	p.must(t, "grep -v cut.jpg plan/done/00007.jsonl >done && mv done plan/done/00007.jsonl")
	p.recordedOnce(t, "plan", images)

	out, code = p.bash(t, strings.Replace(line, "--to winter", "--to autumn", 1))
	if code != 3 || !strings.Contains(out, "shard 7: exit code 2: gtx: ") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// begun tells whether a task that may still be writing has made a result.
func (p *place) begun() bool {
	made, _ := filepath.Glob(filepath.Join(p.dir, "winter", "*", "*.jpg")) // temporary files have other names
	return len(made) > 0
}

// The second of two tasks on one shard says so and stops. A task that was killed holds nothing back.
func TestSecondTaskOnAShardStops(t *testing.T) {
	t.Parallel()
	p := placeFor(t, 300)
	p.must(t, "gtx plan -q -o plan photos")
	const task = "gtx translate -q --jobs 1 --to winter -o winter --plan plan --shard 0"
	first := exec.Command("bash", "-c", "exec "+task)
	first.Dir, first.Env = p.dir, p.env
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "first task", p.begun)
	first.Process.Signal(syscall.SIGSTOP)
	out, code := p.bash(t, task)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(`gtx: shard 0 of "plan": another task works on it: process %d on %s, since `, first.Process.Pid, host); code != 5 || !strings.HasPrefix(out, want) {
		t.Errorf("exit code %d: %s", code, out)
	}
	if out := p.must(t, "gtx plan status plan; gtx plan todo plan"); out != "plan: 0 done, 1 running: 0\n" {
		t.Error(out)
	}
	first.Process.Kill()
	first.Wait()
	if out := p.must(t, "gtx plan status plan; gtx plan todo plan"); out != "plan: 0 done, 1 to do: 0\n0\n" {
		t.Error(out)
	}
	p.must(t, task)
	p.recordedOnce(t, "plan", 300)
}

// A drained task leaves its shard to be finished.
func TestStoppedTaskLeavesItsShardToDo(t *testing.T) {
	t.Parallel()
	p := placeFor(t, 300)
	p.must(t, "gtx plan -q -o plan photos")
	c := exec.Command("bash", "-c", "exec gtx translate -q --jobs 1 --to winter -o winter --plan plan --shard 0")
	c.Dir, c.Env = p.dir, p.env
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "task", p.begun)
	c.Process.Signal(syscall.SIGTERM)
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != 143 {
		t.Errorf("exit code %d", code)
	}
	if out := p.must(t, "gtx plan status plan"); out != "plan: 0 done, 1 to do: 0\n" {
		t.Error(out)
	}
	p.must(t, "gtx translate -q --to winter -o winter --plan plan --shard 0")
	p.recordedOnce(t, "plan", 300)
}

func TestReadOnlyPlanIsRefused(t *testing.T) {
	p := placeFor(t, 1)
	p.must(t, "gtx plan -q -o plan photos")
	const task = "gtx translate -q --to winter -o winter --plan plan --shard 0"
	line := "chmod -w plan plan/*/; trap 'chmod -R +w plan' EXIT; " + task
	if os.Getuid() == 0 { // who may write everywhere
		if out, code := p.bash(t, "unshare -m mount --bind -o ro plan plan"); code != 0 {
			t.Skip("no read-only folder can be made: ", out)
		}
		line = "unshare -m bash -c 'mount --bind -o ro plan plan; gtx plan status plan; " + task + "'"
	}
	out, code := p.bash(t, line)
	if code != 3 || !strings.Contains(out, "gtx: shard 0 of \"plan\": ") || !strings.Contains(out, "hint: tasks write their reports to the folder of the plan\n") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if p.results(t, "winter") > 0 {
		t.Error("it translated without a report")
	}
}
