package durable

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The name of a temporary file is .gtx-MOUNT-RANDOM, where MOUNT stands for one mounted file system of one running
// kernel. It has 35 bytes, so it fits wherever any other name fits. The owner keeps a lock on the file until the
// result has its own name, and the system drops the lock when the owner dies.
//
// If MOUNT is that of the sweeping run, a free lock proves that nobody uses the file: both runs ask the same kernel
// for locks on the same file system, in whatever containers they are. Other machines may have invisible locks, and so
// may a second mount of a network file system on this one. Their files must also be old.
const temporaryPrefix = ".gtx-"

var temporaryName = regexp.MustCompile(`^\.gtx-[0-9a-f]{16}-[A-Z2-7]{13}$`)

// foreignAge is the age at which a temporary file of another mount, or from before this machine was
// restarted, counts as abandoned. A result is under a temporary name for seconds.
const foreignAge = 7 * 24 * time.Hour

// noMount is the MOUNT in the names of files that have no lock.
const noMount = "0000000000000000"

// bootID identifies this start of this machine.
var bootID = sync.OnceValues(func() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
})

// mountOf identifies the mounted file system of a folder, or returns noMount if it cannot.
func mountOf(folder *os.Root) string {
	boot, err := bootID()
	if err != nil || boot == "" {
		return noMount
	}
	info, err := folder.Stat(".")
	if err != nil {
		return noMount
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return noMount
	}
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %d", boot, stat.Dev)))[:len(noMount)]
}

// newTemporary creates a temporary file and locks it.
func newTemporary(folder *os.Root) (f *os.File, name string, err error) {
	mount := mountOf(folder)
	for tries := 1; ; tries++ {
		name = temporaryPrefix + mount + "-" + rand.Text()[:13]
		f, err = folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil || mount == noMount {
			return f, name, err
		}
		err = lock(f, unix.F_WRLCK)
		if err == nil && leadsTo(folder, name, f) {
			return f, name, nil
		}
		// Either another run has just taken the file for abandoned, or there are no locks here.
		f.Close()
		folder.Remove(name)
		if tries == 10 || err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) {
			mount = noMount
		}
	}
}

// lock takes a lock on an open file without waiting. Such a lock belongs to the open file, not to the process.
// Unlike a lock of flock on a network file system, it is also seen by processes on the server.
func lock(f *os.File, kind int16) error {
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: kind, Whence: io.SeekStart})
}

// leadsTo tells whether a name leads to an open file.
func leadsTo(folder *os.Root, name string, f *os.File) bool {
	one, errOne := folder.Lstat(name)
	two, errTwo := f.Stat()
	return errOne == nil && errTwo == nil && os.SameFile(one, two)
}

// removeAbandoned removes the temporary files in a folder that no longer belong to anybody. It is no error if
// that fails.
func removeAbandoned(folder *os.Root) {
	dir, err := folder.Open(".")
	if err != nil {
		return
	}
	defer dir.Close()
	mount := mountOf(folder)
	const atOnce = 1000 // names
	for {
		names, err := dir.Readdirnames(atOnce)
		for _, name := range names {
			if temporaryName.MatchString(name) {
				removeIfAbandoned(folder, name, mount)
			}
		}
		if err != nil {
			return
		}
	}
}

// removeIfAbandoned removes a temporary file unless it may have an owner. mount is the folder's.
func removeIfAbandoned(folder *os.Root, name, mount string) {
	f, err := folder.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close() // drops the lock
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || !leadsTo(folder, name, f) { // a link does not
		return
	}
	mine := mount != noMount && strings.HasPrefix(name, temporaryPrefix+mount)
	if !mine && time.Since(info.ModTime()) < foreignAge {
		return
	}
	if lock(f, unix.F_RDLCK) == nil {
		folder.Remove(name)
	}
}

// A Sweeper removes abandoned temporary files, once from each folder that files go to.
type Sweeper struct {
	seed maphash.Seed
	mu   sync.Mutex
	seen map[uint64]struct{} // hashes of folders
}

// NewSweeper returns a Sweeper for one run.
func NewSweeper() *Sweeper {
	return &Sweeper{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

// Sweep cleans the folder of a place, unless it has done so before. A failure to do so is not an error.
func (s *Sweeper) Sweep(p Place) {
	key := maphash.String(s.seed, p.dir())
	s.mu.Lock()
	_, before := s.seen[key]
	s.seen[key] = struct{}{}
	s.mu.Unlock()
	if before {
		return
	}
	if folder, _, err := p.openFolder(); err == nil {
		removeAbandoned(folder)
		folder.Close()
	}
}
