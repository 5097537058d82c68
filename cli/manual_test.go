package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"gtx/cli/manual"
)

func TestEveryOptionHasATopicAndEveryCommandExamples(t *testing.T) {
	topics := []string{
		manual.Translation, manual.Results, manual.Appearance, manual.Input, manual.Reports, manual.Streams, manual.Cluster, manual.Speed, manual.Messages,
	}
	examples := len(manual.Examples)
	for _, c := range manual.Root(appOf(t)).All() {
		if len(manual.Examples[c.Name()]) == 0 {
			t.Errorf("%s has no examples: add some to cli/manual/examples.go", c.Name())
			continue
		}
		examples--
		for _, f := range c.Flags {
			grouped, ok := f.(interface{ GetCategory() string })
			if name := f.Names()[0]; name != "version" && name != "help" && (!ok || !slices.Contains(topics, grouped.GetCategory())) {
				t.Errorf("%s --%s has no topic: give it a Category of package manual", c.Name(), name)
			}
		}
	}
	if examples != 0 {
		t.Errorf("%d commands with examples do not exist", examples)
	}
}

// Commands, and the topics of their options, come in the order of their use.
func TestHelpShowsFirstWhatIsUsedMost(t *testing.T) {
	root := manual.Root(appOf(t))
	var commands []string
	for _, c := range root.Subcommands {
		if !c.Hidden {
			commands = append(commands, c.Name)
		}
	}
	if got := strings.Join(commands, " "); got != "translate classify check report models generate plan bench doctor man completion" {
		t.Errorf("the commands are %s", got)
	}
	order := []string{
		"NAME", "USAGE", "DESCRIPTION", "EXAMPLES", "COMMANDS", "OPTIONS", "TRANSLATION", "RESULTS", "APPEARANCE",
		"REPORTS AND FAILURES", "INPUT", "SPEED", "MANY MACHINES", "STREAMS", "MESSAGES", "VARIABLES", "EXIT CODES",
	}
	for _, c := range root.All() {
		help, last := manual.Help(c, 80), -1
		for line := range strings.Lines(help) {
			title, is := strings.CutSuffix(line, ":\n")
			if !is || strings.HasPrefix(line, " ") {
				continue
			}
			at := slices.Index(order, title)
			if at <= last {
				t.Errorf("%s: %s comes too late", c.Name(), title)
			}
			last = at
		}
		if strings.Contains(help, "MESSAGES:\n   -h, --help") {
			t.Errorf("%s has a section for --help alone", c.Name())
		}
	}
}

func TestExitCodesAreShownWhereTheyOccur(t *testing.T) {
	for _, c := range manual.Root(appOf(t)).All() {
		help := manual.Help(c, 80)
		if !strings.Contains(help, "EXIT CODES") {
			continue // it only has commands below it
		}
		for code, option := range map[string]string{"4": "--fail-fast", "5": "--plan DIR", "141": "--version"} {
			shown, occurs := strings.Contains(help, "\n   "+code+"   "), strings.Contains(help, "   "+option)
			if root := len(c.Words) == 1; shown != (occurs || root) {
				t.Errorf("%s: exit code %s is shown: %v", c.Name(), code, shown)
			}
		}
	}
}

// What the completion offers is what the option takes: the error about another word lists the same.
func TestCompletedValuesAreThoseThatOptionsTake(t *testing.T) {
	open := []string{"from", "size", "device", "shard", "list", "to"} // take other words, too
	chosen := regexp.MustCompile("`(DOMAIN|POLICY|FORMATS?|METHOD|KIND|DEVICE|PRECISION|PRESET|WHERE|GROUP|SIZE|I)`")
	noise, err := filepath.Abs("../testdata/models/pggan.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("GTX_ONNXRUNTIME") == "" {
		library, err := filepath.Abs("../build/lib/libonnxruntime.so.1")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("GTX_ONNXRUNTIME", library)
	}
	t.Chdir(t.TempDir())
	tested := 0
	for _, c := range manual.Root(appOf(t)).All() {
		before, behind := []string{}, []string{"photo.jpg"}
		switch c.Name() {
		case "gtx translate":
			before = []string{"--to", "winter"}
		case "gtx generate":
			before, behind = []string{"--model", noise, "--to", "church"}, nil
		case "gtx models repair":
			behind = []string{"seasons", "out.onnx"}
		}
		for _, f := range c.Flags {
			name := f.Names()[0]
			if flag, is := f.(*cli.StringFlag); !is || !chosen.MatchString(flag.Usage) {
				continue
			}
			tested++
			asked := slices.Concat(c.Words[1:], before, []string{"--" + name})
			var words []string
			for _, w := range manual.Complete(manual.Root(appOf(t)), append(slices.Clone(asked), ""), known()).Words {
				words = append(words, w.Text)
			}
			rest := append([]string{"nonsense"}, behind...)
			if name == "tar-failed" {
				rest = []string{"nonsense", "--tar", "photo.tar"}
			}
			err := appOf(t).Run(slices.Concat([]string{"gtx"}, asked, rest))
			if err == nil || len(words) == 0 {
				t.Errorf("%s --%s takes nonsense, or the completion offers nothing: %v, %q", c.Name(), name, err, words)
			} else if !slices.Contains(open, name) && !slices.Equal(listed(err), slices.Sorted(slices.Values(words))) {
				t.Errorf("%s --%s takes %q, and the completion offers %q", c.Name(), name, err, words)
			}
		}
	}
	if tested < 30 {
		t.Errorf("only %d options take known words", tested)
	}
}

// listed are the words that an error lists, sorted.
func listed(err error) []string {
	text := err.Error()
	if i := strings.LastIndex(text, " are "); i >= 0 {
		text = text[i+len(" are "):]
	}
	return slices.Sorted(slices.Values(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })))
}
