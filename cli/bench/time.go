package bench

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is the time that this process has used on all processors.
func processorTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machineTime is the time that all programs have used on all processors, as Linux counts it, or 0.
func machineTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	const tick = time.Second / 100 // of the kernel's interface, whatever its clock
	var sum time.Duration
	for i, word := range strings.Fields(line) {
		// The fields after the word cpu are user, nice, system, idle, iowait, irq, softirq and steal. What follows
		// is counted as user already.
		if n, err := strconv.ParseInt(word, 10, 64); err == nil && i <= 8 && i != 4 && i != 5 {
			sum += time.Duration(n) * tick
		}
	}
	return sum
}
