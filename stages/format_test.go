package stages

import "testing"

func TestSupportedNamesEveryFormat(t *testing.T) {
	for _, s := range Supported() {
		if writes := s.Format.Output() == s.Format; !s.Read || s.Write != writes {
			t.Errorf("%+v", s)
		}
	}
}
