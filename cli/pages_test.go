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

	"github.com/rogpeppe/go-internal/testscript"
)

// Every console block of README.md and docs/*.md is run, in the order of the page, in one folder
// that looks like a checkout with three photographs in photos/. Output that the page shows must
// appear; figures of time and rate may differ, and … stands for anything. A command without shown
// output must succeed. Lines of make are only checked for their target.
func TestPagesShowWhatHappens(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	networks, python := built("third-party"), built("python")
	scripts := t.TempDir()
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		var script, files strings.Builder
		if strings.Contains(string(text), "$ python3 -m ") && !python {
			t.Logf("%s: not run: make test-deps installs what its Python needs", page)
			continue
		}
		for i, c := range consoleCommands(string(text)) {
			if !networks && strings.Contains(c.block, "networks/") {
				t.Logf("%s:%d: not run: scripts/fetch-third-party build/third-party fetches its networks", page, c.number)
				continue
			}
			if tool := missingTool(c.block); tool != "" {
				t.Logf("%s:%d: not run: make test-deps installs %s", page, c.number, tool)
				continue
			}
			fmt.Fprintf(&script, "# %s:%d\n", filepath.Base(page), c.number)
			if target, ok := strings.CutPrefix(c.line, "make "); ok {
				fmt.Fprintf(&script, "exec make -C $ROOT -n %s\n", target)
				continue
			}
			succeed := ""
			if c.output != "" { // it counts, not the exit code
				succeed = "true\n"
			}
			fmt.Fprintf(&script, "exec bash -o pipefail .page/%d.sh\nshows .page/%d.out\n", i, i)
			fmt.Fprintf(&files, "-- .page/%d.sh --\nexec 2>&1\n%s\n%s-- .page/%d.out --\n%s", i, c.line, succeed, i, c.output)
		}
		if script.Len() == 0 {
			continue
		}
		prepare := checkout
		if networks {
			prepare += "exec cp -r $NETWORKS networks\n"
		}
		if strings.Contains(string(text), "$ python3 -m ") {
			prepare += training
		}
		name := strings.TrimSuffix(filepath.Base(page), ".md") + ".txtar"
		if err := os.WriteFile(filepath.Join(scripts, name), []byte(prepare+script.String()+files.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	runScripts(t, scripts, map[string]string{"ROOT": "..", "NETWORKS": "../build/third-party", "PACKAGES": "../build/python"})
}

// missingTool names a program that a block needs and that gtx itself does not.
func missingTool(block string) string {
	for _, tool := range []string{"ffmpeg", "rclone"} {
		if _, err := exec.LookPath(tool); err != nil && strings.Contains(block, tool) {
			return tool
		}
	}
	return ""
}

// built says whether make test-deps has made a folder of build/.
func built(folder string) bool {
	_, err := os.Stat(filepath.Join("../build", folder))
	return err == nil
}

// checkout prepares the folder in which the commands of a page run.
const checkout = `mkdir photos
photo photos/aitzgorri.jpg 640x400 1
photo photos/life.jpg 640x480 2
photo photos/picosdeeuropa.jpg 400x640 3
cp photos/life.jpg life.jpg
symlink scripts -> $ROOT/scripts
symlink testdata -> $ROOT/testdata
`

// training adds what the commands of the trainer need: two domains, a folder of pictures, the trial's run in place of
// a long one, and the Python that has PyTorch.
const training = `mkdir day dusk pictures/2026 runs .bin
photo pictures/2026/sea.jpg 640x400 8
symlink runs/dusk -> trial
env HOME=$WORK
photo day/1.jpg 320x240 4
photo day/2.jpg 320x240 5
photo dusk/1.jpg 320x240 6
photo dusk/2.jpg 320x240 7
symlink .bin/python3 -> /usr/bin/python3
env PATH=$WORK/.bin:$PATH
env PYTHONPATH=scripts:$PACKAGES
`

// A consoleCommand is a line after "$ " in a console block, and the output shown below it.
type consoleCommand struct {
	block        string
	number       int    // of the line in the page, from 1
	line, output string // with its continuation lines and here-document
}

var consoleBlock = regexp.MustCompile("(?ms)^```console\n(.*?)^```")

func consoleCommands(page string) []consoleCommand {
	var commands []consoleCommand
	for _, at := range consoleBlock.FindAllStringSubmatchIndex(page, -1) {
		block := page[at[2]:at[3]]
		number := strings.Count(page[:at[2]], "\n")
		end := "" // the last line of the document that the command reads
		for line := range strings.Lines(block) {
			number++
			n := len(commands) - 1
			if command, ok := strings.CutPrefix(line, "$ "); ok && end == "" {
				commands = append(commands, consoleCommand{block: block, number: number, line: strings.TrimSpace(command)})
				if document := hereDocument.FindStringSubmatch(command); document != nil {
					end = document[1]
				}
			} else if end != "" || n >= 0 && strings.HasSuffix(commands[n].line, "\\") {
				commands[n].line += "\n" + strings.TrimRight(line, "\n")
				if strings.TrimRight(line, "\n") == end {
					end = ""
				}
			} else if n >= 0 {
				commands[n].output += line
			}
		}
	}
	return commands
}

var hereDocument = regexp.MustCompile(`<<'?(\w+)`)

var varying = regexp.MustCompile(`\d+(\.\d+)?( s\b| images/s)`)

// shows compares the output of the last command with what a page shows.
func shows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shows FILE")
	}
	want := ts.ReadFile(args[0])
	if want == "" {
		return
	}
	got := strings.ReplaceAll(ts.ReadFile("stdout"), ts.Getenv("XDG_DATA_HOME"), "/home/ada/.local/share")
	want, got = varying.ReplaceAllString(want, "N$2"), varying.ReplaceAllString(got, "N$2")
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*")
	if !regexp.MustCompile(`\A` + pattern + `\z`).MatchString(got) {
		ts.Fatalf("the page shows\n%s\nbut it is\n%s", want, got)
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)

// Links between the pages, and to files of the repository, lead to something that is there. Those with an anchor lead
// to a heading.
func TestLinksLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			target := page
			if found[1] != "" {
				target = filepath.Join(filepath.Dir(page), found[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", filepath.Base(page), found[1])
			} else if found[2] != "" && !slices.Contains(anchors(t, target), found[2]) {
				t.Errorf("%s links to %s#%s, which is no heading", filepath.Base(page), found[1], found[2])
			}
		}
	}
}

var (
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	unnamed = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors are those of a page's headings, as GitHub names them.
func anchors(t *testing.T, page string) (list []string) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range heading.FindAllStringSubmatch(string(text), -1) {
		list = append(list, strings.ReplaceAll(unnamed.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-"))
	}
	return list
}

func TestContentsListEveryPage(t *testing.T) {
	contents, err := os.ReadFile("../docs/README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(string(contents), "]("+name+")") {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}
