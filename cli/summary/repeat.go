package summary

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gtx/cli/ledger"
	"gtx/cli/paths"
)

// A Repeat is a command that does again what failed in one run.
type Repeat struct {
	Folder  string // in which to run it; "" for any, or if it is not known
	Command string // for a shell; "" if it is not known
	Note    string // what a person should know about it
	Results []*Result
}

// Shell is the command for a shell that is in the folder here.
func (r Repeat) Shell(here string) string {
	if r.Command == "" || r.Folder == "" || here == r.Folder {
		return r.Command
	}
	return "cd " + Quote(r.Folder) + " && " + r.Command
}

// Hint is what a person in the folder here should know about the command, or "".
func (r Repeat) Hint(here string) string {
	if !strings.Contains(r.Shell(here), "$'") {
		return r.Note
	}
	if r.Note == "" {
		return inBash
	}
	return r.Note + "; " + inBash
}

// inBash is what a person should know about the form $'…' of Quote.
const inBash = "in bash or zsh"

// commands and option match the names that gtx uses. A report with other names may be meant to do harm.
var (
	commands = []string{"check", "generate", "translate"}
	option   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

// repeatable tells whether the command of a run can be written for a shell.
func repeatable(run *ledger.Run) bool {
	for name := range run.Settings {
		if !option.MatchString(name) {
			return false
		}
	}
	return slices.Contains(commands, run.Command)
}

// namedMost is the most inputs that a command names. More are listed by gtx report.
const namedMost = 8

// repeats makes the commands for a cause: one for each run and folder argument.
func (r *Report) repeats(c *Cause) []Repeat {
	type part struct {
		run    *ledger.Run
		folder string
	}
	var (
		order []part
		parts = map[part][]*Result{}
	)
	for _, one := range c.Results {
		p := part{one.Run, one.folder()}
		if parts[p] == nil {
			order = append(order, p)
		}
		parts[p] = append(parts[p], one)
	}
	repeats := make([]Repeat, len(order))
	for i, p := range order {
		group := c.ID
		if len(order) > 1 {
			group = partOf(c.ID, i)
		}
		repeats[i] = r.repeat(p.run, p.folder, parts[p], group)
	}
	return repeats
}

// Entry names the input for a list or as an argument, so that its result goes to the same place again: it is
// DIR/./PATH if the run wrote the result to PATH below its output folder for that reason.
func (r *Result) Entry() string {
	if r.Run == nil || r.Out == "" || r.folder() != "" {
		return r.In
	}
	settings := r.Run.Settings
	if settings["out"] == nil || settings["base"] != nil || settings["name"] != nil || streams(r.Run) {
		return r.In
	}
	below, err := filepath.Rel(Value(settings["out"]), filepath.Dir(r.Out))
	if err != nil {
		return r.In
	}
	path := filepath.Join(below, filepath.Base(r.In))
	if "/"+path == filepath.Clean(r.In) {
		return r.In
	}
	return paths.Entry(r.In, path)
}

// folder is the folder argument in which the input was found, or "". One such as DIR/./PATH does not count: its
// inputs have entries of their own.
func (r *Result) folder() string {
	if r.Run != nil && !streams(r.Run) {
		for _, folder := range r.Run.Folders {
			if strings.Contains(string(folder), paths.Mark) {
				continue
			}
			if strings.HasPrefix(r.In, strings.TrimSuffix(filepath.Clean(string(folder)), "/")+"/") || filepath.Clean(string(folder)) == "." && !filepath.IsAbs(r.In) {
				return string(folder)
			}
		}
	}
	return ""
}

// repeat makes the command for the results of one run and folder.
func (r *Report) repeat(run *ledger.Run, folder string, results []*Result, group string) Repeat {
	repeat := Repeat{Results: results}
	if run == nil {
		repeat.Note = "the options of the run are not in the report"
		if list := r.listing(group, false); list != "" {
			repeat.Command = list + " | gtx translate -0" + pair("to", results[0].To)
		}
		return repeat
	}
	if !repeatable(run) {
		repeat.Note = "the report names a command or an option that gtx does not know"
		return repeat
	}
	repeat.Folder = string(run.Folder)
	again := "gtx " + run.Command + options(run, folder)
	_, planned := run.Settings["plan"]
	switch here, _ := os.Getwd(); {
	case streams(run):
		repeat.Command, repeat.Note = whole(run)
	case run.Command == "generate", planned:
		repeat.Command = again
	case results[0].In == "-":
		repeat.Command = again + " - <IMAGE >RESULT"
		repeat.Note = "the image came on standard input"
	case len(results) <= namedMost:
		repeat.Command = again + names(results)
	case r.listing(group, here != repeat.Folder) != "":
		repeat.Command = r.listing(group, here != repeat.Folder) + " | " + strings.Replace(again, run.Command, run.Command+" -0", 1)
	case folder != "":
		repeat.Command = "gtx " + run.Command + options(run, "") + " " + Quote(folder)
		repeat.Note = "results that are up to date are skipped"
	default:
		repeat.Command = again + names(results[:namedMost])
		repeat.Note = fmt.Sprintf("the first %d of %s: with --report FILE, gtx report can list all", namedMost, Count(len(results)))
	}
	return repeat
}

// streams tells whether inputs or results of a run are not files, so that only the whole run can be done again.
func streams(run *ledger.Run) bool {
	return run.Settings["tar"] == true || run.Settings["frames"] == true || run.Settings["shards"] != nil
}

// whole is the command of a run, or "", and what a person should know about it.
func whole(run *ledger.Run) (command, note string) {
	command = "gtx " + run.Command + options(run, "")
	list, listed := run.Settings["files-from"]
	switch {
	case listed && Value(list) != "-":
		command += pair("files-from", list)
		if null, is := run.Settings["null"]; is {
			command += pair("null", null)
		}
	case len(run.Paths) == 0 || run.Paths[0] == "-":
		return "", "the inputs came on standard input: repeat the whole run"
	case len(run.Paths) > namedMost:
		return "", fmt.Sprintf("repeat the whole run, with its %d paths", len(run.Paths))
	default:
		inputs := make([]*Result, len(run.Paths))
		for i, path := range run.Paths {
			inputs[i] = &Result{In: string(path)}
		}
		command += names(inputs)
	}
	if run.Settings["tar"] == true && run.Settings["out"] == nil {
		return command + " >RESULT", "standard output had the results"
	}
	return command, "results that are up to date are kept"
}

// names are the inputs of results, for a shell.
func names(results []*Result) string {
	var b strings.Builder
	for _, one := range results {
		if strings.HasPrefix(one.Entry(), "-") {
			b.WriteString(" --")
			break
		}
	}
	seen := map[string]bool{}
	for _, one := range results {
		if entry := one.Entry(); !seen[entry] {
			seen[entry] = true
			b.WriteString(" " + Quote(entry))
		}
	}
	return b.String()
}

// listing is the command that lists a group of inputs, or "" if the report is in no file.
func (r *Report) listing(group string, elsewhere bool) string {
	files := slices.Clone(r.Paths)
	if len(files) == 0 {
		return ""
	}
	for i, path := range files {
		if path == "" || path == "-" {
			return ""
		}
		if abs, err := filepath.Abs(path); err == nil && elsewhere {
			files[i] = abs
		}
	}
	if all := wholeFolder(files); all != "" {
		return "gtx report -0 --list " + group + " " + all
	}
	for i, path := range files {
		files[i] = Quote(path)
	}
	return "gtx report -0 --list " + group + " " + strings.Join(files, " ")
}

// wholeFolder is a pattern for many files that are all the reports of one folder, else "".
func wholeFolder(files []string) string {
	const many, extension = 4, ".jsonl"
	if len(files) < many {
		return ""
	}
	dir := filepath.Dir(files[0])
	found, err := filepath.Glob(filepath.Join(dir, "*"+extension))
	if sorted := slices.Sorted(slices.Values(files)); err != nil || !slices.Equal(found, sorted) {
		return ""
	}
	return Quote(dir) + "/*" + extension
}

// notAgain are options that a command that repeats failures leaves out: those that name the inputs, --dry-run, which
// would repeat nothing, and --report-new, which would drop the report.
var notAgain = []string{"dry-run", "files-from", "null", "report-new"}

// options are those of a run, for a shell. folder is the folder argument that takes the place of --base, or "".
func options(run *ledger.Run, folder string) string {
	settings := maps.Clone(run.Settings)
	if settings == nil {
		settings = map[string]any{}
	}
	for _, name := range notAgain {
		delete(settings, name)
	}
	if _, below := settings["out"]; folder != "" && (below || run.Command == "check") {
		settings["base"] = folder
	}
	text := ""
	for _, name := range []string{"model", "to"} { // what matters most
		if value, is := settings[name]; is {
			text += pair(name, value)
			delete(settings, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		text += pair(name, settings[name])
	}
	return text
}

// pair is an option with its value, for a shell, after a space. Without a value it is "".
func pair(name string, value any) string {
	switch v := value.(type) {
	case bool:
		if v {
			return " --" + name
		}
		return " --" + name + "=false"
	case []any:
		text := ""
		for _, one := range v {
			text += pair(name, one)
		}
		return text
	}
	text := Value(value)
	switch {
	case text == "":
		return ""
	case name == "out":
		name = "-o"
	default:
		name = "--" + name
	}
	if strings.HasPrefix(text, "-") && name != "-o" {
		return " " + name + "=" + Quote(text)
	}
	return " " + name + " " + Quote(text)
}

// Value is the value of an option as it was read from a report.
func Value(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any: // ledger.Text that is not UTF-8
		return ledger.TextOf(v)
	case []any:
		var list []string
		for _, one := range v {
			list = append(list, Value(one))
		}
		return strings.Join(list, ", ")
	}
	if v, is := value.(float64); is {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}
