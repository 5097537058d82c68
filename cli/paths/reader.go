package paths

import (
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// cancellableInput reads a file. A blocked read ends when the context does.
type cancellableInput struct {
	ctx  context.Context
	file *os.File
	wake *os.File      // becomes readable when the context ends
	rest time.Duration // how long to read on, after the end of the context, if input is there
	last time.Time     // the end of rest
}

// Reader wraps a file. Once ctx has ended, a read returns its cause.
func Reader(ctx context.Context, file *os.File) (*cancellableInput, error) {
	wake, sleeper, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { sleeper.Close() })
	return &cancellableInput{ctx: ctx, file: file, wake: wake}, nil
}

// listRest is how long a list is still read after the end of its context.
const listRest = time.Second

// listReader is like Reader, but after the end of ctx it also gives what can be read without waiting.
func listReader(ctx context.Context, file *os.File) (io.Reader, error) {
	r, err := Reader(ctx, file)
	if err != nil {
		return nil, err
	}
	r.rest = listRest
	return r, nil
}

// Read waits for input or for the end of the context. A plain read would stay
// blocked in the kernel.
func (c *cancellableInput) Read(b []byte) (int, error) {
	for {
		fds := []unix.PollFd{
			{Fd: int32(c.file.Fd()), Events: unix.POLLIN},
			{Fd: int32(c.wake.Fd()), Events: unix.POLLIN},
		}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return 0, err
		}
		if c.ctx.Err() != nil && (fds[0].Revents == 0 || !c.resting()) {
			return 0, context.Cause(c.ctx)
		}
		if fds[0].Revents != 0 {
			return c.file.Read(b)
		}
	}
}

// resting reports whether there is time left to read what has come.
func (c *cancellableInput) resting() bool {
	if c.last.IsZero() {
		c.last = time.Now().Add(c.rest)
	}
	return time.Now().Before(c.last)
}
