package page_test

import (
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gtx/cli/ledger"
	"gtx/cli/page"
)

// camera and hashed are names of photographs. Hashes compress badly.
func camera(i int) string { return fmt.Sprintf("photos/2024-IMG_%06d.jpg", i) }
func hashed(i int) string {
	sum := sha1.Sum([]byte(strconv.Itoa(i)))
	return fmt.Sprintf("images/%x/%x.jpg", sum[:1], sum)
}

// many makes a report of n records, one in fifty of them failed, and the pictures of a thousand of them.
func many(t testing.TB, n int, name func(int) string) world {
	dir := t.TempDir()
	w := world{dir, filepath.Join(dir, "run.jsonl")}
	for i := range 20 {
		w.photo(t, fmt.Sprintf("photo-%d.jpg", i), i, 0)
	}
	if err := os.MkdirAll(filepath.Join(dir, "photos"), 0o777); err != nil {
		t.Fatal(err)
	}
	l := w.begin(t, "translate")
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		in := name(i)
		rec := result(in, "winter/"+in)
		if i%50 == 49 {
			rec = ledger.Record{In: in, Out: rec.Out, Status: ledger.StatusFailed, Class: "open", Message: fmt.Sprintf("%q: the file is empty", in)}
			write(t, l, rec)
			continue
		}
		change := 20 + 5*r.NormFloat64()
		rec.Change, rec.P, rec.Flagged = &change, 0.5+r.Float64()/2, i%1000 == 0
		rec.After = &ledger.Amplitudes{A2: r.Float64() / 10, A4: r.Float64() / 10, A8: r.Float64() / 10}
		rec.Millis = map[string]float64{}
		for _, stage := range []string{"open", "compare", "decode", "resize", "classify", "translate", "check", "detail", "encode", "sync"} {
			rec.Millis[stage] = 0.1 + 10*r.ExpFloat64()
		}
		write(t, l, rec)
		if n > 5000 && i%(n/5000) != 0 {
			continue
		}
		for _, name := range []string{in, rec.Out} {
			os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777)
			if err := os.Link(filepath.Join(dir, fmt.Sprintf("photo-%d.jpg", i%20)), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	end(t, l)
	return w
}

func TestPageOfManyRecordsStaysSmall(t *testing.T) {
	const records, mostBytes = 100_000, 20_000_000
	w := many(t, records, camera)
	path := w.page(t, func(o *page.Options) { o.Pictures = 20 })
	info, err := os.Stat(path)
	if err != nil || info.Size() > mostBytes {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
	t.Logf("%d bytes", info.Size())
	b := openBrowser(t)
	b.open(path, 1280, 900, "light")
	b.want(`document.querySelector(".matches .number").textContent`, "100,000 results")
	b.want(`document.querySelectorAll(".body .r").length < 100`, true)
	b.eval(`document.querySelector(".list").scrollTop = 1e9`)
	b.wait(`[...document.querySelectorAll(".body .i")].at(-1).textContent === "photos/2024-IMG_099999.jpg"`)
	// A step of a scrolled list takes less than a frame of 60 a second, in processor time: the machine may be busy.
	const steps, frame = 40, 1000.0 / 60
	before := b.taskMillis()
	b.eval(`new Promise((done) => { const list = document.querySelector(".list"); let n = 0;
		const step = () => { list.scrollTop -= 5000; requestAnimationFrame(() => ++n < 40 ? requestAnimationFrame(step) : done()); };
		step(); })`)
	if took := (b.taskMillis() - before) / steps; took > frame {
		t.Errorf("a step of the list takes %.1f ms", took)
	} else {
		t.Logf("a step of the list takes %.1f ms", took)
	}
	b.eval(`document.querySelector("[name=q]").value = "099"; document.querySelector("[name=q]").dispatchEvent(new Event("input", { bubbles: true }))`)
	b.want(`document.querySelector(".matches .number").textContent`, "1,299 of 100,000 results")
}

func TestListHasAllResultsWhateverTheirNames(t *testing.T) {
	const records, mostBytes = 100_000, 20_000_000
	w := many(t, records, hashed)
	html := text(t, w.page(t, func(o *page.Options) { o.Pictures = 20 }))
	if len(html) > mostBytes || strings.Contains(html, "results are left out") {
		t.Errorf("%d bytes, and results are left out", len(html))
	}
}

// Noise compresses badly: no size of pictures that is chosen before they are made is right.
func TestAllPicturesHaveRoom(t *testing.T) {
	const results, mostBytes = 160, 20_000_000
	w := world{t.TempDir(), ""}
	w.report = filepath.Join(w.dir, "run.jsonl")
	w.photo(t, "photo.jpg", 1, 0)
	w.noise(t, "noise.png", 480)
	l := w.begin(t, "translate")
	for i := range results {
		source := []string{"photo.jpg", "noise.png"}[2*i/results]
		in, out := fmt.Sprintf("%d%s", i, source), fmt.Sprintf("w%d%s", i, source)
		for _, name := range []string{in, out} {
			if err := os.Link(filepath.Join(w.dir, source), filepath.Join(w.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		write(t, l, result(in, out))
	}
	end(t, l)
	html := text(t, w.page(t, nil))
	if n := strings.Count(html, `src="data:image/jpeg`); n != 2*results || strings.Contains(html, "no picture of") {
		t.Errorf("%d pictures", n)
	}
	if len(html) > mostBytes || len(html) < mostBytes*3/4 {
		t.Errorf("%d bytes", len(html))
	}
}

func BenchmarkPage(b *testing.B) {
	for _, pictures := range []int{0, 200, 1000} {
		b.Run(fmt.Sprint(pictures), func(b *testing.B) {
			w := many(b, 100_000, hashed)
			for b.Loop() {
				w.page(b, func(o *page.Options) { o.Pictures = pictures })
			}
		})
	}
}
