package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const variable = "GTX_TEST_WORKER" // of the workers of these tests only

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Argument {
		if os.Getenv(variable) == "dies at start" {
			fmt.Fprintln(os.Stderr, "no library")
			os.Exit(7)
		}
		onFile = misbehave
		os.Exit(Serve(func() {}))
	}
	os.Exit(m.Run())
}

// misbehave makes a worker do what the file says.
func misbehave(file []byte) {
	what, _, _ := strings.Cut(string(file), "\n")
	switch what {
	case "segv":
		unix.Kill(os.Getpid(), syscall.SIGSEGV)
		time.Sleep(time.Minute)
	case "abort":
		unix.Kill(os.Getpid(), syscall.SIGABRT)
		time.Sleep(time.Minute)
	case "exit":
		fmt.Fprintln(os.Stderr, "the last words")
		os.Exit(9)
	case "no memory":
		fmt.Fprintln(os.Stderr, "terminate called after throwing an instance of 'std::bad_alloc'")
		unix.Kill(os.Getpid(), syscall.SIGABRT)
		time.Sleep(time.Minute)
	case "hang":
		time.Sleep(time.Minute)
	}
	if lie, ok := lies[what]; ok {
		lie()
		time.Sleep(time.Minute)
	}
}

// memory makes a memory file of a size.
func memory(size int64, seal int) int {
	fd, _ := unix.MemfdCreate("lie", unix.MFD_ALLOW_SEALING|unix.MFD_CLOEXEC)
	unix.Ftruncate(fd, size)
	unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seal)
	return fd
}

// honest is a good answer for 4×4 pixels of one byte.
func honest() answer {
	return answer{Shape: Shape{Width: 4, Height: 4, Bands: 1, Interpretation: 1, XRes: 1, YRes: 1}}
}

// lies are the answers of a worker that was taken over.
var lies = map[string]func(){
	"no memory at all": func() { send(honest(), -1) },
	"too little":       func() { send(honest(), memory(15, seals)) },
	"too much":         func() { send(honest(), memory(17, seals)) },
	"no seals":         func() { send(honest(), memory(16, 0)) },
	"may shrink":       func() { send(honest(), memory(16, unix.F_SEAL_WRITE|unix.F_SEAL_GROW)) },
	"a device": func() {
		fd, _ := unix.Open("/dev/zero", unix.O_RDONLY, 0)
		send(honest(), fd)
	},
	"a socket": func() { send(honest(), socket) },
	"negative": func() {
		a := honest()
		a.Shape.Width, a.Shape.Height = -4, -4
		send(a, memory(16, seals))
	},
	"overflow": func() {
		a := honest()
		a.Shape = Shape{Width: sideMost, Height: sideMost, Bands: 65535, Format: 9}
		send(a, memory(16, seals))
	},
	"format": func() {
		a := honest()
		a.Shape.Format = 10
		send(a, memory(16, seals))
	},
	"coding": func() {
		a := honest()
		a.Shape.Coding = codingLABQ
		send(a, memory(16, seals))
	},
	"too many pixels": func() {
		a := honest()
		a.Shape.Width, a.Shape.Height = 2000, 2000
		send(a, memory(4_000_000, seals))
	},
	"negative blob": func() {
		a := honest()
		a.Blobs = []blob{{"a", 32}, {"b", -32}}
		send(a, memory(16, seals))
	},
	"huge blobs": func() {
		a := honest()
		a.Blobs = []blob{{"a", 1 << 62}, {"b", 1 << 62}, {"c", 1 << 62}, {"d", 1 << 62}}
		send(a, memory(16, seals))
	},
	"many blobs": func() {
		a := honest()
		a.Blobs = make([]blob, blobsMost+1)
		send(a, memory(16, seals))
	},
	"version": func() { unix.Sendmsg(socket, []byte(`{"Version":99}`), nil, nil, 0) },
	"garbage": func() { unix.Sendmsg(socket, []byte("\x00\xff{"), nil, nil, 0) },
	"long": func() {
		text := []byte(`{"Version":1,"Failure":"` + strings.Repeat("x", messageMost) + `"}`)
		unix.Sendmsg(socket, text, nil, nil, 0)
	},
	"empty": func() { unix.Sendmsg(socket, nil, unix.UnixRights(2), nil, 0) },
	"many descriptors": func() {
		unix.Sendmsg(socket, []byte(`{"Version":1}`), unix.UnixRights(0, 1, 2, 0, 1, 2, 0, 1), nil, 0)
	},
}

// grey is a PNG of one grey.
func grey(t testing.TB, width, height int, value byte) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = value
	}
	img.SetGray(0, 0, color.Gray{255 - value})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func request(file []byte) Request {
	return Request{File: file, FailOn: 2, Limits: Limits{Memory: 500_000_000, Pixels: 1_000_000, Timeout: 20 * time.Second}}
}

// works fails unless the pool decodes an image.
func works(t *testing.T, p *Pool) {
	t.Helper()
	got, err := p.Decode(t.Context(), request(grey(t, 30, 20, 77)))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if got.Width != 30 || got.Height != 20 || got.Bands != 1 || len(got.Pixels) != 600 || got.Pixels[0] != 178 || got.Pixels[599] != 77 {
		t.Errorf("%+v, %d bytes", got.Shape, len(got.Pixels))
	}
}

func newPool(t *testing.T, most int) *Pool {
	p := New(most)
	t.Cleanup(p.Close)
	return p
}

func TestCrashCostsOneImage(t *testing.T) {
	p := newPool(t, 1)
	for what, want := range map[string]string{
		"segv": "the decoder crashed on it (SIGSEGV)", "abort": "the decoder crashed on it (SIGABRT)",
		"exit": "the decoder failed on it (exit status 9: the last words)",
	} {
		works(t, p)
		_, err := p.Decode(t.Context(), request([]byte(what)))
		if fmt.Sprint(err) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	works(t, p)
}

func TestLiesOfWorkersHurtNobody(t *testing.T) {
	p := newPool(t, 1)
	before := descriptorsOpen(t)
	for what := range lies {
		_, err := p.Decode(t.Context(), request([]byte(what)))
		if d := (*Death)(nil); !errors.As(err, &d) {
			t.Errorf("%s: %v", what, err)
		}
	}
	works(t, p)
	p.Close()
	if after := descriptorsOpen(t); after > before+3 { // those of Go's poller
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
}

func descriptorsOpen(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestTimeoutEndsAnImage(t *testing.T) {
	p := newPool(t, 1)
	works(t, p)
	r := request([]byte("hang"))
	r.Limits.Timeout = 50 * time.Millisecond
	if _, err := p.Decode(t.Context(), r); !errors.Is(err, ErrTimeout) {
		t.Error(err)
	}
	works(t, p)
}

func TestEndOfTheRunEndsAnImage(t *testing.T) {
	p := newPool(t, 1)
	works(t, p)
	cause := errors.New("over")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
	if _, err := p.Decode(ctx, request([]byte("hang"))); err != cause {
		t.Error(err)
	}
	if _, err := p.Decode(ctx, request(grey(t, 8, 8, 1))); err != cause {
		t.Error(err)
	}
	works(t, p)
}

func TestMemoryIsBounded(t *testing.T) {
	p := newPool(t, 1)
	file := grey(t, 3000, 3000, 5) // the result alone takes 9 MB
	r := request(file)
	r.Limits.Pixels = 0
	r.Limits.Memory = 8_000_000
	if _, err := p.Decode(t.Context(), r); !errors.Is(err, ErrMemory) {
		t.Errorf("result: %v", err)
	}
	r.Limits.Memory = 9_050_000 // nothing is left for the decoder
	if _, err := p.Decode(t.Context(), r); !errors.Is(err, ErrMemory) {
		t.Errorf("decoder: %v", err)
	}
	works(t, p)
	if _, err := p.Decode(t.Context(), request([]byte("no memory"))); !errors.Is(err, ErrMemory) {
		t.Errorf("death: %v", err)
	}
	broken := request(file[:len(file)/2])
	broken.Limits = Limits{Memory: 30_000_000}
	if _, err := p.Decode(t.Context(), broken); !errors.Is(err, ErrUnclear) {
		t.Errorf("half of a file: %v", err)
	}
	r.Limits.Memory = 100_000_000
	got, err := p.Decode(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	got.Close()
}

func TestPixelsAreBounded(t *testing.T) {
	p := newPool(t, 1)
	r := request(grey(t, 100, 100, 5))
	r.Limits.Pixels = 9_999
	if _, err := p.Decode(t.Context(), r); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	works(t, p)
}

func TestBrokenFilesAreErrorsOfTheImage(t *testing.T) {
	p := newPool(t, 1)
	file := grey(t, 400, 400, 5)
	for _, broken := range [][]byte{nil, file[:20], file[:len(file)/2], []byte("no image")} {
		if _, err := p.Decode(t.Context(), request(broken)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes: %v", len(broken), err)
		}
	}
	works(t, p)
	if n := len(children(t)); n != 1 {
		t.Errorf("%d workers", n)
	}
}

func TestWorkerThatDiesAtItsStart(t *testing.T) {
	t.Setenv(variable, "dies at start")
	p := newPool(t, 2)
	for range 3 {
		_, err := p.Decode(t.Context(), request(grey(t, 8, 8, 1)))
		if err == nil || !strings.HasPrefix(err.Error(), "no decoder starts: ") || !strings.Contains(err.Error(), "exit status 7: no library") {
			t.Error(err)
		}
	}
	os.Unsetenv(variable)
	works(t, p)
}

func TestWorkersAreUsedAgainAndReplaced(t *testing.T) {
	p := newPool(t, 1)
	works(t, p)
	first := children(t)
	works(t, p)
	if again := children(t); len(first) != 1 || len(again) != 1 || first[0] != again[0] {
		t.Errorf("%v, then %v", first, again)
	}
	p.idle[0].served = served - 1
	works(t, p)
	works(t, p)
	if again := children(t); len(again) != 1 || first[0] == again[0] {
		t.Errorf("%v, then %v", first, again)
	}
	p.Close()
	if left := children(t); len(left) != 0 {
		t.Errorf("%v live on", left)
	}
}

// children are the processes that this one has started.
func children(t *testing.T) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Skip("the kernel does not tell children")
	}
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for field := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func TestWorkersKeepNoFilesOfTheParent(t *testing.T) {
	p := newPool(t, 1)
	var leak [2]int
	if err := unix.Pipe2(leak[:], 0); err != nil { // as a careless library does
		t.Fatal(err)
	}
	defer unix.Close(leak[0])
	defer unix.Close(leak[1])
	works(t, p)
	for _, pid := range children(t) {
		for _, fd := range leak {
			want, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); got == want {
				t.Errorf("the worker has %s", got)
			}
		}
	}
}

func TestSignalsOfTheTerminalDoNotReachWorkers(t *testing.T) {
	p := newPool(t, 1)
	works(t, p)
	before := children(t)
	for _, pid := range before {
		if group, err := unix.Getpgid(pid); err != nil || group == unix.Getpgrp() {
			t.Errorf("worker %d is in group %d, as this process: %v", pid, group, err)
		}
		for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
			unix.Kill(pid, s)
		}
	}
	works(t, p)
	if after := children(t); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("%v, then %v", before, after)
	}
}

// Workers are killed at any moment. Each image has one outcome, and those that a worker had not begun survive.
func TestRandomKillsCostOnlyTheImagesUnderWay(t *testing.T) {
	const images = 1000
	p := newPool(t, 2)
	works(t, p)
	stop := make(chan struct{})
	killed := 0
	var killer, callers sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(100+rand.IntN(300)) * time.Millisecond):
			}
			if pids := children(t); len(pids) > 0 && unix.Kill(pids[rand.IntN(len(pids))], syscall.SIGKILL) == nil {
				killed++
			}
		}
	})
	var mu sync.Mutex
	lost := 0
	next := make(chan int)
	for range 2 {
		callers.Go(func() {
			for i := range next {
				got, err := p.Decode(t.Context(), request(grey(t, 600, 500, byte(i))))
				if d := (*Death)(nil); errors.As(err, &d) && d.Signal == syscall.SIGKILL {
					mu.Lock()
					lost++
					mu.Unlock()
					continue
				}
				if err != nil {
					t.Errorf("image %d: %v", i, err)
					continue
				}
				if len(got.Pixels) != 300_000 || got.Pixels[299_999] != byte(i) {
					t.Errorf("image %d is wrong", i)
				}
				got.Close()
			}
		})
	}
	for i := range images {
		next <- i
	}
	close(next)
	callers.Wait()
	close(stop)
	killer.Wait()
	t.Logf("%d workers killed, %d images lost", killed, lost)
	if killed == 0 || lost > killed {
		t.Errorf("%d workers killed, %d images lost", killed, lost)
	}
	works(t, p)
}
