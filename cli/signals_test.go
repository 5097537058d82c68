package cli_test

import (
	"syscall"
	"testing"
	"time"
)

// No image comes on standard input, and it stays open.
func TestSignalsEndAnIdleInput(t *testing.T) {
	r := start(t, t.TempDir(), "-")
	ended := make(chan int)
	go func() { ended <- r.exitCode(t) }()
	time.Sleep(time.Second) // to let it read
	r.Process.Signal(syscall.SIGINT)
	time.Sleep(10 * time.Millisecond)
	r.Process.Signal(syscall.SIGINT)
	select {
	case code := <-ended:
		if code != 130 {
			t.Errorf("exit code %d: %s", code, r.stderr)
		}
	case <-time.After(2 * time.Second):
		t.Error("it still runs")
		r.Process.Kill()
		<-ended
	}
}
