package watch

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A Kind says what a call does.
type Kind string

// Kinds of calls.
const (
	Open     Kind = "open"
	Create   Kind = "create" // an open that may create the file
	Read     Kind = "read"
	Write    Kind = "write"
	Sync     Kind = "fsync"
	Close    Kind = "close"
	Map      Kind = "mmap"
	Truncate Kind = "truncate"
	Mode     Kind = "chmod"
	Stat     Kind = "stat"
	List     Kind = "getdents"
	Lock     Kind = "flock"
	Rename   Kind = "rename"
	Remove   Kind = "unlink"
	Folder   Kind = "mkdir"
)

// Kinds lists all kinds.
var Kinds = []Kind{Open, Create, Read, Write, Sync, Close, Map, Truncate, Mode, Stat, List, Lock, Rename, Remove, Folder}

// A signature says in which arguments a call names its file.
type signature struct {
	kind       Kind
	descriptor int // of the file or, if there is a path, of the folder that it is relative to
	path       int // none if the descriptor says all
}

const none = -1

// watched are the calls that the kernel asks about. Go uses these and no older ones.
var watched = map[int32]signature{
	unix.SYS_READ:       {Read, 0, none},
	unix.SYS_PREAD64:    {Read, 0, none},
	unix.SYS_READV:      {Read, 0, none},
	unix.SYS_WRITE:      {Write, 0, none},
	unix.SYS_PWRITE64:   {Write, 0, none},
	unix.SYS_WRITEV:     {Write, 0, none},
	unix.SYS_FSYNC:      {Sync, 0, none},
	unix.SYS_FDATASYNC:  {Sync, 0, none},
	unix.SYS_CLOSE:      {Close, 0, none},
	unix.SYS_MMAP:       {Map, 4, none},
	unix.SYS_FTRUNCATE:  {Truncate, 0, none},
	unix.SYS_FCHMOD:     {Mode, 0, none},
	unix.SYS_FCHMODAT:   {Mode, 0, 1},
	unix.SYS_FSTAT:      {Stat, 0, none},
	unix.SYS_NEWFSTATAT: {Stat, 0, 1},
	unix.SYS_GETDENTS64: {List, 0, none},
	unix.SYS_FLOCK:      {Lock, 0, none},
	unix.SYS_OPENAT:     {Open, 0, 1},
	unix.SYS_OPENAT2:    {Open, 0, 1},
	unix.SYS_RENAMEAT:   {Rename, 2, 3},
	unix.SYS_RENAMEAT2:  {Rename, 2, 3},
	unix.SYS_LINKAT:     {Rename, 2, 3},
	unix.SYS_UNLINKAT:   {Remove, 0, 1},
	unix.SYS_MKDIRAT:    {Folder, 0, 1},
}

// call returns what a call does and to which file.
func (n notification) call() (kind Kind, path string, known bool) {
	c, known := watched[n.data.number]
	if !known {
		return "", "", false
	}
	kind = c.kind
	if n.data.number == unix.SYS_OPENAT && n.data.args[2]&unix.O_CREAT != 0 {
		kind = Create
	}
	descriptor := int32(n.data.args[c.descriptor])
	base := fmt.Sprintf("/proc/%d/fd/%d", n.pid, descriptor)
	if descriptor == unix.AT_FDCWD {
		base = fmt.Sprintf("/proc/%d/cwd", n.pid)
	}
	name := ""
	if c.path != none {
		if name, known = readString(n.pid, n.data.args[c.path]); !known {
			return "", "", false
		}
	}
	if filepath.IsAbs(name) {
		return kind, filepath.Clean(name), true
	}
	folder, err := os.Readlink(base)
	if err != nil {
		return "", "", false
	}
	folder = strings.TrimSuffix(folder, " (deleted)")
	return kind, filepath.Join(folder, name), true
}

// readString reads a string that ends in NUL from the memory of a process.
func readString(pid uint32, at uint64) (string, bool) {
	const page = 4096
	var text []byte
	for len(text) < page {
		part := make([]byte, page-at%page) // the next page may not be readable
		local := []unix.Iovec{{Base: &part[0], Len: uint64(len(part))}}
		n, err := unix.ProcessVMReadv(int(pid), local, []unix.RemoteIovec{{Base: uintptr(at), Len: len(part)}}, 0)
		if err != nil {
			return "", false
		}
		if end := bytes.IndexByte(part[:n], 0); end >= 0 {
			return string(append(text, part[:end]...)), true
		}
		text = append(text, part[:n]...)
		at += uint64(n)
	}
	return "", false
}
