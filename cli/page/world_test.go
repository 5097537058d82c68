package page_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gtx/cli/ledger"
	"gtx/cli/page"
	"gtx/cli/summary"
	"gtx/stages"
)

func TestMain(m *testing.M) {
	if code, is := stages.RunDecoder(os.Args); is {
		os.Exit(code)
	}
	stages.Setup()
	code := m.Run()
	closeChromium()
	os.Exit(code)
}

// hostile are names that a page must not take for anything but text.
var hostile = []string{
	`photos/<b class=evil>"quoted" 'names'&amp;.jpg`,
	"photos/two\nlines<script>window.evil=1</script>.jpg",
	"photos/caf\xe9<img class=evil src=x onerror=window.evil=1>.jpg",
}

// A world has a report, run.jsonl, and the pictures that it names.
type world struct {
	dir    string
	report string
}

// newWorld makes twelve records: eight results with a change of their own, of which one shows a checkerboard, one whose
// files are gone, and three failures with hostile names.
func newWorld(t *testing.T, dir string) world {
	t.Helper()
	w := world{dir, filepath.Join(dir, "run.jsonl")}
	l := w.begin(t, "translate")
	for i := range 8 {
		place := []string{"alps", "coast"}[i/4]
		in, out := fmt.Sprintf("photos/%s/%d.jpg", place, i), fmt.Sprintf("winter/%s/%d.png", place, i)
		w.photo(t, in, i, 0)
		r := result(in, out)
		change := []float64{0.1, 5, 6, 9, 1, 2, 3, 4}[i]
		r.Change, r.P = &change, 0.5+float64(i)/20
		if r.Flagged = i == 6; r.Flagged {
			r.After = &ledger.Amplitudes{A2: 2.5, A4: 2.4, A8: 2.4}
			w.photo(t, out, i+100, 5)
		} else {
			w.photo(t, out, i+100, 0)
		}
		write(t, l, r)
	}
	write(t, l, result("photos/gone.jpg", "winter/gone.jpg"))
	for _, name := range hostile {
		failed := stages.Source{In: name}
		var r ledger.Record
		r.Place(failed)
		r.Status, r.Class, r.Message = ledger.StatusFailed, "open", fmt.Sprintf("cannot read %q: </script><script>window.evil=1</script>", "x\"y")
		write(t, l, r)
	}
	end(t, l)
	return w
}

func result(in, out string) ledger.Record {
	r := ledger.Record{
		In: in, Out: out, Status: ledger.StatusDone, To: "winter", Strength: 1, Provider: "cpu", Domain: "summer", P: 0.9, Width: 160, Height: 120,
		Before: &ledger.Amplitudes{A2: 0.01, A4: 0.02, A8: 0.03}, After: &ledger.Amplitudes{A2: 0.02, A4: 0.03, A8: 0.04},
		Millis: map[string]float64{"open": 0.1, "decode": 1.5, "translate": 40 + float64(len(in)), "encode": 2},
	}
	return r
}

// begin begins a run that writes to the report.
func (w world) begin(t testing.TB, command string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(w.report, false)
	if err != nil {
		t.Fatal(err)
	}
	l.Begin(ledger.Run{
		Command: command, Settings: map[string]any{"to": "winter", "out": "winter", "report": "run.jsonl", "strength": 0.5},
		Folder: ledger.Text(w.dir), Folders: []ledger.Text{"photos"}, Name: "seasons", Model: strings.Repeat("5a", 32), Provider: "cpu", Precision: "f32",
		Versions: map[string]string{"gtx": "0.1.0", "Go": "go1.26", "libvips": "8.14.1"}, Processors: 2,
	})
	return l
}

func write(t testing.TB, l *ledger.Ledger, r ledger.Record) {
	t.Helper()
	if err := l.Write(r); err != nil {
		t.Fatal(err)
	}
}

func end(t testing.TB, l *ledger.Ledger) {
	t.Helper()
	err := l.End(ledger.Ending{Seconds: 2, Busy: 0.93, Limit: "translate", Millis: map[string]float64{"open": 0.1, "decode": 1.5, "translate": 60, "encode": 2}})
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// noise writes a square of noise.
func (w world) noise(t testing.TB, path string, side int) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32()) | byte(i%4/3*255)
	}
	w.save(t, path, img)
}

// photo writes a picture with a horizon, and a pattern of an amplitude.
func (w world) photo(t testing.TB, path string, seed, pattern int) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 160, 120))
	for y := range 120 {
		for x := range 160 {
			sky := y < 60+(x*seed)%17
			c := color.RGBA{uint8(60 + y/2), uint8(110 + (x+seed*20)%60), uint8(70 + seed%40), 255}
			if sky {
				c = color.RGBA{uint8(120 + y/2 + pattern*((x+y)%2)), uint8(150 + y/2 + pattern*((x+y)%2)), uint8(230 - seed%50), 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	w.save(t, path, img)
}

func (w world) save(t testing.TB, path string, img image.Image) {
	t.Helper()
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, nil)
	if strings.HasSuffix(path, ".png") {
		b.Reset()
		err = png.Encode(&b, img)
	}
	path = filepath.Join(w.dir, path)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o777)
	}
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// page writes the page of the report, and returns its path.
func (w world) page(t testing.TB, options func(*page.Options)) string {
	t.Helper()
	r, err := summary.Read([]string{w.report}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := page.Options{Path: filepath.Join(w.dir, "report.html"), Thumbs: page.Inline, Pictures: 200, Jobs: 2}
	if options != nil {
		options(&o)
	}
	if err := page.Write(context.Background(), r, o); err != nil {
		t.Fatal(err)
	}
	return o.Path
}

// colours counts the colours of a picture.
func colours(t *testing.T, file []byte) int {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[color.Color]bool{}
	for y := 0; y < img.Bounds().Dy(); y += 3 {
		for x := 0; x < img.Bounds().Dx(); x += 3 {
			seen[img.At(x, y)] = true
		}
	}
	return len(seen)
}
