package paths

import (
	"context"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// cancellableInput reads a file. A blocked read ends when the context does.
type cancellableInput struct {
	ctx  context.Context
	file *os.File
	wake *os.File // becomes readable when the context ends
}

// Reader wraps a file. Once ctx has ended, a read returns its cause.
func Reader(ctx context.Context, file *os.File) (io.Reader, error) {
	wake, sleeper, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { sleeper.Close() })
	return &cancellableInput{ctx, file, wake}, nil
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
		if c.ctx.Err() != nil {
			return 0, context.Cause(c.ctx)
		}
		if fds[0].Revents != 0 {
			return c.file.Read(b)
		}
	}
}
