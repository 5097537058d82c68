package page_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"gtx/cli/exit"
	"gtx/cli/ledger"
	"gtx/cli/page"
	"gtx/cli/summary"
)

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNamesAndMessagesAreText(t *testing.T) {
	w := newWorld(t, t.TempDir())
	html := text(t, w.page(t, nil))
	for _, evil := range []string{"<b class=evil", "<img class=evil", "<script>window", "\xff", "\xe9"} {
		if strings.Contains(html, evil) {
			t.Errorf("the page holds %q", evil)
		}
	}
	for _, shown := range []string{"&lt;b class=evil&gt;&#34;quoted&#34;", `two\nlines&lt;script&gt;`, `caf\xe9&lt;img`} {
		if !strings.Contains(html, shown) {
			t.Errorf("the page does not show %q", shown)
		}
	}
	if strings.Count(html, "<script") != strings.Count(html, "</script>") || strings.Count(html, "<script") != 3 {
		t.Error("scripts of others")
	}
}

func TestPicturesThatAreGoneHaveAPlaceholder(t *testing.T) {
	w := newWorld(t, t.TempDir())
	html := text(t, w.page(t, nil))
	if strings.Count(html, "the file is gone</span>") != 2 || !strings.Contains(html, "no picture of 1 of 9 results") {
		t.Error("no placeholders, or no word about them")
	}
	if err := os.RemoveAll(filepath.Join(w.dir, "winter")); err != nil {
		t.Fatal(err)
	}
	if html := text(t, w.page(t, nil)); !strings.Contains(html, "No crop: the file is gone") || !strings.Contains(html, "no picture of 9 of 9 results") {
		t.Error("no placeholder for the pattern")
	}
}

func TestSourceOfAPatternThatIsGoneHasAPlaceholder(t *testing.T) {
	w := newWorld(t, t.TempDir())
	if err := os.RemoveAll(filepath.Join(w.dir, "photos")); err != nil {
		t.Fatal(err)
	}
	html := text(t, w.page(t, nil))
	if !strings.Contains(html, `aria-label="Source of photos/coast/6.jpg: the file is gone"`) || !strings.Contains(html, "no source beside the pattern of 1 of 1 results") {
		t.Error("no placeholder, or no word about it")
	}
	if !strings.Contains(html, "Measured in the encoded file, at ") || !strings.Contains(html, "Measured before it was encoded: ") {
		t.Error("the page does not say what was measured")
	}
}

// Fields of a report neither hide what stands beside them nor turn its direction.
func TestFieldsOfReportsAreShownAsTheyAre(t *testing.T) {
	const hostile = "cpu\x1b[2J\n\u202e"
	w := world{t.TempDir(), ""}
	w.report = filepath.Join(w.dir, "run.jsonl")
	l, err := ledger.Open(w.report, false)
	if err != nil {
		t.Fatal(err)
	}
	l.Begin(ledger.Run{Command: hostile, Settings: map[string]any{hostile: hostile}, Name: hostile, Model: hostile, Provider: hostile, Versions: map[string]string{hostile: hostile}})
	for i, status := range []string{ledger.StatusFailed, ledger.StatusDone, hostile} {
		write(t, l, ledger.Record{
			In: fmt.Sprint(i, hostile), Out: hostile, Status: status, Class: hostile, Message: hostile, Domain: hostile, P: 0.5, Provider: hostile,
			Millis: map[string]float64{hostile: float64(1 + i)}, Warnings: []string{hostile}, Width: 1, Height: 1,
		})
	}
	if err := l.End(ledger.Ending{Seconds: 2, Limit: hostile, Millis: map[string]float64{hostile: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := w.page(t, nil)
	html := text(t, path)
	if strings.ContainsAny(html, "\x1b\u202e") || !strings.Contains(html, `limited by cpu\x1b[2J\n\u202e`) {
		t.Error("the page holds fields of the report as they are")
	}
	if strings.Contains(html, `href="#"`) {
		t.Error("a link that leads nowhere")
	}
	b := openBrowser(t)
	b.open(path, 1280, 900, "light")
	b.want(`/[\x1b\u202e]/.test(document.documentElement.textContent)`, false)
	b.want(`document.querySelector(".matches .number").textContent`, "3 results")
}

// A page is plain without JavaScript, and without results.
func TestSentencesAreWhole(t *testing.T) {
	w := world{t.TempDir(), ""}
	w.report = filepath.Join(w.dir, "run.jsonl")
	l := w.begin(t, "translate")
	for i := range 60 {
		write(t, l, ledger.Record{In: fmt.Sprint(i), Status: ledger.StatusFailed, Class: "open", Message: "bad"})
	}
	if err := l.End(ledger.Ending{Seconds: 2}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	html := text(t, w.page(t, nil))
	if !strings.Contains(html, `… and 10 more<span class="scripted">: <a href=`) {
		t.Error("more inputs, and nothing behind the colon")
	}
	if strings.Contains(html, "<h3></h3>") || !strings.Contains(html, "It made no results") {
		t.Error("an empty heading")
	}
}

// A run that is interrupted leaves no pictures without a page, and those of the page before.
func TestInterruptedPageLeavesNoPictures(t *testing.T) {
	w := newWorld(t, t.TempDir())
	now, err := summary.Read([]string{w.report}, nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(w.dir, "report.pictures")
	interrupted := func() {
		t.Helper()
		ctx, stop := context.WithCancel(context.Background())
		steps := 0
		o := page.Options{Path: filepath.Join(w.dir, "report.html"), Thumbs: page.Folder, Pictures: 200, Jobs: 2, Progress: func(results int) (step, end func()) {
			if results != 9+1 {
				t.Errorf("%d steps", results)
			}
			return func() {
				if steps++; steps == 5 {
					stop()
				}
			}, func() {}
		}}
		if err := page.Write(ctx, now, o); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	interrupted()
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
	w.page(t, func(o *page.Options) { o.Thumbs, o.Pictures = page.Folder, 2 })
	first, _ := filepath.Glob(filepath.Join(folder, "*"))
	interrupted()
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); !slices.Equal(left, first) {
		t.Errorf("%q, not %q", left, first)
	}
}

func TestPageWithoutRecords(t *testing.T) {
	w := world{t.TempDir(), ""}
	w.report = filepath.Join(w.dir, "run.jsonl")
	if err := os.WriteFile(w.report, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	path := w.page(t, nil)
	b := openBrowser(t)
	b.open(path, 1280, 900, "light")
	b.want(`document.querySelector("h1").textContent.trim()`, "0 images")
	b.want(`document.body.innerText.includes("The report has no records of images.")`, true)
}

func TestPicturesInAFolder(t *testing.T) {
	w := newWorld(t, t.TempDir())
	inFolder := func(o *page.Options) { o.Thumbs = page.Folder }
	path := w.page(t, inFolder)
	folder := filepath.Join(w.dir, "report.pictures")
	first, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(first) != 2*8+3 { // and three crops
		t.Errorf("%d pictures", len(first))
	}
	b := openBrowser(t)
	b.open(path, 1280, 900, "light")
	b.eval(`document.querySelectorAll("img").forEach((img) => { img.loading = "eager"; })`)
	b.wait(`[...document.querySelectorAll("img")].every((img) => img.complete && img.naturalWidth > 0)`)
	b.want(`document.querySelectorAll("img").length`, len(first))

	// Those that no page shows any more go. Others stay.
	mine := filepath.Join(folder, "mine.jpg")
	if err := os.Rename(first[0], mine); err != nil {
		t.Fatal(err)
	}
	w.page(t, func(o *page.Options) { inFolder(o); o.Pictures = 2 })
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) != 2*2+3+1 {
		t.Errorf("%q", left)
	}
}

// A page of two reports shows the results of both.
func TestPageAgainstAnotherReport(t *testing.T) {
	w := newWorld(t, t.TempDir())
	other := world{w.dir, filepath.Join(w.dir, "other.jsonl")}
	l := other.begin(t, "translate")
	for i := range 4 {
		in, out := fmt.Sprintf("photos/alps/%d.jpg", i), fmt.Sprintf("half/%d.jpg", i)
		w.photo(t, out, i+50, 0)
		write(t, l, result(in, out))
	}
	failed := result("photos/coast/4.jpg", "")
	failed.Status = ledger.StatusFailed
	write(t, l, failed)
	end(t, l)
	before, err := summary.Read([]string{other.report}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now, err := summary.Read([]string{w.report}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := page.Options{Path: filepath.Join(w.dir, "against.html"), Thumbs: page.Inline, Pictures: 200, Jobs: 2, Against: now.Compare(before)}
	if err := page.Write(context.Background(), now, o); err != nil {
		t.Fatal(err)
	}
	b := openBrowser(t)
	b.open(o.Path, 1280, 900, "light")
	b.screenshot("against", 1280)
	b.want(`document.querySelector("#changes .line").innerText`, "4 of the same status · 1 failed → done · 7 new")
	b.want(`[...document.querySelectorAll("#changes .group")].at(-1).textContent.includes("photos/coast/5.jpg")`, true)
	b.want(`document.querySelectorAll("img.other").length`, 4)
	b.eval(`document.querySelector("#pictures").scrollIntoView()`)
	b.wait(`document.querySelector("image-compare .before")`)
	b.click("[name=base][value=other] + span")
	b.wait(`document.querySelector("image-compare .other")`)
	b.want(`location.hash`, "#base=other")
	b.want(`document.querySelector("image-compare [slot=image-1]").alt.endsWith("half/0.jpg")`, true)
	const captions = `[...document.querySelector(".captions").children].filter((e) => e.offsetWidth).map((e) => e.textContent).join()`
	b.want(captions, "other report,result")

	// What came before stands at the left, and says what it is.
	b.open(o.Path+"#base=other&mode=side", 1280, 900, "light")
	b.want(`document.querySelector(".pair .other").offsetLeft < document.querySelector(".pair .after").offsetLeft`, true)
	b.want(captions, "other report,result")
	b.open(o.Path+"#mode=side", 1280, 900, "light")
	b.want(captions, "source,other report,result")
	b.want(`[...document.querySelector(".captions").children].every((e, i) => Math.abs(e.offsetLeft - document.querySelector(".pair").children[i].offsetLeft) < 3)`, true)
}

func TestOnlyPagesAreReplaced(t *testing.T) {
	w := newWorld(t, t.TempDir())
	path := w.page(t, nil)
	if err := page.Replaceable(path); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("<!doctype html>\n<p>mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := summary.Read([]string{w.report}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := page.Write(context.Background(), r, page.Options{Path: path}); err == nil || !strings.Contains(err.Error(), "it will not be replaced") {
		t.Error(err)
	}
}

// To open a FIFO would block.
func TestPageIsNotWrittenIntoAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	var f *exit.Failure
	if err := page.Check(path, "", nil); !errors.As(err, &f) || f.Code != exit.CodeStart || !strings.Contains(err.Error(), "is a pipe") {
		t.Errorf("%v", err)
	}
}

func TestFolderOfAPageExistsOrIsTheOneOfOut(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		path, out string
		want      bool
	}{
		{"page.html", "", true},
		{"out/page.html", "out", true},
		{"out/page.html", "out/below/", true},
		{"out/page.html", "", false},
		{"out/page.html", "other", false},
		{"out/below/page.html", "out", false},
	} {
		err := page.Check(filepath.Join(dir, c.path), join(dir, c.out), nil)
		if (err == nil) != c.want {
			t.Errorf("%s with -o %q: %v", c.path, c.out, err)
		}
	}
}

// join is the path of a folder, or "" without a name.
func join(dir, name string) string {
	if name == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

func TestVendoredFilesAreUnchanged(t *testing.T) {
	readme := text(t, "vendor/README.md")
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(text(t, "vendor/image-compare.min.js"))))
	if !strings.Contains(readme, "| SHA-256 of image-compare.min.js | "+sum+" |") {
		t.Errorf("vendor/image-compare.min.js has the digest %s", sum)
	}
	w := newWorld(t, t.TempDir())
	if !strings.Contains(text(t, w.page(t, nil)), "Copyright (c) 2021 Cloud Four") {
		t.Error("a page lacks the licence of the slider")
	}
}

var colour = regexp.MustCompile(`--(\w+): (#[0-9a-f]{3,6})\b`)

// Every text has a contrast of at least 4.5 with what is behind it, as WCAG 2.2 asks for at level AA.
func TestColoursHaveContrast(t *testing.T) {
	css := text(t, "page.css")
	light, dark, _ := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	for name, part := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]float64{}
		for _, m := range colour.FindAllStringSubmatch(part, -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		for _, ink := range []string{"ink", "soft", "accent", "done", "copied", "skipped", "failed", "unreached", "flagged", "repaired", "warned"} {
			for _, behind := range []string{"paper", "card", "well"} {
				a, b := colours[ink], colours[behind]
				if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", name, ink, behind, ratio)
				}
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	digits := strings.TrimPrefix(hex, "#")
	if len(digits) == 3 {
		digits = strings.Join([]string{digits[:1], digits[:1], digits[1:2], digits[1:2], digits[2:], digits[2:]}, "")
	}
	linear := func(at int) float64 {
		n, err := strconv.ParseUint(digits[at:at+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(0) + 0.7152*linear(2) + 0.0722*linear(4)
}
