package durable

import (
	"crypto/rand"
	"errors"
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

// The name of a temporary file is .gtx-BOOT-RANDOM, where BOOT stands for one start of one machine. It has 35
// bytes, so it fits wherever any other name fits. The owner keeps a lock on the file until the result has its
// own name, and the system drops the lock when the owner dies.
//
// If BOOT is the running one, a free lock proves that nobody uses the file: all processes under one kernel, in
// whatever container, see one another's locks on a file, on network file systems too. Locks of other machines
// may be invisible, so their files must also be old.
const temporaryPrefix = ".gtx-"

var temporaryName = regexp.MustCompile(`^\.gtx-[0-9a-f]{16}-[A-Z2-7]{13}$`)

// foreignAge is when a temporary file of another machine, or of this one before it was restarted, counts as
// abandoned. A result is under a temporary name for seconds.
const foreignAge = 7 * 24 * time.Hour

// noBoot stands in the names of files that have no lock.
const noBoot = "0000000000000000"

// boot identifies this start of this machine.
var boot = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	hex := strings.ReplaceAll(string(id), "-", "")
	if err != nil || len(hex) < len(noBoot) {
		return noBoot
	}
	return hex[:len(noBoot)]
})

// newTemporary creates a temporary file and locks it.
func newTemporary(folder *os.Root) (f *os.File, name string, err error) {
	for owner := boot(); ; {
		name = temporaryPrefix + owner + "-" + rand.Text()[:13]
		f, err = folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil || owner == noBoot {
			return f, name, err
		}
		err = lock(f, unix.F_WRLCK)
		if err == nil && linked(f) {
			return f, name, nil
		}
		// Either another run has just taken the file for abandoned, or there are no locks here.
		f.Close()
		folder.Remove(name)
		if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) {
			owner = noBoot
		}
	}
}

// lock takes a lock on an open file without waiting. Such a lock belongs to this opening of the file, not to
// the process. In contrast to those of flock, servers of network file systems share these locks with their own
// processes.
func lock(f *os.File, kind int16) error {
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: kind, Whence: io.SeekStart})
}

// linked tells whether an open file still has a name.
func linked(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink > 0
}

// removeAbandoned removes the temporary files in a folder that belong to nobody any more. It is no error if it
// cannot.
func removeAbandoned(folder *os.Root) {
	dir, err := folder.Open(".")
	if err != nil {
		return
	}
	defer dir.Close()
	const atOnce = 1000 // names
	for {
		names, err := dir.Readdirnames(atOnce)
		for _, name := range names {
			if temporaryName.MatchString(name) {
				removeIfAbandoned(folder, name)
			}
		}
		if err != nil {
			return
		}
	}
}

func removeIfAbandoned(folder *os.Root, name string) {
	entry, err := folder.Lstat(name)
	if err != nil || !entry.Mode().IsRegular() {
		return
	}
	f, err := folder.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close() // drops the lock
	info, err := f.Stat()
	if err != nil || !os.SameFile(entry, info) {
		return
	}
	mine := boot() != noBoot && strings.HasPrefix(name, temporaryPrefix+boot())
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

// Sweep cleans the folder of a place, unless it has done so before. It is no error if it cannot.
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
