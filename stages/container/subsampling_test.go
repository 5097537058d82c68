package container

import (
	"bytes"
	"testing"
)

func TestSubsamplingOf(t *testing.T) {
	for _, o := range []struct {
		factors [3]byte // of luma and chroma, horizontal and vertical
		want    Subsampling
	}{
		{[3]byte{0x22, 0x11, 0x11}, Subsampling420},
		{[3]byte{0x42, 0x21, 0x21}, Subsampling420},
		{[3]byte{0x44, 0x11, 0x11}, Subsampling420},
		{[3]byte{0x11, 0x11, 0x11}, Subsampling444},
		{[3]byte{0x21, 0x11, 0x11}, Subsampling444},
		{[3]byte{0x12, 0x11, 0x11}, Subsampling444},
		{[3]byte{0x41, 0x11, 0x11}, Subsampling444},
		{[3]byte{0x22, 0x22, 0x22}, Subsampling444},
		{[3]byte{0x22, 0x11, 0x21}, Subsampling444},
	} {
		frame := []byte{8, 0, 8, 0, 8, 3, 1, o.factors[0], 0, 2, o.factors[1], 1, 3, o.factors[2], 1}
		if got := subsamplingOf(frame); got != o.want {
			t.Errorf("% x: %q, want %q", o.factors, got, o.want)
		}
		if got := subsamplingOf(frame[:len(frame)-1]); got != "" {
			t.Errorf("a short frame: %q", got)
		}
		frame[5] = 4
		if got := subsamplingOf(append(frame, 4, 0x22, 0)); got != "" {
			t.Errorf("CMYK: %q", got)
		}
	}
	if h, err := Parse(bytes.Clone(jpegOf(t, scene(16, 16)))); err != nil || h.Subsampling != Subsampling420 {
		t.Errorf("a JPEG of Go: %q, %v", h.Subsampling, err)
	}
}
