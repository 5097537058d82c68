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
	os.Exit(m.Run())
}
