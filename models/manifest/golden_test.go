package manifest

import (
	"errors"
	"strings"
	"testing"
)

func TestGoldenErrorsNameTheField(t *testing.T) {
	const good = "golden: [{inputs: {picture: ramps, h: 64, w: 64}, args: {to: winter}, output: {h: 64, w: 64, means: M}, tol: 1}]\n"
	means := make(CellMeans, Cells*Cells*channels).String()
	parse(t, coded+strings.Replace(good, "M", means, 1))
	for _, c := range []struct{ old, new, field string }{
		{"ramps", "lena", "golden[0].inputs.picture"},
		{"h: 64, w: 64}, args", "h: 65, w: 64}, args", "golden[0].inputs"},
		{"to: winter", "to: autumn", "golden[0].args"},
		{"to: winter", "to: winter, strength: 9", "golden[0].args"},
		{"to: winter", "towards: winter", "golden[0].args.towards"},
		{"means: M", "means: 7", "golden[0].output.means"},
		{"means: M", "means: AAAA", "golden[0].output.means"},
		{", means: M", "", "golden[0].output.means"},
		{"tol: 1", "tol: -1", "golden[0].tol"},
		{"tol: 1", "tol: .nan", "golden[0].tol"},
	} {
		text := strings.Replace(strings.Replace(good, c.old, c.new, 1), "M", means, 1)
		var wrong *Error
		if _, err := Parse([]byte(coded + text)); !errors.As(err, &wrong) || wrong.Field != c.field {
			t.Errorf("%s → %s: %v, want %s", c.old, c.new, err, c.field)
		}
	}
}
