package manual

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"gtx/cli/release"
)

func TestClosestIsOneOrTwoLettersAwayOrBeginsLikeIt(t *testing.T) {
	known := []string{"translate", "classify", "check", "summer", "winter", "to", "html", "help", "-x"}
	for word, want := range map[string]string{
		"transalte": "translate", "tranlate": "translate", "TRANSLATE": "translate", "wniter": "winter", "sumer": "summer",
		"chek": "check", "class": "classify", "tp": "to", "ot": "to", "htlm": "html", "hepl": "help", "hteml": "html",
		"teleport": "", "": "", "x": "", "zz": "", "spring": "",
	} {
		if got := Closest(word, known); got != want {
			t.Errorf("%q is like %q, not %q", word, got, want)
		}
	}
}

// app is a small command line with one of each kind.
func app() Named {
	return Root(&cli.App{Name: "gtx", Usage: "test", ArgsUsage: "COMMAND [PATH ...]", Commands: []*cli.Command{
		{
			Name: "translate", Usage: "translate images", ArgsUsage: "[PATH ...]", Description: "First.\nStill first.\n\nSecond.",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "to", Category: Translation, Usage: "translate to `DOMAIN`; it's \"one\" of the model's"},
				&cli.StringFlag{Name: "model", Category: Translation, Value: "seasons", Usage: "`NAME` of a model"},
				&cli.StringFlag{Name: "out", Category: Results, Aliases: []string{"o"}, Usage: ".below `DIR`"},
				&cli.StringSliceFlag{Name: "exemplar", Category: Input, Usage: "`FILE` that shows what is wanted"},
				&cli.BoolFlag{Name: "quiet", Category: Messages, Aliases: []string{"q"}, Usage: "print only errors"},
				&cli.BoolFlag{Name: "hidden", Hidden: true},
			},
		},
		{Name: "models", Usage: "models", Subcommands: []*cli.Command{{Name: "show", Usage: "show a model", ArgsUsage: "NAME|FILE.onnx"}}},
		{Name: "plan", Usage: "plan", ArgsUsage: "[PATH ...]", Subcommands: []*cli.Command{{Name: "status", Usage: "status", ArgsUsage: "DIR"}}},
		{Name: "man", Usage: "pages", ArgsUsage: "[COMMAND ...]"},
		{Name: "completion", Usage: "completion", ArgsUsage: "bash|zsh|fish"},
		{Name: "secret", Hidden: true},
	}})
}

func TestCompletionKnowsWhatMayComeNext(t *testing.T) {
	known := Known{
		Models:  func() []string { return []string{"seasons", "shoes"} },
		Domains: func(model string) []string { return []string{"of " + model} },
	}
	for line, want := range map[string]string{
		"":             "translate models plan man completion none",
		"mo":           "translate models plan man completion none",
		"models ":      "show none",
		"models show ": "seasons shoes files",
		"translate ":   "files",
		"translate -":  "--to --model --out --exemplar --quiet --help none",
		"translate --to winter -q --exemplar a -": "--model --out --exemplar --help none",
		"translate --to ":                         "of  none",
		"translate --model shoes --to ":           "of shoes none",
		"translate --model=shoes --to=w":          "of shoes none",
		"translate --model = shoes --to = w":      "of shoes none", // as bash has it
		"translate --quiet=":                      "none",
		"translate --nosuch=":                     "none",
		"translate -o ":                           "folders",
		"translate --exemplar ":                   "files",
		"translate a.jpg -":                       "files",
		"translate -- -":                          "files",
		"nosuch ":                                 "none",
		"man ":                                    "translate models plan man completion none",
		"man models ":                             "show none",
		"plan ":                                   "status files",
		"plan status ":                            "folders",
		"completion ":                             "bash zsh fish none",
		"completion bash ":                        "none",
		"translate --help":                        "--to --model --out --exemplar --quiet --help none",
	} {
		c := Complete(app(), strings.Split(line, " "), known)
		var got []string
		for _, w := range c.Words {
			got = append(got, w.Text)
		}
		if got := strings.Join(append(got, string(c.Files)), " "); got != want {
			t.Errorf("%q may become %q, not %q", line, got, want)
		}
	}
}

func TestHelpAndPageHaveEveryVisibleOption(t *testing.T) {
	c, n := app().Find([]string{"translate"})
	if n != 1 {
		t.Fatal("no translate")
	}
	examples := map[string]bool{} // they keep their line
	for _, e := range Examples["gtx translate"] {
		examples[e.Line] = true
	}
	for width := 52; width < 120; width++ {
		for line := range strings.Lines(Help(c, width)) {
			if len(strings.TrimRight(line, "\n")) > width && !examples[strings.TrimSpace(line)] {
				t.Errorf("in %d columns: %q", width, line)
			}
		}
	}
	help := Help(c, 80)
	for _, want := range []string{"-o, --out DIR", "-q, --quiet", "(default: seasons)", "First. Still first.\n\n   Second."} {
		if !strings.Contains(help, want) {
			t.Errorf("help lacks %q:\n%s", want, help)
		}
	}
	page := Page(c, app(), release.Build{Version: "1.0", Date: "2026-11-29"})
	for _, want := range []string{
		`.TH "GTX\-TRANSLATE" 1 2026-11-29 "gtx 1.0"`, `\fB\-o\fR, \fB\-\-out\fR \fIDIR\fR`, `\&.below DIR`, `it\(aqs`, ".BR gtx (1)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	for _, text := range []string{help, page} {
		if strings.Contains(text, "hidden") || strings.Contains(text, "secret") {
			t.Error("a hidden word is shown")
		}
	}
	if names := len(app().All()); names != 8 {
		t.Errorf("%d commands", names)
	}
}
