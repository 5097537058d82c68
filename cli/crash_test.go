package cli_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
			// Before main a signal ends it otherwise, and Go cannot trace what runs within the race detector.
			untilAsleep(t, cmd.Process.Pid)
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

// untilAsleep waits until no thread of a process has run for a tenth of a second.
func untilAsleep(t *testing.T, pid int) {
	for until, quiet := time.Now().Add(time.Minute), 0; quiet < 10; quiet++ {
		time.Sleep(10 * time.Millisecond)
		stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil || len(stats) == 0 || time.Now().After(until) {
			t.Fatalf("it has ended or never sleeps: %v", err)
		}
		for _, path := range stats {
			stat, _ := os.ReadFile(path) // nothing if the thread has ended
			_, state, _ := strings.Cut(string(stat), ") ")
			if !strings.HasPrefix(state, "S") {
				quiet = -1
			}
		}
	}
}
