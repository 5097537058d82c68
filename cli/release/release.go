// Package release says which gtx this is: the release, and the commit that it was built from.
package release

import (
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Number is the release that this code will be or was. It is part of the identity of outputs.
const Number = "0.1.0"

// stamp is what scripts/package/stamp prints: a commit, its time in seconds since 1970, the nearest tag, and modified
// if files were changed since. The linker sets it.
var stamp string

// A Build is one state of the code.
type Build struct {
	Version string // such as 0.1.0+20261129.294dcea, or 0.1.0 for the release itself
	Date    string // of the commit, as in 2026-11-29; of today if the commit is not known
}

// Built returns the running build. Without a stamp, it uses what Go recorded about the commit.
func Built() Build {
	if stamp != "" {
		return read(stamp)
	}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return read("")
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	at, err := time.Parse(time.RFC3339, settings["vcs.time"])
	if err != nil {
		return read("")
	}
	text := settings["vcs.revision"] + " " + strconv.FormatInt(at.Unix(), 10)
	if settings["vcs.modified"] == "true" {
		text += " " + modified
	}
	return read(text)
}

const modified = "modified"

func read(stamp string) Build {
	unknown := Build{Version: Number, Date: time.Now().UTC().Format(time.DateOnly)}
	words := strings.Fields(stamp)
	if len(words) < 2 || len(words[0]) < 7 {
		return unknown
	}
	seconds, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil {
		return unknown
	}
	at := time.Unix(seconds, 0).UTC()
	b := Build{Version: Number, Date: at.Format(time.DateOnly)}
	changed := words[len(words)-1] == modified
	if changed || words[len(words)-1] != "v"+Number {
		b.Version += "+" + at.Format("20060102") + "." + words[0][:7]
	}
	if changed {
		b.Version += "." + modified
	}
	return b
}
