// Package watch runs a program and decides what becomes of its system calls on the files below a folder.
//
// A call can go ahead, fail with an error, or be the moment at which the program gets a signal. The program is
// not changed for this: the kernel asks through seccomp before it carries a call out. All threads and all
// children of the program are watched, and calls are numbered in the order in which the kernel sees them. It needs Linux 5.19
// and no privileges.
//
// A program that uses the package calls Child first of all.
package watch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Call is a system call on a file below the folder, before it is carried out.
type Call struct {
	N    int    // number of the call among all of the run, from 1
	Kind Kind   // what it does
	Path string // the file, below the folder; of a rename, the new name
}

// A Verdict says what becomes of a call. The zero value lets it go ahead.
type Verdict struct {
	Errno  syscall.Errno  // the call is not carried out and fails with this
	Signal syscall.Signal // the program gets it before the call goes ahead
}

// ErrUnsupported means that the kernel does not let a program watch another one's calls.
var ErrUnsupported = errors.New("the kernel offers no seccomp notifications")

// envChild holds the number of the socket by which Child sends the listener to Start.
const envChild = "GTX_SOAK_WATCHED"

// Child turns this process into the program to be watched, if Start started it for that. Otherwise it
// returns.
func Child() {
	if os.Getenv(envChild) == "" {
		return
	}
	os.Unsetenv(envChild)
	fmt.Fprintln(os.Stderr, "watch:", become(os.Args[1], os.Args[1:]))
	os.Exit(125)
}

// socket is the descriptor of the child's end of the socket.
const socket = 3

// become sends a listener for its own calls to Start and executes the program.
func become(path string, argv []string) error {
	unix.CloseOnExec(socket)
	listener, err := listen()
	if err != nil {
		// Start sees from the missing descriptor that this failed.
		unix.Sendmsg(socket, []byte{0}, nil, nil, 0)
		return err
	}
	if err := unix.Sendmsg(socket, []byte{1}, unix.UnixRights(listener), nil, 0); err != nil {
		return err
	}
	return syscall.Exec(path, argv, os.Environ())
}

// A Run is a program under watch.
type Run struct {
	cmd      *exec.Cmd
	listener int
	folder   string
	calls    int
	ended    chan struct{} // closed when no watched process is left
}

// Start starts cmd and asks decide about every call below folder, one at a time.
func Start(cmd *exec.Cmd, folder string, decide func(Call) Verdict) (*Run, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(pair[0])
	theirs := os.NewFile(uintptr(pair[1]), "socket")
	if len(cmd.ExtraFiles) > 0 {
		return nil, errors.New("a watched program gets no extra files")
	}
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Args = append([]string{self, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = self
	cmd.Env = append(cmd.Environ(), envChild+"=1")
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return nil, err
	}
	listener, err := receive(pair[0])
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, err
	}
	r := &Run{cmd: cmd, listener: listener, folder: folder, ended: make(chan struct{})}
	go r.serve(decide)
	return r, nil
}

// receive takes the listener from the child.
func receive(socket int) (int, error) {
	b, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, b, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, err
	}
	if n == 0 {
		return -1, ErrUnsupported
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil {
		return -1, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, err
	}
	return fds[0], nil
}

// Wait waits until the program and all its children have ended. It returns the error of cmd.Wait and the
// number of calls.
func (r *Run) Wait() (calls int, err error) {
	err = r.cmd.Wait()
	<-r.ended
	return r.calls, err
}

// serve answers the kernel's questions until no watched process is left.
func (r *Run) serve(decide func(Call) Verdict) {
	defer close(r.ended)
	defer unix.Close(r.listener)
	for {
		fds := []unix.PollFd{{Fd: int32(r.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return
		}
		if fds[0].Revents&unix.POLLIN == 0 {
			if fds[0].Revents != 0 {
				return
			}
			continue
		}
		var n notification
		if ioctl(r.listener, ioctlReceive, unsafe.Pointer(&n)) != nil {
			continue // the thread was killed meanwhile
		}
		answer := response{id: n.id, flags: flagContinue}
		if kind, path, known := n.call(); known && r.below(path) {
			r.calls++
			v := decide(Call{r.calls, kind, strings.TrimPrefix(path, r.folder+"/")})
			if v.Signal != 0 {
				r.cmd.Process.Signal(v.Signal)
			}
			if v.Errno != 0 {
				answer = response{id: n.id, errno: -int32(v.Errno)}
			}
		}
		_ = ioctl(r.listener, ioctlSend, unsafe.Pointer(&answer)) // fails if the thread is gone
	}
}

func (r *Run) below(path string) bool {
	return strings.HasPrefix(path, r.folder+"/")
}
