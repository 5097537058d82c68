package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A process is a worker as its parent sees it. One goroutine at a time uses it.
type process struct {
	cmd    *exec.Cmd
	conn   *net.UnixConn
	file   *os.File // memory shared with the worker, for the file
	stderr *os.File // memory that the worker writes its last words to
	alive  bool
	began  bool // the worker has seen the image
	served int
	buffer [messageMost]byte
}

// A Death is the end of a worker, and of the image in it if it had begun one.
type Death struct {
	Signal syscall.Signal // that killed it; 0 if it ended otherwise
	How    string
	began  bool
}

func (d *Death) Error() string {
	switch {
	case !d.began:
		return "the decoder ended (" + d.How + ")"
	case d.Signal != 0:
		return "the decoder crashed on it (" + unix.SignalName(d.Signal) + ")"
	}
	return "the decoder failed on it (" + d.How + ")"
}

const (
	// patience is how long a worker may take to start, to accept an image, or to end.
	patience = 30 * time.Second
	// keepShared is how much of the shared memory stays between images, in bytes.
	keepShared = 16 << 20
)

// start starts a worker.
func start() (_ *process, err error) {
	w := &process{alive: true}
	defer func() {
		if err != nil {
			w.close()
			err = fmt.Errorf("no decoder starts: %w", err)
		}
	}()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs, ours := os.NewFile(uintptr(pair[0]), "worker"), os.NewFile(uintptr(pair[1]), "parent")
	defer theirs.Close()
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	w.conn = conn.(*net.UnixConn) // because the socket is one
	if w.file, err = shared("gtx-file"); err != nil {
		return nil, err
	}
	if w.stderr, err = shared("gtx-stderr"); err != nil {
		return nil, err
	}
	// The link leads to this program even if the file was replaced.
	w.cmd = exec.Command("/proc/self/exe", Argument)
	w.cmd.Args[0] = os.Args[0]
	w.cmd.ExtraFiles = []*os.File{theirs, w.file}
	w.cmd.Stderr = w.stderr
	w.cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		Setpgid:   true, // so that signals of the terminal go to the parent only
	}
	if err := w.cmd.Start(); err != nil {
		w.cmd = nil
		return nil, err
	}
	theirs.Close() // so that reading ends when the worker does
	if err := w.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, _, err := w.receive(); err != nil {
		return nil, w.death(err)
	}
	return w, nil
}

// shared makes a file in memory.
func shared(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// decode has the worker decode an image. If alive is false afterwards, the worker has ended.
func (w *process) decode(ctx context.Context, r Request) (*Picture, error) {
	w.began = false
	if _, err := w.file.WriteAt(r.File, 0); err != nil {
		w.end()
		return nil, fmt.Errorf("the file cannot be passed to a decoder: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = w.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	picture, err := w.ask(ctx, r)
	if w.alive && len(r.File) > keepShared {
		_ = w.file.Truncate(0) // only frees memory
	}
	return picture, err
}

func (w *process) ask(ctx context.Context, r Request) (*Picture, error) {
	limit := func(d time.Duration) {
		deadline := time.Time{}
		if d > 0 {
			deadline = time.Now().Add(d)
		}
		_ = w.conn.SetDeadline(deadline) // fails if closed, and so does what follows
		if ctx.Err() != nil {
			_ = w.conn.SetDeadline(time.Unix(1, 0))
		}
	}
	limit(patience)
	message, err := encode(order{
		Version: version, Size: int64(len(r.File)), Options: r.Options, FailOn: r.FailOn, Header: r.Header, Limits: r.Limits,
	})
	if err != nil {
		w.end()
		return nil, err
	}
	if _, err := w.conn.Write(message); err != nil {
		return nil, w.ended(ctx, err)
	}
	if first, _, err := w.receive(); err != nil {
		return nil, w.ended(ctx, err)
	} else if !first.Began {
		return nil, w.death(errors.New("it answers out of turn"))
	}
	w.began = true
	limit(r.Limits.Timeout)
	a, fd, err := w.receive()
	if fd >= 0 {
		defer unix.Close(fd)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil:
		w.end()
		return nil, ErrTimeout
	case err != nil:
		return nil, w.ended(ctx, err)
	case a.Failure != "":
		return nil, a.Failure.err()
	}
	picture, err := pictureOf(a, fd, r)
	if err != nil {
		return nil, w.death(err)
	}
	return picture, nil
}

// receive reads an answer and its file descriptor, or -1.
func (w *process) receive() (a answer, fd int, err error) {
	message, rights := w.buffer[:], make([]byte, unix.CmsgSpace(4))
	n, m, flags, _, err := w.conn.ReadMsgUnix(message, rights)
	if err != nil {
		return a, -1, err
	}
	fd = -1
	for _, got := range descriptors(rights[:m]) {
		if fd >= 0 {
			unix.Close(got)
			continue
		}
		fd = got
	}
	switch {
	case n == 0:
		err = io.ErrUnexpectedEOF
	case flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0:
		err = errors.New("its answer is too long")
	default:
		err = json.Unmarshal(message[:n], &a)
	}
	if err == nil && a.Version != version {
		err = fmt.Errorf("it speaks version %d and not %d", a.Version, version)
	}
	return a, fd, err
}

// descriptors are the file descriptors of a message.
func descriptors(rights []byte) (fds []int) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		got, err := unix.ParseUnixRights(&m)
		if err == nil {
			fds = append(fds, got...)
		}
	}
	return fds
}

// ended ends the worker and says why: the run is over, or the worker died.
func (w *process) ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return w.death(err)
	}
	w.end()
	return context.Cause(ctx)
}

// death ends the worker and says how it died. err is what went wrong with it.
func (w *process) death(err error) error {
	gone := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
	if !gone {
		w.end()
		return &Death{How: err.Error(), began: w.began}
	}
	// Its socket closes a little before its end.
	kill := time.AfterFunc(time.Second, func() { _ = w.cmd.Process.Kill() })
	_ = w.cmd.Wait() // how it ended is in ProcessState
	kill.Stop()
	last := w.lastWords()
	w.close()
	if outOfMemory(last) {
		return ErrMemory
	}
	d := &Death{How: w.cmd.ProcessState.String(), began: w.began}
	if status, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		d.Signal = status.Signal()
	}
	if line, _, _ := strings.Cut(last, "\n"); line != "" {
		d.How += ": " + line
	}
	return d
}

// lastWords is the beginning of what the worker wrote to its standard error for the current image.
func (w *process) lastWords() string {
	text := make([]byte, 4096)
	n, _ := w.stderr.ReadAt(text, 0) // at the end of the file it returns less, with an error
	return strings.TrimSpace(string(text[:n]))
}

// end kills the worker.
func (w *process) end() {
	if w.alive {
		_ = w.cmd.Process.Kill() // fails if it has ended
		_ = w.cmd.Wait()
		w.close()
	}
}

// close frees what the parent used for a worker.
func (w *process) close() {
	w.alive = false
	if w.conn != nil {
		w.conn.Close()
	}
	if w.file != nil {
		w.file.Close()
	}
	if w.stderr != nil {
		w.stderr.Close()
	}
}
