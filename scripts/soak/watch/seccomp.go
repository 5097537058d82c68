package watch

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The structures and numbers of linux/seccomp.h that x/sys/unix lacks.
type (
	notification struct {
		id    uint64
		pid   uint32 // the thread
		flags uint32
		data  struct {
			number int32
			arch   uint32
			ip     uint64
			args   [6]uint64
		}
	}
	response struct {
		id    uint64
		value int64
		errno int32
		flags uint32
	}
)

const (
	ioctlReceive = 0xc0502100
	ioctlSend    = 0xc0182101
	flagContinue = 1

	setModeFilter   = 1
	newListener     = 1 << 3
	waitKillable    = 1 << 5 // other signals do not interrupt a call that waits for its answer, so none is counted twice
	returnAllow     = 0x7fff0000
	returnNotify    = 0x7fc00000
	offsetNumber    = 0
	offsetFirst     = 16 // the low half of the first argument
	offsetFifth     = 16 + 8*4
	noDescriptor    = 0xffffffff
	lastOfStandards = 2 // standard error
)

func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
	if errno != 0 {
		return errno
	}
	return nil
}

// listen puts the calling thread under watch. It keeps the goroutine on the thread.
func listen() (listener int, err error) {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, err
	}
	code := filter()
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, newListener|waitKillable, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return -1, fmt.Errorf("seccomp: %w", errno)
	}
	return int(fd), nil
}

// filter is the program by which the kernel recognises the calls that it asks about.
func filter() []unix.SockFilter {
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	jump := func(test uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, Jt: yes, Jf: no, K: k}
	}
	give := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }

	var code []unix.SockFilter
	add := func(more ...unix.SockFilter) { code = append(code, more...) }
	add(load(offsetNumber))
	for number, c := range watched {
		switch {
		case number == unix.SYS_MMAP: // only of files
			add(jump(unix.BPF_JEQ, uint32(number), 0, 4), load(offsetFifth), jump(unix.BPF_JEQ, noDescriptor, 0, 1), give(returnAllow), give(returnNotify))
		case c.descriptor == 0 && c.path == none: // not of standard input, output and error
			add(jump(unix.BPF_JEQ, uint32(number), 0, 4), load(offsetFirst), jump(unix.BPF_JGT, lastOfStandards, 1, 0), give(returnAllow), give(returnNotify))
		default:
			add(jump(unix.BPF_JEQ, uint32(number), 0, 1), give(returnNotify))
		}
	}
	return append(code, give(returnAllow))
}
