package webdataset

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestKeysEndAtTheFirstDotOfTheLastPart(t *testing.T) {
	for name, want := range map[string][2]string{
		"a.jpg": {"a", "jpg"}, "x.y/a.input.PNG": {"x.y/a", "input.png"}, "./a.jpg": {"./a", "jpg"}, "a": {}, "x/.a.jpg": {},
		"": {}, "__index__.json": {"__index__", "json"}, "__meta__/a.jpg": {}, "x/__meta__/a.jpg": {"x/__meta__/a", "jpg"}, "a.b/": {},
	} {
		if key, field := Split(name); key != want[0] || field != want[1] {
			t.Errorf("%q: %q, %q", name, key, field)
		}
	}
}

// tarOf makes a tar. A name that ends in / is a folder, and a header replaces what the test does not care about.
func tarOf(t testing.TB, entries ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h, ok := e.(*tar.Header)
		if name, isName := e.(string); isName {
			h = &tar.Header{Name: name, Size: int64(len(name)), Mode: 0o600}
		} else if !ok {
			t.Fatalf("%T", e)
		}
		if strings.HasSuffix(h.Name, "/") {
			h.Size = 0
		}
		err := w.WriteHeader(h)
		if err == nil && h.Size > 0 {
			_, err = w.Write([]byte(h.Name)[:h.Size])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// samples describes what a Reader returns, as in "a[jpg txt] b[jpg]".
func samples(r io.Reader) (string, error) {
	var list []string
	for in := NewReader(r); ; {
		s, err := in.Next()
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return strings.Join(list, " "), err
		}
		var fields []string
		for _, f := range s.Files {
			fields = append(fields, f.Field)
			if string(f.Data) != f.Name && !f.Dir && f.Err == nil {
				return "", fmt.Errorf("the content of %q is %q", f.Name, f.Data)
			}
		}
		text := fmt.Sprint(s.Key, fields)
		if s.Fault() != nil {
			text += "!"
		}
		list = append(list, text)
		s.Release()
	}
}

func TestSamplesAreFilesOfOneKeyInARow(t *testing.T) {
	long := strings.Repeat("long/", 60) + "a.jpg"
	for _, c := range []struct {
		entries []any
		want    string
	}{
		{nil, ""},
		{[]any{"a.jpg", "a.txt", "b.jpg"}, "a[jpg txt] b[jpg]"},
		{[]any{"a.jpg", "b.jpg", "a.txt"}, "a[jpg] b[jpg] a[txt]"},
		{[]any{"d/", "d/a.jpg", "README", "d/a.txt", "LICENSE", "NOTES"}, "[] d/a[jpg  txt  ]"},
		{[]any{"README", "LICENSE"}, "[] []"},
		{[]any{"a.jpg", "a.JPG"}, "a[jpg jpg]!"},
		{[]any{"/a.jpg", "b/../../c.jpg", "d.jpg"}, "/a[jpg]! b/../../c[jpg]! d[jpg]"},
		{[]any{long, &tar.Header{Name: long, Size: int64(len(long)), Format: tar.FormatGNU}}, strings.TrimSuffix(long, ".jpg") + "[jpg jpg]!"},
		{[]any{&tar.Header{Name: "ä.jpg", Format: tar.FormatPAX, Size: 6}}, "ä[jpg]"},
		{[]any{&tar.Header{Name: "a.jpg", Typeflag: tar.TypeSymlink, Linkname: "b"}, "a.txt"}, "a[jpg txt]!"},
		{[]any{&tar.Header{Name: "a.jpg", Typeflag: tar.TypeLink, Linkname: "b"}}, "a[jpg]!"},
		{[]any{&tar.Header{Name: "a.jpg", Typeflag: tar.TypeChar}}, "a[jpg]!"},
		{[]any{&tar.Header{Name: "a.jpg", Typeflag: tar.TypeFifo}}, "a[jpg]!"},
		{[]any{"a.jpg", &tar.Header{Name: "current", Typeflag: tar.TypeSymlink, Linkname: "a.jpg"}, "a.txt"}, "a[jpg  txt]"},
		{[]any{&tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "git"}}, "a.jpg"}, "a[jpg]"},
	} {
		for _, reader := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			if got, err := samples(reader(bytes.NewReader(tarOf(t, c.entries...)))); got != c.want || err != nil {
				t.Errorf("%v: %s, %v, not %s", c.entries, got, err, c.want)
			}
		}
	}
}

func TestEveryCutIsNoticed(t *testing.T) {
	whole := tarOf(t, "a.jpg", "a.txt", "b.jpg")
	for n := range len(whole) {
		got, err := samples(bytes.NewReader(whole[:n]))
		if err != ErrCut {
			t.Errorf("cut to %d of %d: %s, %v", n, len(whole), got, err)
		}
	}
	if _, err := samples(bytes.NewReader(whole)); err != nil {
		t.Error(err)
	}
	if _, err := samples(bytes.NewReader(append(whole, make([]byte, 9000)...))); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoTarIsSaid(t *testing.T) {
	whole := tarOf(t, "a.jpg")
	for text, want := range map[string]string{
		strings.Repeat("no tar", 100):                         "not a tar",
		"\x1f\x8b" + strings.Repeat("x", 600):                 "compressed by gzip: pipe it through gzip -d",
		"\x28\xb5\x2f\xfd" + strings.Repeat("x", 600):         "compressed by zstd",
		string(whole) + string(whole):                         "more follows",
		string(whole[:1024]) + strings.Repeat("damaged!", 64): "not a tar, or damaged",
		strings.Repeat("\x00", 512):                           "cut short",
	} {
		if _, err := samples(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// A sparse file may claim any size and take no room in the tar.
func TestSparseFilesAreRefused(t *testing.T) {
	h := &tar.Header{Name: "a.jpg", PAXRecords: map[string]string{"GNU.sparse.major": "1"}}
	if refuse(h) == nil || refuse(&tar.Header{Name: "a.jpg", Typeflag: tar.TypeGNUSparse}) == nil {
		t.Error("passed")
	}
}

func TestLargeFilesLieOnTheDisk(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), (heldMost+1<<20)/16)
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, f := range []File{{Name: "a.jpg", Data: []byte("jpg")}, {Name: "a.mp4", Data: large}, {Name: "a.txt"}} {
		if err := w.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := NewReader(&b).Next()
	if err != nil {
		t.Fatal(err)
	}
	if s.Held != 3 || len(s.mapped) != 1 || !bytes.Equal(s.Files[1].Data, large) {
		t.Errorf("%d bytes in memory, %d files on the disk", s.Held, len(s.mapped))
	}
	s.Release()
}

func TestTheSameFilesMakeTheSameTar(t *testing.T) {
	write := func(source []byte) []byte {
		var b bytes.Buffer
		w := NewWriter(&b)
		for in := NewReader(bytes.NewReader(source)); ; {
			s, err := in.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range s.Files {
				if err := errors.Join(w.Add(f), w.Flush()); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.Close()
		return b.Bytes()
	}
	one := write(tarOf(t, "d/", "d/a.jpg", strings.Repeat("ü", 200)+".txt"))
	two := write(tarOf(t, "d/", &tar.Header{Name: "d/a.jpg", Size: 7, Uid: 1000, Mode: 0o777}, strings.Repeat("ü", 200)+".txt"))
	if !bytes.Equal(one, two) || !bytes.Equal(one, write(one)) {
		t.Error("the headers of the source show")
	}
	if !IsOwn(bytes.NewReader(one)) || IsOwn(bytes.NewReader(tarOf(t, "a.jpg"))) || !IsOwn(bytes.NewReader(tarOf(t))) {
		t.Error("IsOwn")
	}
}

// Whatever comes, what a Reader passes on can be written, and is read again as the same samples.
func FuzzReader(f *testing.F) {
	f.Add(tarOf(f, "a.jpg", "a.txt", "b.jpg"))
	f.Add(tarOf(f, strings.Repeat("long/", 60)+"a.jpg", &tar.Header{Name: "a.jpg", Typeflag: tar.TypeSymlink, Linkname: "b"}))
	f.Fuzz(func(t *testing.T, source []byte) {
		var b bytes.Buffer
		w, want := NewWriter(&b), 0
		for in := NewReader(bytes.NewReader(source)); ; {
			s, err := in.Next()
			if err != nil {
				break
			}
			for _, f := range s.Files {
				if f.Err == nil {
					if err := w.Add(f); err != nil {
						t.Skip(err) // a name with NUL
					}
					want += len(f.Data)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for in := NewReader(&b); ; {
			s, err := in.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range s.Files {
				want -= len(f.Data)
			}
		}
		if want != 0 {
			t.Errorf("%d bytes are missing", want)
		}
	})
}
