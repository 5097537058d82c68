package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// A disk is a small file system in memory. It is gone when its process ends.
type disk struct {
	dir    string
	holder *exec.Cmd
	hold   io.Closer
}

// newDisk mounts a file system of the given size in a name space of its own. This takes no privileges if
// users may make name spaces.
func (s *soak) newDisk(size string) (*disk, error) {
	at, err := os.MkdirTemp(s.scratch, "disk-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("sh", "-c", `mount -t tmpfs -o "size=$1" none "$2" && echo mounted && exec cat`, "sh", size, at)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	var said strings.Builder
	cmd.Stderr = &said
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "mounted\n" {
		hold.Close()
		return nil, errors.Join(cmd.Wait(), errors.New(strings.TrimSpace(said.String())))
	}
	// Other processes reach the mount through the process that holds it.
	return &disk{fmt.Sprintf("/proc/%d/root%s", cmd.Process.Pid, at), cmd, hold}, nil
}

func (d *disk) close() error {
	d.hold.Close()
	return d.holder.Wait()
}

// full runs gtx on disks with room for nothing, a page, two pages, ... until all fits.
func full(s *soak, r *result) error {
	d, err := s.newDisk("1m")
	if err != nil {
		r.Skipped = fmt.Sprintf("no file system of limited size: %v", err)
		return nil
	}
	defer d.close()
	there := *s
	there.scratch = d.dir
	w, err := there.newWorld(6, false)
	if err != nil {
		return err
	}
	w.soak = s
	const page = 4096
	step := 1
	if s.short {
		step = 3
	}
	for pages := s.random(0).IntN(step); ; pages += step {
		if err := w.reset(); err != nil {
			return err
		}
		ballast := filepath.Join(d.dir, "ballast")
		if err := fill(ballast, int64(pages)*page); err != nil {
			return err
		}
		o, err := w.run(nil)
		if err != nil {
			return err
		}
		f := w.check(o, false)
		if err := os.Remove(ballast); err != nil {
			return err
		}
		if o.code != 0 && !strings.Contains(o.stderr, syscall.ENOSPC.Error()) {
			f.add("message", "it does not say that the disk is full: %s", clip(o.stderr))
		}
		if s.wanted(pages) {
			r.add(s, pages, fmt.Sprintf("%d pages free", pages), append(f, w.converge()...))
		}
		if o.code == 0 {
			return nil
		}
	}
}

// fill writes a file that leaves the given number of bytes of its file system free.
func fill(path string, free int64) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &fs); err != nil {
		return err
	}
	return os.WriteFile(path, make([]byte, int64(fs.Bavail)*fs.Bsize-free), 0o666)
}
