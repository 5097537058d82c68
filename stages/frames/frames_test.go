package frames

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"testing"

	"gtx/stages/container"
)

// picture makes a small picture of each format.
func picture(t testing.TB, f container.Format, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.SetRGBA(i%w, i/w, color.RGBA{uint8(i * 7), uint8(i * 31), uint8(i), 255})
	}
	var b bytes.Buffer
	var err error
	switch f {
	case container.JPEG:
		err = jpeg.Encode(&b, img, nil)
	case container.PNG:
		err = png.Encode(&b, img)
	case PPM:
		b.WriteString("P6 # a comment\n")
		b.WriteString("7 5\n255\n")
		for i := range 7 * 5 * 3 {
			b.WriteByte(byte(i))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func all(t testing.TB) [][]byte {
	return [][]byte{
		picture(t, container.JPEG, 40, 30), picture(t, PPM, 7, 5), picture(t, container.PNG, 20, 9), picture(t, container.JPEG, 300, 200),
	}
}

func TestPicturesComeApartAsTheyCameTogether(t *testing.T) {
	want := all(t)
	stream := bytes.Join(want, nil)
	readers := map[string]io.Reader{"at once": bytes.NewReader(stream), "byte by byte": byteByByte{bytes.NewReader(stream)}}
	for name, r := range readers {
		s := NewSplitter(r, 1000000)
		for i, picture := range want {
			f, err := s.Next()
			if err != nil || !bytes.Equal(f.Data, picture) {
				t.Fatalf("%s: picture %d: %d bytes of %d, %v", name, i, len(f.Data), len(picture), err)
			}
		}
		if _, err := s.Next(); err != io.EOF {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type byteByByte struct{ io.Reader }

func (r byteByByte) Read(b []byte) (int, error) { return r.Reader.Read(b[:min(1, len(b))]) }

// A picture leaves before the next one comes: a camera may wait for it.
func TestAPictureNeedsNoByteOfTheNext(t *testing.T) {
	for i, picture := range all(t) {
		r, w := io.Pipe()
		go w.Write(picture) // and never closes it
		f, err := NewSplitter(r, 0).Next()
		if err != nil || !bytes.Equal(f.Data, picture) {
			t.Errorf("picture %d: %v", i, err)
		}
		r.Close()
	}
}

func TestEveryCutIsNoticed(t *testing.T) {
	for i, picture := range all(t) {
		for n := 1; n < len(picture); n++ {
			if f, err := NewSplitter(bytes.NewReader(picture[:n]), 0).Next(); err != ErrCut {
				t.Fatalf("picture %d of %d bytes cut to %d: %d bytes, %v", i, len(picture), n, len(f.Data), err)
			}
		}
	}
}

func TestWhatIsNoPictureEndsTheStream(t *testing.T) {
	for text, want := range map[string]error{
		"":                                      io.EOF,
		"GIF89a":                                ErrStart,
		"\x89PMG\r\n\x1a\n":                     ErrStart,
		"\xff\xd8\xff\xe0\x00\x01":              errShape,
		"\xff\xd8\x00":                          errShape,
		"P6 x":                                  errShape,
		"\x89PNG\r\n\x1a\n\xff\xff\xff\xffxxxx": errShape,
	} {
		if _, err := NewSplitter(bytes.NewReader([]byte(text)), 0).Next(); err != want {
			t.Errorf("%q: %v, not %v", text, err, want)
		}
	}
	for _, text := range []string{"P6 0 5 255 ", "P6 5 5 31 ", "P6 99999 99999 255 "} {
		if _, err := NewSplitter(bytes.NewReader([]byte(text)), 1000).Next(); err == nil {
			t.Errorf("%q is no error", text)
		}
	}
}

// A picture that never ends takes no more memory than a picture of its size can need.
func TestMemoryIsBounded(t *testing.T) {
	for _, head := range []string{"\xff\xd8\xff\xda\x00\x02", "\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIDAT", "P6"} {
		endless := io.MultiReader(bytes.NewReader([]byte(head)), zeros{})
		s := NewSplitter(endless, 100)
		if _, err := s.Next(); err == nil || len(s.frame) > 80<<20 {
			t.Errorf("%q: %d bytes, %v", head, len(s.frame), err)
		}
	}
}

// zeros are an endless stream of zeros.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestPPMKeepsItsPixels(t *testing.T) {
	for _, ppm := range []string{
		"P6\n2 2\n255\nabcdefghijkl",
		"P6\n2 1\n65535\nabcdefghijkl",
		"P6\n1 1\n255\nabc",
	} {
		f, err := NewSplitter(bytes.NewReader([]byte(ppm)), 0).Next()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := container.Parse(f.Picture()); err != nil {
			t.Errorf("%q: %v", ppm, err)
		}
		if back, err := ToPPM(f.Picture()); err != nil || string(back) != ppm {
			t.Errorf("%q became %q, %v", ppm, back, err)
		}
	}
}

// Pictures lie in the stream one after the other, without gaps.
func FuzzSplitter(f *testing.F) {
	for _, picture := range all(f) {
		f.Add(picture)
		f.Add(append(bytes.Clone(picture), picture...))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		s, rest := NewSplitter(bytes.NewReader(stream), 1000), stream
		for {
			frame, err := s.Next()
			if err != nil {
				if err == io.EOF && len(rest) > 0 {
					t.Errorf("%d bytes were lost", len(rest))
				}
				return
			}
			if !bytes.HasPrefix(rest, frame.Data) || len(frame.Data) == 0 {
				t.Fatal("a frame is not what stands in the stream")
			}
			rest = rest[len(frame.Data):]
			if picture := frame.Picture(); frame.Format == PPM {
				if _, err := ToPPM(picture); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func FuzzToPPM(f *testing.F) {
	frame, err := NewSplitter(bytes.NewReader([]byte("P6\n2 1\n65535\nabcdefghijkl")), 0).Next()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame.Picture())
	f.Fuzz(func(_ *testing.T, tiff []byte) { ToPPM(tiff) })
}
