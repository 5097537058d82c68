package stages

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"gtx/stages/container"
)

func TestParseSize(t *testing.T) {
	for in, want := range map[string]Size{
		"source": {kind: "source"}, "model": {kind: "model"}, "512": {"long", 512, 512},
		"640x480": {"exact", 640, 480}, "1x1": {"exact", 1, 1},
	} {
		if got, err := ParseSize(in); got != want || err != nil {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "0", "-1", "0x5", "5x0", "x", "5x", "x5", "1x2x3", "big", "65537", "1.5", "9999999999999999999"} {
		if got, err := ParseSize(in); err == nil {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestResultHasTheSizeAskedFor(t *testing.T) {
	c := translated(scene(64, 48))
	c.Width, c.Height = 333, 251
	for size, want := range map[string][2]int{
		"source": {333, 251}, "model": {64, 48}, "100": {100, 75}, "1": {1, 1}, "51x77": {51, 77}, "500x3": {500, 3},
	} {
		for _, format := range Formats {
			s, err := ParseSize(size)
			if err != nil {
				t.Fatal(err)
			}
			c.Source.Format, c.Source.Out = format, Stdout
			w, err := Encode(EncodeOptions{Size: s, Quality: 90})(context.Background(), c)
			if err != nil {
				t.Errorf("%s as %s: %v", size, format, err)
				continue
			}
			p := decoded(t, w.Data, nil).Pixels
			if got := [2]int{p.Width, p.Height}; got != want || [2]int{w.Width, w.Height} != want || container.Sniff(w.Data) != format {
				t.Errorf("%s as %s: %v in %q, said to be %d×%d", size, format, got, container.Sniff(w.Data), w.Width, w.Height)
			}
		}
	}
}

func TestAlphaIsKeptWhereTheFormatCanAndWhiteElsewhere(t *testing.T) {
	p := scene(64, 48)
	alpha := make([]byte, 64*48)
	for i := range alpha {
		if i%64 >= 32 {
			alpha[i] = 255
		}
	}
	c := translated(p.Join(alpha))
	for _, format := range Formats {
		got := decoded(t, encodedAs(t, format, c), nil).Pixels
		left, right := got.At(8, 24), got.At(56, 24)
		if format == JPEG {
			if got.Bands != 3 || min(left[0], left[1], left[2]) < 250 {
				t.Errorf("%s: %v under full transparency", format, left)
			}
		} else if got.Bands != 4 || left[3] > 2 || right[3] < 253 {
			t.Errorf("%s: %d bands, %v and %v", format, got.Bands, left, right)
		}
		want := p.At(56, 24)
		for i := range 3 {
			if d := int(right[i]) - int(want[i]); d < -8 || d > 8 {
				t.Errorf("%s: %v, want %v", format, right, want)
				break
			}
		}
	}
	// A network that halves its image halves the alpha with it.
	c.Result = scene(32, 24)
	if got := decoded(t, encodedAs(t, PNG, c), nil).Pixels; got.Bands != 4 || got.Width != 64 || got.At(4, 24)[3] > 8 {
		t.Errorf("%d×%d×%d", got.Width, got.Height, got.Bands)
	}
}

func TestFormatSameIsTheNearestThatCanBeWritten(t *testing.T) {
	for in, want := range map[Format]Format{JPEG: JPEG, PNG: PNG, GIF: PNG, HEIF: JPEG, WebP: WebP, TIFF: TIFF, AVIF: AVIF} {
		c := translated(scene(16, 16))
		c.Format = in
		if got := container.Sniff(encodedAs(t, "", c)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestImagesTooLargeForAFormatAreErrorsThatNameTheLimit(t *testing.T) {
	c := translated(scene(16, 16))
	c.Source.Out = Stdout
	for format, limit := range map[Format]string{JPEG: "65535", WebP: "16383", AVIF: "16384"} {
		c.Source.Format = format
		_, err := Encode(EncodeOptions{Size: Size{"exact", 1 << 16, 4}})(context.Background(), c)
		if err == nil || !strings.Contains(err.Error(), limit) {
			t.Errorf("%s: %v", format, err)
		}
	}
	c.Source.Format = TIFF
	if _, err := Encode(EncodeOptions{Size: Size{"exact", 1 << 16, 1 << 16}})(context.Background(), c); err == nil || !strings.Contains(err.Error(), "2 GiB") {
		t.Errorf("12 GiB: %v", err)
	}
}

func TestProfileIsAttachedIffTheSourceHadOne(t *testing.T) {
	c := translated(scene(40, 30))
	for _, format := range Formats {
		c.Profile = nil
		if img := decoded(t, encodedAs(t, format, c), nil); img.Profile != nil {
			t.Errorf("%s: %d bytes of profile from nowhere", format, len(img.Profile))
		}
		c.Profile = swapped()
		if !bytes.Contains(encodedAs(t, format, c), []byte("acsp")) && format != PNG { // there it is deflated
			t.Errorf("%s: no profile", format)
		}
		if img := decoded(t, encodedAs(t, format, c), nil); img.Profile == nil {
			t.Errorf("%s: no profile", format)
		}
	}
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

func TestOutputsAppearWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "below", "a.png")
	c := translated(scene(40, 30))
	c.Source.Out = path
	encode := func(ctx context.Context, c Checked) (Written, error) { return encodedTo(t, ctx, EncodeOptions{}, c) }

	stopped, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("enough")
	cancel(reason)
	if _, err := encode(stopped, c); !errors.Is(err, reason) {
		t.Errorf("after the end: %v", err)
	}
	if list := names(t, dir); list != nil {
		t.Errorf("after the end: %v", list)
	}

	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	for range 2 { // anew, and over it
		w, err := encode(context.Background(), c)
		if err != nil || w.Width != 40 || w.Data != nil {
			t.Fatalf("%+v, %v", w, err)
		}
		if list := names(t, filepath.Dir(path)); !slices.Equal(list, []string{"a.png"}) {
			t.Errorf("left: %q", list)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o640 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(file)); err != nil {
		t.Error(err)
	}

	// The error names the result that cannot be written, and no temporary file.
	blames := func(err error, path string) bool {
		return err != nil && strings.Contains(err.Error(), strconv.Quote(path)) && !strings.Contains(err.Error(), ".gtx-")
	}
	c.Source.Out = filepath.Join(path, "b.png")
	if _, err := encode(context.Background(), c); !blames(err, c.Source.Out) {
		t.Errorf("below a file: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "c.png"), 0o777); err != nil {
		t.Fatal(err)
	}
	c.Source.Out = filepath.Join(dir, "c.png")
	if _, err := encode(context.Background(), c); !blames(err, c.Source.Out) {
		t.Errorf("over a folder: %v", err)
	}
	if list := names(t, dir); !slices.Equal(list, []string{"below", "c.png"}) {
		t.Errorf("left: %q", list)
	}
}

func TestAnExistingOutputIsReplacedInOneStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	c := translated(scene(40, 30))
	c.Source.Out = path
	if _, err := encodedTo(t, context.Background(), EncodeOptions{}, c); err != nil {
		t.Fatal(err)
	}
	var b [8]byte
	if n, _ := reader.Read(b[:]); string(b[:n]) != "old" {
		t.Errorf("who had it open reads %q", b[:n])
	}
	if f, _ := Probe(path); f != PNG {
		t.Errorf("replaced by %q", f)
	}
}

func TestKeptImagesAreCopiedByteForByteOrSkipped(t *testing.T) {
	dir := t.TempDir()
	file := jpegOf(t, scene(33, 21))
	out := filepath.Join(dir, "out.jpg")
	c := Checked{Translated: Translated{Labelled: Labelled{
		Image: Image{Source: Source{Out: out}, Width: 33, Height: 21, original: original{file: File{Data: file}}}, Keep: true,
	}}}
	w, err := encodedTo(t, context.Background(), EncodeOptions{InTarget: InTargetCopy}, c)
	if err != nil || !w.Kept || w.Width != 33 {
		t.Fatalf("%+v, %v", w, err)
	}
	if got, _ := os.ReadFile(out); !bytes.Equal(got, file) {
		t.Error("not the same bytes")
	}
	if _, err := Encode(EncodeOptions{InTarget: InTargetSkip})(context.Background(), c); err != (Skip{AlreadyTarget}) {
		t.Errorf("%v", err)
	}
	c.Format = HEIF // out would be a JPEG
	if _, err := encodedTo(t, context.Background(), EncodeOptions{InTarget: InTargetCopy}, c); err == nil {
		t.Error("a HEIF file has the name of a JPEG")
	}
	c.Source = Source{Out: Stdout}
	if w, err := Encode(EncodeOptions{InTarget: InTargetCopy})(context.Background(), c); err != nil || !bytes.Equal(w.Data, file) {
		t.Errorf("%v", err)
	}
}
