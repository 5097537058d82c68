package paths

import (
	"os"
	"path/filepath"

	"gtx/cli/exit"
)

// A Named is a file that an option of the run names, such as its model or its report. No result
// replaces it.
type Named struct {
	Option, path string
	Info         os.FileInfo // nil if there is no such file yet
}

// NewNamed makes the path absolute and looks for the file.
func NewNamed(option, path string) Named {
	f := Named{Option: option, path: path}
	if abs, err := filepath.Abs(path); err == nil {
		f.path = abs
	}
	f.Info, _ = os.Stat(f.path)
	return f
}

// Is tells whether path, about which info is known unless it is nil, leads to the file.
func (f Named) Is(path string, info os.FileInfo) bool {
	if abs, err := filepath.Abs(path); err == nil && abs == f.path {
		return true
	}
	return info != nil && f.Info != nil && os.SameFile(info, f.Info)
}

// ReportOption is the option that names the report.
const ReportOption = "--report"

// RefuseReport is the failure of a --report that would replace a file of another kind.
func RefuseReport(err error) error { return Refuse(ReportOption, err) }

// Refuse is the failure of an option that would replace a file of another kind.
func Refuse(option string, err error) error {
	return &exit.Failure{Code: exit.CodeUsage, Err: exit.Hint(err, option+" takes the FILE to write, before the paths")}
}
