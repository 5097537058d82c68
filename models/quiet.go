package models

import (
	"runtime"
	"syscall"
	"unsafe"
)

// signalStack is stack_t of the Linux kernel: the stack on which a thread handles signals.
type signalStack struct {
	pointer uintptr
	flags   int32
	_       int32
	size    uintptr
}

// quietly calls a function that may load or unload OpenVINO. OpenVINO's CPU plugin gives the calling thread
// a signal stack of its own and unmaps it when the plugin goes, perhaps from another thread. Go's scheduler
// signals its threads all the time, and the next signal would end the program. So quietly puts the thread's own
// stack back, and blocks signals until then. Threads that OpenVINO starts inherit the block, so they never run
// Go's signal handlers.
func quietly(call func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var stack signalStack
	all, mask := ^uint64(0), uint64(0)
	changeMask(&all, &mask)
	defer changeMask(&mask, nil)
	changeStack(nil, &stack)
	defer changeStack(&stack, nil)
	return call()
}

// changeMask sets the signals that the thread blocks, and stores the old ones. Either may be nil. It cannot fail.
func changeMask(to, old *uint64) {
	const setMask = 2 // SIG_SETMASK
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(old)), unsafe.Sizeof(*to), 0, 0)
}

// changeStack sets the signal stack of the thread, and stores the old one. Either may be nil. It fails only on a
// signal stack.
func changeStack(to, old *signalStack) {
	syscall.RawSyscall(syscall.SYS_SIGALTSTACK, uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(old)), 0)
}
