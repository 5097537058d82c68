package stages

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	Setup()
	loadHEIF() // tests write such files with libvips itself
	os.Exit(m.Run())
}
