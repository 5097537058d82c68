package stages

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if code, is := RunDecoder(os.Args); is {
		os.Exit(code)
	}
	Setup()
	loadHEIF() // tests write such files with libvips itself
	os.Exit(m.Run())
}
