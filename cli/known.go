package cli

import (
	"cmp"
	"errors"
	"os"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/cli/page"
	"gtx/cli/streams"
	"gtx/models"
	"gtx/models/graph"
	"gtx/models/manifest"
	"gtx/models/propose"
	"gtx/stages"
)

// known is what a shell completes beside the names of commands and options.
func known() manual.Known {
	return manual.Known{Models: models.Names, Domains: domainsOf, Values: map[string][]string{
		"from":         {"any", "auto"},
		"in-target":    words(stages.InTargetTranslate, stages.InTargetCopy, stages.InTargetSkip),
		"existing":     words(stages.ExistingSkip, stages.ExistingRedo, stages.ExistingFail),
		"checkerboard": words(stages.CheckWarn, stages.CheckFail, stages.CheckRepair, stages.CheckOff),
		"format":       append(words(sameFormat), words(stages.Formats...)...),
		"tar-failed":   words(streams.FailedDrop, streams.FailedKeep),
		"thumbs":       words(page.Inline, page.Folder),
		"list":         {"failed", "flagged"},
		"detail":       append([]string{"auto"}, words(stages.Methods...)...),
		"method":       append(words(bestMethod), words(graph.Methods...)...),
		"size":         {"source", "model"},
		"isolate":      words(stages.IsolateAuto, stages.IsolateAll, stages.IsolateNone),
		"device":       {"auto", "cpu", "openvino", "cuda"},
		"precision":    {"auto", "f32", "bf16"},
		"progress":     {"auto", "json"},
		"shard":        {"auto"},
		"preset":       propose.Presets(),

		"gtx generate format": words(stages.Formats...),
	}}
}

// domainsOf lists the domains of the model that a command line names, if any.
func domainsOf(model string) []string {
	m, err := models.Find(cmp.Or(model, os.Getenv(manual.VariableOf("model")), builtIn))
	if err != nil {
		return nil
	}
	return m.Manifest.DomainIDs()
}

func words[T ~string](values ...T) (list []string) {
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}

// hintOf is the way forward from an error: what a mistyped name may have meant, or what the error says itself.
func hintOf(err error) string {
	var (
		model  *models.NotFoundError
		domain *manifest.DomainError
		hinted exit.Hinted
		meant  string
	)
	if errors.As(err, &model) {
		meant = manual.Closest(model.Name, model.Known)
	} else if errors.As(err, &domain) {
		meant = manual.Closest(domain.Domain, domain.Known)
	}
	if meant != "" {
		return manual.DidYouMean(meant)
	}
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}
