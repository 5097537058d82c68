package cli

import (
	"slices"
	"strings"
	"testing"

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

// What the completion offers is what the option takes: the error about another word lists the same.
func TestCompletedValuesAreThoseThatOptionsTake(t *testing.T) {
	open := map[string]string{ // beside the words, these options take others
		"from": "a domain", "size": "numbers", "device": "cuda:N", "shard": "an index",
	}
	for option, words := range known().Values {
		if _, more := open[option]; more {
			continue
		}
		args := map[string][]string{
			"method": {"models", "repair", "--method", "nonsense", "seasons", "out.onnx"},
			"preset": {"models", "add", "--preset", "nonsense", "network.onnx"},
		}[option]
		if args == nil {
			args = []string{"translate", "--to", "winter", "--" + option, "nonsense", "photo.jpg"}
		}
		err := appOf(t).Run(append([]string{"gtx"}, args...))
		if err == nil {
			t.Errorf("--%s takes nonsense", option)
			continue
		}
		text := err.Error()
		if i := strings.LastIndex(text, " are "); i >= 0 {
			text = text[i+len(" are "):]
		}
		listed := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
		if !slices.Equal(slices.Sorted(slices.Values(listed)), slices.Sorted(slices.Values(words))) {
			t.Errorf("--%s takes %q, and the completion offers %q", option, err, words)
		}
	}
}
