package worker

import "golang.org/x/sys/unix"

// confine gives up what a worker does not need.
func confine() error {
	dieBySignals()
	return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // images are private
}
