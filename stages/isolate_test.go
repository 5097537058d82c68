package stages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/h2non/bimg"

	"gtx/stages/worker"
)

// isolated returns decoders that keep so many bytes.
func isolated(t *testing.T, how Isolation, keep int64) *Decoders {
	t.Helper()
	d := NewDecoders(DecoderOptions{Isolate: how, Processes: 1, Timeout: time.Minute, Memory: 1 << 30})
	d.Keep(keep)
	t.Cleanup(d.Close)
	return d
}

// outcome is all that a file gives: the pixels and facts that Decode returns, and the result of a network that
// changes nothing.
func outcome(t *testing.T, data []byte, by *Decoders) string {
	t.Helper()
	f, err := Open(OpenOptions{OwnToo: true, Decoders: by})(t.Context(), Source{Data: data, Out: Stdout, Format: PNG})
	if err != nil {
		t.Fatal(err)
	}
	img, err := DecodeOnce(square(20))(t.Context(), f)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%d×%d, %d bands, deep %v, %q, profiles %x %x, %v, %x, %+v\n", img.Width, img.Height, img.Pixels.Bands,
		img.original.deep, img.Warnings, img.Profile, img.original.own, img.original.profile, img.Pixels.Data, img.original.metadata)
	fitted, err := Resize(Fit{Shape: square(20)})(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Detail(DetailOptions{Size: Size{kind: sizeSource}})(t.Context(), Checked{Translated: Translated{Labelled: Labelled{Image: fitted}, Result: fitted.Pixels}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c.Source.Format = range []Format{PNG, JPEG, TIFF} { // each states the resolution in its own way
		w, err := Encode(EncodeOptions{Size: Size{kind: sizeSource}, Quality: 90})(t.Context(), c)
		text += fmt.Sprintf("%v %q %x\n", err, w.Warnings, w.Data)
	}
	return text
}

// rational is a tag with a whole number.
func rational(id uint16, value uint32) tag {
	le := binary.LittleEndian
	return tag{id: id, kind: 5, count: 1, data: le.AppendUint32(le.AppendUint32(nil, value), 1)}
}

// Isolation changes no byte, whether pixels are kept or decoded twice.
func TestIsolationChangesNothing(t *testing.T) {
	files := whole(t)
	for _, f := range []Format{PNG, TIFF} {
		for _, o := range []int{1, 6} {
			photo := deepPhoto(70, 51, true, true)
			files[fmt.Sprintf("%s of 16 bits with a profile, orientation %d", f, o)] = photo.file(t, f, o, true, true, wideProfile())
		}
	}
	for f, file := range sourcesWith(t, exifData(binary.BigEndian)) {
		files[string(f)+" with metadata"] = file
	}
	damaged := bytes.Clone(files["baseline JPEG"])
	copy(damaged[len(damaged)/2:], "\x00\x01\x02\x03\x04\x05\x06")
	files["damaged JPEG"] = damaged
	files["TIFF with a resolution"] = tiffOf(90, 70, 8, 3, 2, scene(90, 70).Data, rational(282, 300), rational(283, 150), tag{296, 3, 1, 3, nil})
	files["JPEG with a resolution"] = append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x02\x01\x01\x2c\x00\x96\x00\x00"), files["baseline JPEG"][2:]...)
	files["TIFF in Lab"] = tiffOf(90, 70, 8, 3, 8, scene(90, 70).Data)
	all, kept := isolated(t, IsolateAll, 0), isolated(t, IsolateAll, 1<<20)
	for name, file := range files {
		want := outcome(t, file, nil)
		for how, by := range map[string]*Decoders{"decoded twice": all, "kept": kept} {
			if got := outcome(t, file, by); got != want {
				t.Errorf("%s, %s: differs: %.300s…, want %.300s…", name, how, got, want)
			}
		}
	}
	if spare := kept.spare.Load(); spare != 1<<20 {
		t.Errorf("%d bytes are not free again", 1<<20-spare)
	}
}

func TestKeptImagesThatAreDroppedAreFreed(t *testing.T) {
	by := isolated(t, IsolateAuto, 1<<20)
	file := tiffOf(90, 70, 8, 3, 2, scene(90, 70).Data)
	f, err := Open(OpenOptions{Decoders: by})(t.Context(), Source{Data: file})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(nil)(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if by.spare.Load() == 1<<20 {
		t.Error("nothing is kept")
	}
	f = File{}
	for range 100 {
		if runtime.GC(); by.spare.Load() == 1<<20 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d bytes are not free again", 1<<20-by.spare.Load())
}

func TestWhatIsIsolated(t *testing.T) {
	for how, want := range map[Isolation][]Format{
		IsolateAuto: {WebP, TIFF, AVIF, HEIF, GIF}, IsolateAll: {JPEG, PNG, WebP, TIFF, AVIF, HEIF, GIF}, IsolateNone: nil,
	} {
		by := isolated(t, how, 0)
		var got []Format
		for _, f := range []Format{JPEG, PNG, WebP, TIFF, AVIF, HEIF, GIF} {
			if newDecoding(t.Context(), by, f) != nil {
				got = append(got, f)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v", how, got)
		}
	}
}

// liars are files that say 8×8 pixels where gtx looks and 2000×2000 where a decoder does.
func liars(t *testing.T) map[string][]byte {
	t.Helper()
	const large = 2000
	p := Pixels{Width: large, Height: large, Bands: 3, Data: make([]byte, 3*large*large)}
	jpeg := jpegOf(t, p)
	frame := bytes.Index(jpeg, []byte{0xff, 0xc0})
	second := bytes.Clone(jpeg[frame : frame+2+int(binary.BigEndian.Uint16(jpeg[frame+2:]))])
	copy(second[5:], []byte{0, 8, 0, 8})
	png := pngOf(t, image.NewGray(image.Rect(0, 0, large, large)))
	header := bytes.Clone(png[8 : 8+25])
	binary.BigEndian.PutUint32(header[8:], 8)
	binary.BigEndian.PutUint32(header[12:], 8)
	avif := vipsOf(t, p, bimg.Options{Type: bimg.AVIF, Speed: 9})
	ispe := bytes.Index(avif, []byte("ispe"))
	binary.BigEndian.PutUint32(avif[ispe+8:], 8)
	binary.BigEndian.PutUint32(avif[ispe+12:], 8)
	tiff := tiffOf(large, large, 8, 3, 2, p.Data) // its directory is last
	le := binary.LittleEndian
	directory := le.Uint32(tiff[4:])
	width := bytes.Clone(tiff[directory+2 : directory+14])
	le.PutUint32(width[8:], 8)
	le.PutUint16(tiff[directory:], le.Uint16(tiff[directory:])+1)
	tiff = slices.Insert(tiff, int(directory)+14, width...)
	return map[string][]byte{
		"JPEG": bytes.Join([][]byte{jpeg[:len(jpeg)-2], second, jpeg[len(jpeg)-2:]}, nil),
		"PNG":  bytes.Join([][]byte{png[:33], header, png[33:]}, nil),
		"AVIF": avif,
		"TIFF": tiff,
	}
}

func TestDecodersThatSeeAnotherSizeAreStopped(t *testing.T) {
	files := liars(t)
	for how, by := range map[string]*Decoders{"in this process": nil, "isolated": isolated(t, IsolateAll, 0)} {
		for name, file := range files {
			f, err := Open(OpenOptions{MaxPixels: 1_000_000, Decoders: by})(t.Context(), Source{Data: file})
			if err == nil {
				_, err = Decode(nil)(t.Context(), f)
			}
			if err == nil || name != "AVIF" && name != "PNG" && !errors.Is(err, errTooLarge) {
				t.Errorf("%s, %s: %v", name, how, err)
			}
		}
	}
}

func TestMemoryOfAnIsolatedImageIsBounded(t *testing.T) {
	by := NewDecoders(DecoderOptions{Isolate: IsolateAuto, Processes: 1, Memory: 2_000_000})
	t.Cleanup(by.Close)
	f, err := Open(OpenOptions{Decoders: by})(t.Context(), Source{Data: tiffOf(900, 800, 8, 3, 2, scene(900, 800).Data)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = Decode(nil)(t.Context(), f); !errors.Is(err, worker.ErrMemory) {
		t.Error(err)
	}
}

// An image that ran out of time is not tried again with less strictness.
func TestTimeOfAnIsolatedImageIsBounded(t *testing.T) {
	by := NewDecoders(DecoderOptions{Isolate: IsolateAuto, Processes: 1, Timeout: time.Nanosecond})
	t.Cleanup(by.Close)
	f, err := Open(OpenOptions{Decoders: by})(t.Context(), Source{Data: tiffOf(900, 800, 8, 3, 2, scene(900, 800).Data)})
	if err != nil {
		t.Fatal(err)
	}
	img, err := Decode(nil)(t.Context(), f)
	if !errors.Is(err, worker.ErrTimeout) {
		t.Error(err)
	}
	if len(img.Warnings) > 0 {
		t.Errorf("warnings %q", img.Warnings)
	}
}
