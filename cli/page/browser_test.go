package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gtx/cli/summary"
)

// A browser is chromium with one page. It notes what a page must not do.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	faults   []string // errors, warnings and exceptions on the console
	requests []string // of anything but the page and what lies in it
}

// chromium starts one for all tests, and returns a context for its pages.
var chromium = sync.OnceValue(func() context.Context {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil
	}
	folder, err := os.MkdirTemp("", "gtx-chromium-")
	if err != nil {
		panic(err)
	}
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(folder)}
	for _, flag := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update",
		"disable-sync", "hide-scrollbars",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	closeChromium = func() {
		chromedp.Cancel(ctx)
		stop()
		os.RemoveAll(folder)
	}
	if err := chromedp.Run(ctx); err != nil {
		panic(err)
	}
	return ctx
})

// closeChromium ends it, if it was started.
var closeChromium = func() {}

// openBrowser opens a tab.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	if chromium() == nil {
		t.Skip("no chromium to open pages in: scripts/install-packages chromium installs it, and so does make test")
	}
	ctx, stop := chromedp.NewContext(chromium())
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(stop)
	b := &browser{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	b.do(network.Enable(), log.Enable(), runtime.Enable())
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.faults) > 0 {
			t.Errorf("on the console: %q", b.faults)
		}
		if len(b.requests) > 0 {
			t.Errorf("requests: %q", b.requests)
		}
	})
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		b.faults = append(b.faults, e.Entry.Text)
	case *runtime.EventConsoleAPICalled:
		b.faults = append(b.faults, fmt.Sprint(e.Type, e.Args))
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, e.ExceptionDetails.Error())
	case *network.EventRequestWillBeSent:
		url := e.Request.URL
		if !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") && !strings.HasPrefix(url, "file://") {
			b.requests = append(b.requests, url)
		}
	}
}

func (b *browser) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// open shows a page in a window of a size, and waits until its script has run.
func (b *browser) open(page string, width, height int, scheme string) {
	b.t.Helper()
	b.do(
		emulation.SetDeviceMetricsOverride(int64(width), int64(height), 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate("about:blank"),
		chromedp.Navigate("file://"+page),
	)
	b.wait(`!document.querySelector(".explore.scripted, .explore") || document.querySelector(".matches .number").textContent !== ""`)
}

// eval returns the value of an expression.
func (b *browser) eval(expression string) (value any) {
	b.t.Helper()
	b.do(chromedp.Evaluate(expression, &value, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return value
}

// wait waits until an expression is true.
func (b *browser) wait(expression string) {
	b.t.Helper()
	for range 200 {
		if b.eval(`Boolean(`+expression+`)`) == true {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.t.Fatalf("it did not become true: %s", expression)
}

// want compares the value of an expression.
func (b *browser) want(expression string, want any) {
	b.t.Helper()
	if got := b.eval(expression); fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("%s is %v, not %v", expression, got, want)
	}
}

// taskMillis is the processor time that the page has taken, in milliseconds.
func (b *browser) taskMillis() (ms float64) {
	b.t.Helper()
	b.do(performance.Enable().WithTimeDomain(performance.EnableTimeDomainThreadTicks), chromedp.ActionFunc(func(ctx context.Context) error {
		metrics, err := performance.GetMetrics().Do(ctx)
		for _, m := range metrics {
			if m.Name == "TaskDuration" {
				ms = m.Value * 1000
			}
		}
		return err
	}))
	return ms
}

// press presses keys, such as kb.ArrowRight.
func (b *browser) press(keys string) { b.t.Helper(); b.do(chromedp.KeyEvent(keys)) }

// click clicks the middle of an element.
func (b *browser) click(selector string, modifiers ...input.Modifier) {
	b.t.Helper()
	text, _ := json.Marshal(selector)
	at, ok := b.eval(`(() => { const e = document.querySelector(` + string(text) + `); e.scrollIntoView({ block: "center" });
		const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`).([]any)
	if !ok {
		b.t.Fatalf("no %s", selector)
	}
	b.do(chromedp.MouseClickXY(at[0].(float64), at[1].(float64), chromedp.ButtonModifiers(modifiers...)))
}

// screenshot keeps a picture of the whole page if GTX_SCREENSHOTS names a folder, and checks that it is no empty sheet.
func (b *browser) screenshot(name string, width int) {
	b.t.Helper()
	high := b.eval(`document.documentElement.scrollHeight`).(float64)
	var shot []byte
	b.do(
		emulation.SetDeviceMetricsOverride(int64(width), int64(high), 1, width < 600),
		chromedp.Sleep(300*time.Millisecond), // what comes into view is drawn
		chromedp.CaptureScreenshot(&shot),
	)
	if colours(b.t, shot) < 50 {
		b.t.Errorf("the screenshot %s has hardly any colours", name)
	}
	if folder := os.Getenv("GTX_SCREENSHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name+".png"), shot, 0o644); err != nil {
			b.t.Error(err)
		}
	}
}

func TestPageInABrowser(t *testing.T) {
	dir := t.TempDir()
	world := newWorld(t, dir)
	page := world.page(t, nil)
	b := openBrowser(t)

	b.open(page, 1280, 900, "light")
	b.screenshot("wide-light", 1280)
	b.want(`document.documentElement.scrollWidth <= innerWidth`, true)
	b.open(page, 390, 800, "dark")
	b.screenshot("narrow-dark", 390)
	b.want(`document.documentElement.scrollWidth <= innerWidth`, true)
	b.open(page, 1280, 900, "dark")
	b.screenshot("wide-dark", 1280)

	t.Run("slider", func(t *testing.T) {
		b.open(page, 1280, 900, "light")
		b.eval(`document.querySelector("#pictures").scrollIntoView()`)
		b.wait(`document.querySelector("image-compare")`)
		b.eval(`document.querySelector("image-compare").shadowRoot.querySelector("input").focus()`)
		b.press(strings.Repeat(kb.ArrowRight, 5))
		b.wait(`document.querySelector("image-compare").style.getPropertyValue("--exposure") === "55%"`)
	})
	t.Run("views", func(t *testing.T) {
		b.open(page+"#mode=switch", 1280, 900, "light")
		b.eval(`document.querySelector("#pictures").scrollIntoView()`)
		b.wait(`document.querySelector(".pair > button")`)
		b.eval(`document.querySelector(".pair > button").focus()`)
		b.want(`getComputedStyle(document.querySelector(".pair .after")).visibility`, "hidden")
		b.press(kb.Enter)
		b.want(`getComputedStyle(document.querySelector(".pair .after")).visibility`, "visible")
		b.want(`getComputedStyle(document.querySelector(".pair .before")).visibility`, "hidden")
		b.eval(`document.querySelector("[name=mode][value=switch]").focus()`)
		b.press(kb.ArrowLeft)
		b.want(`location.hash`, "#mode=side")
		b.want(`document.querySelectorAll("image-compare, .pair > button").length`, 0)
		b.press(kb.ArrowLeft)
		b.want(`location.hash`, "")
	})
	t.Run("filters", func(t *testing.T) {
		b.open(page, 1280, 900, "light")
		b.want(`document.querySelector(".matches .number").textContent`, "12 results")
		b.click(".count.failed")
		b.wait(`location.hash === "#status=failed"`)
		b.wait(`document.querySelector(".matches .number").textContent === "3 of 12 results"`)
		b.want(`document.querySelectorAll(".body .r").length`, 3)
		b.want(`document.querySelector("[name=status]").value`, "failed")
		b.open(page+"#q=alps&sort=-change", 1280, 900, "light")
		b.want(`document.querySelector(".matches .number").textContent`, "4 of 12 results")
		b.want(`document.querySelectorAll(".card").length`, 4)
		b.want(`document.querySelector(".body .i").textContent`, "photos/alps/3.jpg")
		b.want(`document.querySelector(".card h3").textContent`, "photos/alps/3.jpg")
	})
	t.Run("distributions", func(t *testing.T) {
		b.open(page, 1280, 900, "light")
		b.click(`.plot[data-key=change] .hit:last-of-type`)
		b.wait(`location.hash.startsWith("#change=")`)
		b.want(`document.querySelector(".matches .number").textContent`, "1 of 12 results")
		b.press(kb.Home)
		b.press(" ")
		b.want(`document.querySelector(".matches .number").textContent`, "1 of 12 results")
		b.want(`document.querySelector(".body .i").textContent`, "photos/alps/0.jpg")
		b.press(kb.End)
		b.do(chromedp.KeyEvent(" ", chromedp.KeyModifiers(input.ModifierShift)))
		b.want(`document.querySelector(".matches .number").textContent`, "8 of 12 results")
	})
	t.Run("details", func(t *testing.T) {
		b.open(page+"#status=failed", 1280, 900, "light")
		b.click(".body .i button")
		b.want(`document.querySelector("dialog").open`, true)
		b.press(kb.Escape)
		b.wait(`!document.querySelector("dialog").open`)
	})
	t.Run("names cannot inject", func(t *testing.T) {
		b.open(page, 1280, 900, "light")
		b.want(`document.querySelectorAll("script").length`, 2)
		b.want(`document.querySelectorAll(".evil, [onerror]").length`, 0)
		b.want(`String(window.evil)`, "undefined")
		for _, name := range hostile {
			shown, _ := json.Marshal(summary.Visible(name))
			b.want(`[...document.querySelectorAll(".body .i")].filter((e) => e.textContent === `+string(shown)+`).length`, 1)
			b.want(`[...document.querySelectorAll("#failures .paths li")].filter((e) => e.textContent === `+string(shown)+`).length`, 1)
		}
	})
	t.Run("without JavaScript", func(t *testing.T) {
		b.do(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate("about:blank"), chromedp.Navigate("file://"+page))
		b.screenshot("plain", 1280)
		b.want(`document.querySelectorAll(".body .r").length`, 12)
		b.want(`document.querySelector(".filters").offsetHeight`, 0)
		b.want(`document.querySelector(".pair .before").offsetWidth > 100 && document.querySelector(".pair .after").offsetWidth > 100`, true)
		b.want(`document.querySelector(".pair .after").offsetLeft > document.querySelector(".pair .before").offsetLeft`, true)
	})
}
