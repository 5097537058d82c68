package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Files of a worker, beside the usual three.
const (
	socket = 3 + iota
	sharedFile
)

// Serve is the whole life of a worker. It returns the exit code of its process. prepare sets up libvips.
func Serve(prepare func()) int {
	// The terminal's signals do not come here, but a service manager may send its own to all processes.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	closeInherited()
	kind, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_SEQPACKET {
		fmt.Fprintln(os.Stderr, "gtx: "+Argument+" is not for you: gtx starts it by itself")
		return 2
	}
	// Decoding is all in C and in one thread. Go's scheduler would only wake the other processors.
	runtime.LockOSThread()
	runtime.GOMAXPROCS(1)
	prepare()
	if err := confine(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// closeInherited closes files that some library of the parent did not keep from its children. Those that Go has opened
// here close on exec, so they did not come from the parent.
func closeInherited() {
	links, _ := filepath.Glob("/proc/self/fd/*") // without /proc there is nothing to be done
	for _, link := range links {
		fd, err := strconv.Atoi(filepath.Base(link))
		if err != nil || fd <= sharedFile {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
	unix.CloseOnExec(socket)
	unix.CloseOnExec(sharedFile)
}

// serve decodes images until the parent closes the socket.
func serve() error {
	if err := send(answer{}, -1); err != nil {
		return err
	}
	message := make([]byte, messageMost)
	for {
		n, err := unix.Read(socket, message)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			return nil
		}
		var o order
		if err := json.Unmarshal(message[:n], &o); err != nil {
			return err
		}
		if o.Version != version {
			return fmt.Errorf("version %d instead of %d", o.Version, version)
		}
		if err := obey(o); err != nil {
			return err
		}
	}
}

// onFile is called with each file. Tests set it.
var onFile = func(file []byte) {}

// obey decodes one image.
func obey(o order) error {
	_ = unix.Ftruncate(int(os.Stderr.Fd()), 0) // what was said of earlier images
	_, _ = unix.Seek(int(os.Stderr.Fd()), 0, 0)
	if err := send(answer{Began: true}, -1); err != nil {
		return err
	}
	var file []byte
	if o.Size > 0 {
		var err error
		if file, err = unix.Mmap(sharedFile, 0, int(o.Size), unix.PROT_READ, unix.MAP_SHARED); err != nil {
			return err
		}
		defer unix.Munmap(file)
	}
	onFile(file)
	a, fd, err := decode(file, o)
	if fd >= 0 {
		defer unix.Close(fd)
	}
	var f fault
	if errors.As(err, &f) {
		a, err = answer{Failure: f.failure}, nil
	}
	if err != nil {
		return err
	}
	return send(a, fd)
}

// send sends an answer and a file descriptor, or -1 for none.
func send(a answer, fd int) error {
	a.Version = version
	message, err := encode(a)
	if err != nil {
		return err
	}
	var rights []byte
	if fd >= 0 {
		rights = unix.UnixRights(fd)
	}
	return unix.Sendmsg(socket, message, rights, nil, unix.MSG_NOSIGNAL)
}

// A fault is an error of the image.
type fault struct{ failure failure }

func (f fault) Error() string { return string(f.failure) }
