package cli_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"gtx/cli"
)

// panicLater runs gtx, and meanwhile another goroutine panics.
func panicLater() {
	go func() {
		time.Sleep(100 * time.Millisecond)
		panic("on purpose")
	}()
	os.Exit(cli.Run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// A crash must not look like a wrong command line, which exits with 2.
func TestCrashEndsWithAbort(t *testing.T) {
	for name, crash := range map[string]func(*exec.Cmd){
		"gtx-panics": func(*exec.Cmd) {},
		"gtx": func(cmd *exec.Cmd) { // as a fault in a C library
			time.Sleep(500 * time.Millisecond)
			cmd.Process.Signal(syscall.SIGBUS)
		},
	} {
		cmd := exec.Command(name, "translate", "--to", "winter")
		in, err := cmd.StdinPipe() // it waits for a path
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		var trace strings.Builder
		cmd.Stderr = &trace
		cmd.Env = append(os.Environ(), "GTX_ONNXRUNTIME="+library(t))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		crash(cmd)
		err = cmd.Wait()
		var failed *exec.ExitError
		if !errors.As(err, &failed) || failed.Sys().(syscall.WaitStatus).Signal() != syscall.SIGABRT {
			t.Errorf("%s: %v, not SIGABRT", name, err)
		}
		if !strings.Contains(trace.String(), "goroutine 1 ") {
			t.Errorf("%s: no trace: %s", name, trace.String())
		}
	}
}
