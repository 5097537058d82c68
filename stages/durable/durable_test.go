package durable

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain becomes the owner of a temporary file if the variable names a folder.
func TestMain(m *testing.M) {
	dir := os.Getenv("OWN_TEMPORARY_FILE_IN")
	if dir == "" {
		os.Exit(m.Run())
	}
	folder, err := os.OpenRoot(dir)
	if err != nil {
		panic(err)
	}
	f, name, err := newTemporary(folder)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Println(name)
	time.Sleep(time.Hour) // until it is killed
}

// names lists a folder, hidden files too.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func openRoot(t *testing.T, dir string) *os.Root {
	t.Helper()
	folder, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return folder
}

func put(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, p Place, content string) error {
	t.Helper()
	w := NewWriter()
	defer w.Close()
	return w.Write(t.Context(), p, [][]byte{[]byte(content[:1]), []byte(content[1:])})
}

func TestTheLongestNamesHaveRoomForTheirTemporaryOnes(t *testing.T) {
	dir := t.TempDir()
	for _, length := range []int{1, 35, 236, 255} {
		path := filepath.Join(dir, strings.Repeat("x", length))
		if err := write(t, Place{Path: path}, "new"); err != nil {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
	err := write(t, Place{Path: filepath.Join(dir, strings.Repeat("x", 256))}, "new")
	if !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("256 bytes: %v", err)
	}
	if list := names(t, dir); len(list) != 4 {
		t.Errorf("left: %q", list)
	}
}

func TestOnlyFilesThatNobodyOwnsAreSwept(t *testing.T) {
	dir := t.TempDir()
	folder := openRoot(t, dir)
	mount := mountOf(folder)
	const random = "-ABCDEFGHIJKL2"
	other := ".gtx-00112233445566" + "77"
	kept, gone := []string{}, []string{}
	temporary := func(list *[]string, live bool) {
		t.Helper()
		f, name, err := newTemporary(folder)
		if err != nil {
			t.Fatal(err)
		}
		if live {
			t.Cleanup(func() { f.Close() })
		} else {
			f.Close()
		}
		*list = append(*list, name)
	}
	file := func(list *[]string, name string, age time.Duration) string {
		t.Helper()
		path := filepath.Join(dir, name)
		put(t, path, "x", 0o666)
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
		*list = append(*list, name)
		return path
	}
	temporary(&kept, true)
	temporary(&gone, false)
	file(&kept, other+random, foreignAge-time.Hour)
	file(&gone, other+"-ABCDEFGHIJKL3", foreignAge+time.Hour)
	file(&kept, ".gtx-"+noMount+random, time.Hour)
	file(&kept, ".gtx-notes", 2*foreignAge)
	file(&kept, ".gtx-ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2*foreignAge)
	file(&kept, "gtx-"+mount+random, 2*foreignAge)
	file(&kept, ".gtx-"+mount+random+".jpg", 2*foreignAge)
	locked, err := os.OpenFile(file(&kept, other+"-ABCDEFGHIJKL4", 2*foreignAge), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Close()
	if err := lock(locked, syscall.F_WRLCK); err != nil {
		t.Fatal(err)
	}
	link, sub, fifo := ".gtx-"+mount+"-LINKLINKLINK2", ".gtx-"+mount+"-SUBSUBSUBSUB2", ".gtx-"+mount+"-FIFOFIFOFIFO2"
	if err := errors.Join(os.Symlink(".gtx-notes", filepath.Join(dir, link)), os.Mkdir(filepath.Join(dir, sub), 0o777), syscall.Mkfifo(filepath.Join(dir, fifo), 0o666)); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, link, sub, fifo)

	s := NewSweeper()
	s.Sweep(Place{Path: filepath.Join(dir, "out.jpg")})
	slices.Sort(kept)
	if list := names(t, dir); !slices.Equal(list, kept) {
		t.Errorf("left: %q\nwant: %q\nwithout: %q", list, kept, gone)
	}
	put(t, filepath.Join(dir, other+"-ABCDEFGHIJKL5"), "x", 0o666)
	s.Sweep(Place{Path: filepath.Join(dir, "other.jpg")}) // a folder is swept once
	s.Sweep(Place{Path: filepath.Join(dir, "missing", "a.jpg")})
}

// Two mounts of one network file system on one machine may not see each other's locks.
func TestEachFileSystemHasAMountOfItsOwn(t *testing.T) {
	here, there := mountOf(openRoot(t, t.TempDir())), mountOf(openRoot(t, "/proc"))
	if here == noMount || there == noMount || here == there || here != mountOf(openRoot(t, os.TempDir())) {
		t.Errorf("%s, %s", here, there)
	}
}

func TestFilesOfALiveProcessStayUntilItIsKilled(t *testing.T) {
	dir := t.TempDir()
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), "OWN_TEMPORARY_FILE_IN="+dir)
	out, err := owner.StdoutPipe()
	if err == nil {
		err = owner.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Wait()
	defer owner.Process.Kill()
	var name string
	if _, err := fmt.Fscan(out, &name); err != nil {
		t.Fatal(err)
	}
	place := Place{Path: filepath.Join(dir, "a.jpg"), Below: dir}
	NewSweeper().Sweep(place)
	if list := names(t, dir); !slices.Equal(list, []string{name}) {
		t.Errorf("a live process has %q, left are %q", name, list)
	}
	owner.Process.Kill()
	owner.Wait()
	NewSweeper().Sweep(place)
	if list := names(t, dir); list != nil {
		t.Errorf("left by a dead process: %q", list)
	}
}

// A sweep may come between the creation of a file and its lock.
func TestSweepsNeverTakeAFileThatIsBeingWritten(t *testing.T) {
	dir := t.TempDir()
	folder := openRoot(t, dir)
	var sweeping, writing sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		sweeping.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					removeAbandoned(folder)
				}
			}
		})
	}
	for i := range 4 {
		writing.Go(func() {
			w := NewWriter()
			for j := range 100 {
				err := w.Write(t.Context(), Place{Path: filepath.Join(dir, fmt.Sprint(i, j))}, [][]byte{{1}})
				if err != nil {
					t.Errorf("%v", err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	sweeping.Wait()
	if list := names(t, dir); len(list) != 400 {
		t.Errorf("%d files, want 400", len(list))
	}
}

func TestPermissionsAndLinksOfResults(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	for _, rooted := range []bool{false, true} {
		dir := t.TempDir()
		place := func(name string) Place {
			p := Place{Path: filepath.Join(dir, "out", name)}
			if rooted {
				p.Below = filepath.Join(dir, "out")
			}
			return p
		}
		mode := func(name string, want fs.FileMode) {
			t.Helper()
			info, err := os.Lstat(place(name).Path)
			if err != nil || info.Mode() != want {
				t.Errorf("rooted %v: %s: %v, %v, want %v", rooted, name, info.Mode(), err, want)
			}
		}
		must := func(name string) {
			t.Helper()
			if err := write(t, place(name), "new"); err != nil {
				t.Errorf("rooted %v: %s: %v", rooted, name, err)
			}
			if data, err := os.ReadFile(place(name).Path); err != nil || string(data) != "new" {
				t.Errorf("rooted %v: %s: %q, %v", rooted, name, data, err)
			}
		}
		must("new/deep/a")
		mode("new/deep/a", 0o640)
		mode("new/deep", fs.ModeDir|0o750)

		put(t, place("executable").Path, "old", 0o750)
		must("executable")
		mode("executable", 0o750)
		put(t, place("read-only").Path, "old", 0o400)
		must("read-only")
		mode("read-only", 0o400)

		// A link to a file is replaced, and what it leads to stays.
		put(t, filepath.Join(dir, "elsewhere"), "old", 0o600)
		for name, target := range map[string]string{"link": "../elsewhere", "dangling": "../nowhere", "loop": "loop"} {
			if err := os.Symlink(target, place(name).Path); err != nil {
				t.Fatal(err)
			}
			must(name)
			mode(name, 0o640)
		}
		if data, _ := os.ReadFile(filepath.Join(dir, "elsewhere")); string(data) != "old" {
			t.Errorf("rooted %v: a link's target was replaced", rooted)
		}
		// A link to a folder is followed, but not out of the output folder.
		if err := errors.Join(os.Symlink("new", place("inside").Path), os.Symlink("..", place("outside").Path)); err != nil {
			t.Fatal(err)
		}
		must("inside/b")
		err := write(t, place("outside/b"), "new")
		if rooted != errors.Is(err, ErrLeaves) || rooted == slices.Contains(names(t, dir), "b") {
			t.Errorf("rooted %v: outside: %v", rooted, err)
		}
		if list := names(t, place("").Path); strings.Contains(strings.Join(list, " "), ".gtx-") {
			t.Errorf("left: %q", list)
		}
	}
}

// group adds a file with each name to a result of its own.
func group(t *testing.T, w *Writer, dir string, list ...string) (results []*Files) {
	t.Helper()
	for _, name := range list {
		f, err := w.Begin(t.Context())
		if err == nil {
			err = f.Add(Place{Path: filepath.Join(dir, name), Below: dir}, [][]byte{[]byte(name)})
		}
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, f)
	}
	return results
}

func TestNothingHasItsNameBeforePublish(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter()
	results := group(t, w, dir, "a", "b")
	for _, name := range names(t, dir) {
		if !temporaryName.MatchString(name) {
			t.Errorf("%q is there already", name)
		}
	}
	for i, err := range w.Publish(t.Context(), append(results, nil)) {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	if list := names(t, dir); !slices.Equal(list, []string{"a", "b"}) {
		t.Errorf("%q", list)
	}
}

func TestOneResultOfAGroupFailsAlone(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter()
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o777); err != nil {
		t.Fatal(err)
	}
	errs := w.Publish(t.Context(), group(t, w, dir, "a", "b", "sub/c"))
	if errs[0] != nil || errs[1] == nil || errs[2] != nil || !strings.Contains(errs[1].Error(), filepath.Join(dir, "b")) {
		t.Errorf("%v", errs)
	}
	if list := names(t, dir); !slices.Equal(list, []string{"a", "b", "sub"}) {
		t.Errorf("%q", list)
	}
}

func TestTheEndOfTheRunPublishesNothingAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter()
	results := group(t, w, dir, "a", "b", "c")
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	cancel(reason)
	if errs := w.Publish(ctx, results[:1]); !errors.Is(errs[0], reason) {
		t.Errorf("%v", errs)
	}
	if _, err := w.Begin(ctx); !errors.Is(err, reason) {
		t.Errorf("%v", err)
	}
	w.Close() // b and c never came to Publish
	if list := names(t, dir); list != nil {
		t.Errorf("left: %q", list)
	}
}

func TestUnpublishedResultsAreBounded(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter()
	defer w.Close()
	var results []*Files
	for i := range GroupMost {
		results = append(results, group(t, w, dir, fmt.Sprint(i))...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := w.Begin(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more: %v", err)
	}
	w.Publish(t.Context(), results[:1])
	group(t, w, dir, "last")
}

func TestAFolderIsTriedWithoutATrace(t *testing.T) {
	dir := t.TempDir()
	if err := TryFolder(filepath.Join(dir, "new", "deep")); err != nil {
		t.Error(err)
	}
	if list := names(t, filepath.Join(dir, "new", "deep")); list != nil {
		t.Errorf("left: %q", list)
	}
	put(t, filepath.Join(dir, "file"), "x", 0o666)
	if err := TryFolder(filepath.Join(dir, "file")); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a file: %v", err)
	}
}
