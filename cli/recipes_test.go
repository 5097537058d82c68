package cli_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// results counts the files below a folder.
func (p *place) results(t *testing.T, folder string) int {
	t.Helper()
	if _, err := os.Stat(filepath.Join(p.dir, folder)); err != nil {
		return 0
	}
	return len(p.digests(t, folder))
}

// cron runs the command of a crontab's entry as cron does, and returns what cron would mail.
func (p *place) cron(t *testing.T, crontab string) string {
	t.Helper()
	gtx, err := exec.LookPath("gtx")
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"HOME=" + p.dir, "LOGNAME=ada", "SHELL=/bin/sh"}
	for _, variable := range p.env { // those that the test needs
		if strings.HasPrefix(variable, "GTX_") {
			env = append(env, variable)
		}
	}
	command := ""
	for line := range strings.Lines(crontab) {
		line = strings.TrimSuffix(line, "\n")
		if path, ok := strings.CutPrefix(line, "PATH="); ok {
			env = append(env, "PATH="+filepath.Dir(gtx)+":"+path)
		} else if fields := strings.SplitN(line, " ", 6); len(fields) == 6 {
			command = fields[5]
		}
	}
	c := exec.Command("/bin/sh", "-c", command)
	c.Dir, c.Env = p.dir, env
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v", command, err)
	}
	return string(out)
}

func TestCronMailsOnlyFailures(t *testing.T) {
	t.Parallel()
	p := placeFor(t, 3, "crontab", "flock")
	p.must(t, "mkdir pictures && mv photos pictures")
	crontab := blockWith(t, "recipes.md", "MAILTO").text
	p.write(t, "crontab", crontab)
	if out, code := p.bash(t, "crontab -n crontab"); code != 0 {
		t.Errorf("cron refuses it: %s", out)
	}
	if mail := p.cron(t, crontab); mail != "" || p.results(t, "pictures/winter") != 3 {
		t.Errorf("%d results, mail: %s", p.results(t, "pictures/winter"), mail)
	}
	p.must(t, "head -c 200 pictures/photos/000/00000.jpg >pictures/photos/cut.jpg")
	if mail := p.cron(t, crontab); !strings.Contains(mail, `gtx: "photos/cut.jpg": truncated`) {
		t.Errorf("mail: %q", mail)
	}
	p.must(t, "mkdir pictures/rest && cp pictures/photos/000/00000.jpg pictures/photos/cut.jpg && cd pictures && gtx translate -q --to winter -o winter --files-from failed.txt")
	if p.results(t, "pictures/winter") != 4 {
		t.Error("the list of failures does not give cut.jpg again")
	}
	p.must(t, "cp pictures/photos/000/00000.jpg pictures/photos/new.jpg")
	lock := exec.Command("flock", "pictures/.gtx.lock", "sleep", "60")
	lock.Dir = p.dir
	if err := lock.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "lock", func() bool { _, code := p.bash(t, "flock -n pictures/.gtx.lock true"); return code != 0 })
	if mail := p.cron(t, crontab); mail != "" || p.results(t, "pictures/winter") != 4 {
		t.Errorf("a second run at the same time; mail: %q", mail)
	}
	lock.Process.Kill()
	lock.Wait()
}

func TestMakeTranslatesWhatIsNew(t *testing.T) {
	t.Parallel()
	p := placeFor(t, 3, "make")
	p.must(t, "mv photos/000/* photos && rmdir photos/000")
	p.write(t, "Makefile", blockWith(t, "recipes.md", "%.jpg: photos/%.jpg").text)
	p.must(t, "make -j2")
	if p.results(t, "winter") != 3 {
		t.Error(p.digests(t, "winter"))
	}
	if out := p.must(t, "make"); !strings.Contains(out, "Nothing to be done") {
		t.Error(out)
	}
	out := p.must(t, "touch -d 'next minute' photos/00001.jpg; touch -d 'last minute' photos/00001.jpg winter/00001.jpg; touch photos/00001.jpg; make; make")
	if strings.Count(out, "gtx translate") != 1 || !strings.Contains(out, "Nothing to be done") {
		t.Error(out)
	}
	p.write(t, "Makefile", blockWith(t, "recipes.md", "winter.done").text)
	if out := p.must(t, "rm -r winter; make; make"); strings.Count(out, "gtx translate") != 1 || p.results(t, "winter") != 3 {
		t.Error(out)
	}
}

func TestListsReachGtxWhole(t *testing.T) {
	t.Parallel()
	const images = 60
	for _, recipe := range []string{"-newermt", "xargs -0", "parallel -0"} {
		p := placeFor(t, images-1, "xargs", "parallel")
		p.set("HOME", p.dir)
		p.must(t, `mkdir .parallel; touch .parallel/will-cite; cp photos/000/00000.jpg photos/"$(printf 'a \n"'"'"'b.jpg')"`)
		p.must(t, blockWith(t, "recipes.md", recipe).text)
		if n := p.results(t, "winter"); n != images {
			t.Errorf("%s: %d results", recipe, n)
		}
	}
	p := placeFor(t, 1, "xargs", "parallel")
	p.must(t, "head -c 200 photos/000/00000.jpg >photos/cut.jpg")
	if out, code := p.bash(t, blockWith(t, "recipes.md", "xargs -0").text); code != 123 {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// Each file leaves as soon as it has come, in whatever way it came, and a part of one is left alone.
func TestInotifywaitFeedsGtxEndlessly(t *testing.T) {
	t.Parallel()
	p := placeFor(t, 3, "inotifywait")
	p.must(t, "mkdir -p inbox/deep")
	c := exec.Command("bash", "-c", "set -m; "+blockWith(t, "recipes.md", "inotifywait -m").text)
	c.Dir, c.Env = p.dir, p.env
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	lines := make(chan string)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		io.Copy(io.Discard, out)
		close(lines)
		ended <- c.Wait()
	}()
	next := func(want string) {
		t.Helper()
		select {
		case got := <-lines:
			if got != want {
				t.Errorf("%q, not %q", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("no %s", want)
		}
	}
	until(t, "inotifywait watches", func() bool {
		_, code := p.bash(t, "for d in /proc/[0-9]*; do if [ \"$(readlink $d/cwd)\" = \"$PWD\" ] && grep -sq inotify $d/fdinfo/*; then exit 0; fi; done; exit 1")
		return code == 0
	})
	time.Sleep(200 * time.Millisecond) // until it watches the folders below
	p.must(t, "cp photos/000/00000.jpg inbox/written.jpg")
	next("winter/written.jpg")
	p.must(t, "cp photos/000/00001.jpg inbox/moved.jpg.part && mv inbox/moved.jpg.part inbox/moved.jpg")
	next("winter/moved.jpg")
	p.must(t, "cp photos/000/00002.jpg inbox/deep/below.jpg")
	next("winter/deep/below.jpg")
	p.must(t, "for d in /proc/[0-9]*; do if [ \"$(readlink $d/cwd)\" = \"$PWD\" ] && grep -sq inotify $d/fdinfo/*; then kill ${d#/proc/}; fi; done")
	for line := range lines {
		t.Errorf("too much: %s", line)
	}
	<-ended
}

func TestSystemdAcceptsTheUnits(t *testing.T) {
	p := placeFor(t, 3, "systemd-analyze")
	gtx, err := exec.LookPath("gtx")
	if err != nil {
		t.Fatal(err)
	}
	p.must(t, "mkdir -p pictures units && mv photos pictures/inbox")
	for name, text := range map[string]string{"service": "[Service]", "path": "[Path]", "timer": "[Timer]"} {
		unit := blockWith(t, "recipes.md", text).text
		unit = strings.ReplaceAll(strings.ReplaceAll(unit, "/usr/local/bin/gtx", gtx), "%h", p.dir)
		p.write(t, "units/gtx-winter."+name, unit)
	}
	if out, code := p.bash(t, "systemd-analyze verify units/gtx-winter.*"); code != 0 || strings.Contains(out, "gtx-winter") {
		t.Errorf("exit code %d: %s", code, out)
	}
	p.must(t, `cd "$(sed -n s/^WorkingDirectory=//p units/gtx-winter.service)" && eval "$(sed -n s/^ExecStart=//p ../units/gtx-winter.service)"`)
	if n := p.results(t, "pictures/winter"); n != 3 {
		t.Errorf("%d results", n)
	}
}

func TestGPUsShareTheImages(t *testing.T) {
	t.Parallel()
	const images = 40
	p := placeFor(t, images, "parallel")
	p.set("HOME", p.dir)
	p.set("GTX_PER_SHARD", "5")
	p.must(t, "mkdir .parallel; touch .parallel/will-cite")
	p.must(t, blockWith(t, "recipes.md", "::: 0 1 2 3").text)
	if n := p.results(t, "winter"); n != images {
		t.Errorf("%d results", n)
	}
	if out := p.must(t, `cat winter-?.jsonl | grep -vc '"status":"run"'`); strings.TrimSpace(out) != fmt.Sprint(images) {
		t.Errorf("%s records", out)
	}
	p.must(t, "rm -r winter")
	p.must(t, blockWith(t, "recipes.md", "{%}").text)
	p.recordedOnce(t, "plan", images)
	if n := p.results(t, "winter"); n != images {
		t.Errorf("%d results", n)
	}
}
