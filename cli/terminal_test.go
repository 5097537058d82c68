package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A terminal is a window of tmux, in which a program believes that a person watches.
type terminal struct {
	t      *testing.T
	socket string
}

// openTerminal runs a command in a folder, in a window of so many columns. The test is skipped without the programs.
func openTerminal(t *testing.T, dir string, columns int, command string, programs ...string) terminal {
	t.Helper()
	for _, program := range append(programs, "tmux") {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%v: apt-get install %s", err, program)
		}
	}
	w := terminal{t, filepath.Join(t.TempDir(), "tmux")}
	start := exec.Command("tmux", "-S", w.socket, "-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(columns), "-y", "24", command)
	start.Dir = dir
	start.Env = append(os.Environ(), "GTX_ONNXRUNTIME="+library(t), "HOME="+dir, "XDG_DATA_HOME="+filepath.Join(dir, ".data"), "LC_ALL=C.UTF-8", "HISTFILE=")
	if out, err := start.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("tmux", "-S", w.socket, "kill-server").Run() })
	return w
}

// typed sends keys, with names such as Tab and Enter among them.
func (w terminal) typed(keys ...string) {
	w.t.Helper()
	if out, err := exec.Command("tmux", append([]string{"-S", w.socket, "send-keys"}, keys...)...).CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
}

// screen is what the window shows.
func (w terminal) screen() string {
	w.t.Helper()
	out, err := exec.Command("tmux", "-S", w.socket, "capture-pane", "-p").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimRight(string(out), "\n")
}

// shows waits until the window shows what it should, and returns all that it shows then.
func (w terminal) shows(what string, is func(screen string) bool) string {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if screen := w.screen(); is(screen) {
			return screen
		}
	}
	w.t.Fatalf("the window does not show %s:\n%s", what, w.screen())
	return ""
}

func (w terminal) showsText(text string) {
	w.t.Helper()
	w.shows(text, func(screen string) bool { return strings.Contains(screen, text) })
}

// A person presses Tab in each shell: a command, an option, its domain, a model, and a file are completed.
func TestShellsCompleteCommandLines(t *testing.T) {
	for shell, start := range map[string]string{"bash": "bash --norc --noprofile", "zsh": "zsh -f", "fish": "fish --no-config"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			photoIn(t, dir, "meadow.jpg", 80, 80)
			photoIn(t, dir, "albino.jpg", 80, 80)
			if err := os.Mkdir(filepath.Join(dir, "album"), 0o777); err != nil {
				t.Fatal(err)
			}
			w := openTerminal(t, dir, 100, start, shell)
			teach := map[string]string{
				"bash": "PS1='ready> '; source <(gtx completion bash)",
				"zsh":  "PS1='ready> '; autoload -Uz compinit && compinit -u; source <(gtx completion zsh)",
				"fish": "function fish_prompt; echo -n 'ready> '; end; gtx completion fish | source",
			}[shell]
			w.typed(teach, "Enter")
			for typed, want := range map[string]string{
				"gtx transl":                           "ready> gtx translate",
				"gtx models ver":                       "ready> gtx models verify",
				"gtx translate --stren":                "ready> gtx translate --strength",
				"gtx translate --to=win":               "ready> gtx translate --to=winter",
				"gtx translate --model seasons --to s": "ready> gtx translate --model seasons --to summer",
				"gtx translate --model seasons-c":      "ready> gtx translate --model seasons-classifier",
				"gtx check --against mead":             "ready> gtx check --against meadow.jpg",
				"gtx translate --in-target sk":         "ready> gtx translate --in-target skip",
				"gtx translate --to winter mead":       "ready> gtx translate --to winter meadow.jpg",
				"gtx completion fi":                    "ready> gtx completion fish",
				"gtx translate -o mea":                 "ready> gtx translate -o mea", // that is no folder
			} {
				w.typed("C-u", "C-l")
				w.showsText("ready>")
				w.typed("-l", "--", typed)
				w.typed("Tab")
				w.shows(want, func(screen string) bool {
					return slices.ContainsFunc(strings.Split(screen, "\n"), func(line string) bool { return strings.TrimRight(line, " ") == want })
				})
			}
			w.typed("C-u", "C-l")
			w.showsText("ready>")
			w.typed("-l", "--", "gtx plan ")
			w.typed("Tab")
			if shell == "bash" { // it lists at the second
				w.typed("Tab")
			}
			w.showsText("status")
			w.showsText("meadow.jpg")
		})
	}
}

// resize makes the window so many columns wide.
func (w terminal) resize(columns int) {
	w.t.Helper()
	if out, err := exec.Command("tmux", "-S", w.socket, "resize-window", "-x", fmt.Sprint(columns)).CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
}

// The bar tells how far a run is, its rate, the time left, the failures and what limits it, in one line of any
// terminal. Nothing of it stays.
func TestBarFitsTheTerminal(t *testing.T) {
	dir := t.TempDir()
	for i := range 300 {
		photoIn(t, dir, fmt.Sprintf("in%03d.jpg", i), 256, 256)
	}
	if err := os.Truncate(filepath.Join(dir, "in000.jpg"), 3000); err != nil {
		t.Fatal(err)
	}
	w := openTerminal(t, dir, 60, "bash --norc --noprofile")
	w.typed("PS1='ready> '; clear; ls in*.jpg >list; gtx translate --to winter --jobs 1 -o out --files-from list >/dev/null", "Enter")
	for _, at := range []struct {
		columns int
		bar     string
	}{
		{60, `(?m)^\d+/300  (\d+%  )?\d[\d.]*/s  \d+:\d\d left  1 failed(  limit [a-z ]+)?$`},
		{80, `(?m)^\d+/300  \d+%  ?(\[[#-]+\]  )?\d[\d.]*/s  \d+:\d\d left  1 failed  limit [a-z ]+$`},
		{200, `(?m)^\d+/300  \d+% \[[#-]{50}\]  \d[\d.]* images/s  .* left  1 failed  limited by [a-z ]+$`},
	} {
		w.resize(at.columns)
		w.shows(at.bar, regexp.MustCompile(at.bar).MatchString)
	}
	w.typed("C-c")
	w.shows("the hint in a line of its own", regexp.MustCompile(`(?m)^gtx: finishing what is under way`).MatchString)
	screen := w.shows("the summary", regexp.MustCompile(`(?m)^gtx: \d+ translated, 1 failed, \d+ not reached in .* s \(.* images/s\), on .*\nready>$`).MatchString)
	if strings.Contains(screen, "/300") {
		t.Errorf("a bar stays:\n%s", screen)
	}
}

// Paths that go to the same terminal have lines of their own, above the bar.
func TestPathsHaveLinesBesideTheBar(t *testing.T) {
	dir := t.TempDir()
	for i := range 12 {
		photoIn(t, dir, fmt.Sprintf("in%02d.jpg", i), 64, 64)
	}
	w := openTerminal(t, dir, 80, "bash --norc --noprofile")
	w.typed("PS1='ready> '; clear; gtx translate --to winter --jobs 1 -o out in*.jpg", "Enter")
	w.shows("a bar below a path", regexp.MustCompile(`(?m)^out/in\d+\.jpg\n\d+/12 `).MatchString)
	w.shows("the summary below the paths", regexp.MustCompile(`^(out/in\d+\.jpg\n)+gtx: 12 translated .*\nready>$`).MatchString)
}

// A page may take long, too.
func TestPageShowsHowFarItIs(t *testing.T) {
	dir := t.TempDir()
	photoIn(t, dir, "photo.jpg", 3000, 2000)
	var report strings.Builder
	for i := range 40 {
		fmt.Fprintf(&report, `{"in":"photo.jpg","out":"photo.jpg","sample":%d,"status":"done"}`+"\n", i+1)
	}
	if err := os.WriteFile(filepath.Join(dir, "r.jsonl"), []byte(report.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	w := openTerminal(t, dir, 80, "bash --norc --noprofile")
	w.typed("PS1='ready> '; clear; gtx report --html page.html r.jsonl", "Enter")
	w.shows("a bar", regexp.MustCompile(`(?m)^\d+/40  \d+%`).MatchString)
	w.shows("the page, and no bar", regexp.MustCompile(`(?m)^page.html\nready>`).MatchString)
}
