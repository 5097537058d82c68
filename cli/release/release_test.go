package release

import "testing"

func TestVersionNamesTheReleaseOrElseTheCommit(t *testing.T) {
	const commit = "294dceaf0f6d4a3a8b1c2d3e4f5a6b7c8d9e0f1a 1795943135"
	for stamp, want := range map[string]string{
		commit:                              "0.1.0+20261129.294dcea",
		commit + " v0.1.0":                  "0.1.0",
		commit + " v0.1.0 modified":         "0.1.0+20261129.294dcea.modified",
		commit + " v0.1.0-3-g294dcea":       "0.1.0+20261129.294dcea",
		commit + " v0.0.9":                  "0.1.0+20261129.294dcea",
		commit + " modified":                "0.1.0+20261129.294dcea.modified",
		"":                                  "0.1.0",
		"unknown":                           "0.1.0",
		"$Format:%H %ct$":                   "0.1.0",
		"294dceaf0f6d4a3a8b1c2d3e4f5a soon": "0.1.0",
	} {
		if got := read(stamp).Version; got != want {
			t.Errorf("%q is %s, not %s", stamp, got, want)
		}
	}
	if got := read(commit).Date; got != "2026-11-29" {
		t.Errorf("the date is %s", got)
	}
}
