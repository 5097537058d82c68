// Package frames takes a stream of bytes apart into the pictures that follow one another in it, as ffmpeg's image2pipe
// writes them: JPEG, PNG or PPM.
//
// Splitter.Next returns one picture after the other, as soon as its last byte has come. It reads the structure of a
// picture and none of its pixels, so a picture with damaged pixels does not hide the next one.
//
// The stages of gtx know no PPM. Frame.Picture turns one into an uncompressed TIFF, and ToPPM turns such a TIFF into a
// PPM.
package frames

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"gtx/stages/container"
)

// PPM is the format of the Portable Pixmap.
const PPM container.Format = "ppm"

// Errors of streams. After one of them a Splitter cannot go on.
var (
	ErrCut   = errors.New("the stream ends inside a picture")
	ErrStart = errors.New("no JPEG, PNG or PPM begins where a picture should: the rest of the stream is not read")
	errShape = errors.New("damaged: where it ends cannot be told, and the rest of the stream is not read")
)

// A Frame is a picture of a stream.
type Frame struct {
	Data   []byte // as it stood in the stream
	Format container.Format

	pixmap pixmap // of a PPM
}

// A Splitter reads pictures from a stream.
type Splitter struct {
	r         *bufio.Reader
	maxPixels int
	frame     []byte // the picture so far
	pixmap    pixmap
	most      int64 // bytes that it may have
}

// NewSplitter returns a Splitter of r. It refuses pictures of more than maxPixels pixels; 0 is no limit.
func NewSplitter(r io.Reader, maxPixels int) *Splitter {
	return &Splitter{r: bufio.NewReaderSize(r, 64<<10), maxPixels: maxPixels}
}

// Next returns the next picture, or io.EOF after the last.
func (s *Splitter) Next() (Frame, error) {
	s.frame, s.most = nil, container.MaxBytes(container.JPEG, nil, s.maxPixels)
	if _, err := s.r.Peek(1); err != nil {
		return Frame{}, err // io.EOF, between two pictures
	}
	format, err := s.picture()
	if err == io.EOF {
		err = ErrCut
	}
	if err != nil {
		return Frame{}, err
	}
	return Frame{s.frame, format, s.pixmap}, nil
}

// picture reads a picture by the rules of its format.
func (s *Splitter) picture() (container.Format, error) {
	if err := s.take(2); err != nil {
		return "", err
	}
	switch string(s.frame) {
	case "\xff\xd8":
		return container.JPEG, s.jpeg()
	case pngSignature[:2]:
		return container.PNG, s.png()
	case "P6":
		return PPM, s.ppm()
	}
	return "", ErrStart
}

// take reads the next n bytes of the picture.
func (s *Splitter) take(n int64) error {
	if s.most > 0 && int64(len(s.frame))+n > s.most {
		return fmt.Errorf("the picture has more than %d MB: the rest of the stream is not read", s.most/1_000_000)
	}
	for n > 0 { // in pieces, because n may be a lie
		piece := int(min(n, 1<<20))
		at := len(s.frame)
		s.frame = append(s.frame, make([]byte, piece)...)
		got, err := io.ReadFull(s.r, s.frame[at:])
		if s.frame = s.frame[:at+got]; err != nil {
			return eof(err)
		}
		n -= int64(piece)
	}
	return nil
}

// eof turns both errors for the end of the stream into io.EOF.
func eof(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// last returns the last n bytes that were taken.
func (s *Splitter) last(n int) []byte { return s.frame[len(s.frame)-n:] }

const pngSignature = "\x89PNG\r\n\x1a\n"

// png reads a PNG after its first two bytes: chunks, of which the last is IEND.
func (s *Splitter) png() error {
	if err := s.take(int64(len(pngSignature) - 2)); err != nil {
		return err
	}
	if string(s.frame) != pngSignature {
		return ErrStart
	}
	for {
		if err := s.take(8); err != nil {
			return err
		}
		head := s.last(8)
		length, kind := binary.BigEndian.Uint32(head), string(head[4:])
		if length > 1<<31-1 {
			return errShape
		}
		if err := s.take(int64(length) + 4); err != nil {
			return err
		}
		switch kind {
		case "IHDR":
			s.most = container.MaxBytes(container.PNG, s.frame, s.maxPixels)
		case "IEND":
			return nil
		}
	}
}

// Markers of JPEG.
const (
	markerRestart = 0xd0 // the first of eight
	markerEnd     = 0xd9
	markerScan    = 0xda
	markerTEM     = 0x01
)

// jpeg reads a JPEG after its first marker: segments and scans until the last marker.
func (s *Splitter) jpeg() error {
	marker, err := s.marker()
	for ; err == nil; marker, err = s.marker() {
		switch {
		case marker == markerEnd:
			return nil
		case marker == markerTEM, marker >= markerRestart && marker < markerRestart+8:
			continue
		}
		if err := s.take(2); err != nil {
			return err
		}
		length := binary.BigEndian.Uint16(s.last(2))
		if length < 2 {
			return errShape
		}
		if err := s.take(int64(length) - 2); err != nil {
			return err
		}
		switch {
		case marker == markerScan:
			err = s.scan()
		case marker >= 0xc0 && marker < markerRestart && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			s.most = container.MaxBytes(container.JPEG, s.frame, s.maxPixels)
		}
		if err != nil {
			return err
		}
	}
	return err
}

// marker reads a marker, which may have fill bytes before it.
func (s *Splitter) marker() (byte, error) {
	if err := s.take(1); err != nil {
		return 0, err
	}
	if s.last(1)[0] != 0xff {
		return 0, errShape
	}
	for {
		if err := s.take(1); err != nil {
			return 0, err
		}
		if b := s.last(1)[0]; b != 0xff {
			return b, nil
		}
	}
}

// scan reads coded pixels, up to the marker after them. In them, only 0 or the code of a restart marker follows 0xff.
func (s *Splitter) scan() error {
	for {
		if _, err := s.r.Peek(2); err != nil {
			return err
		}
		b, _ := s.r.Peek(s.r.Buffered())
		n := 0
		for n+1 < len(b) && !isMarker(b[n], b[n+1]) {
			n++
		}
		if s.most > 0 && int64(len(s.frame)+n) > s.most {
			return s.take(int64(n)) // too much
		}
		s.frame = append(s.frame, b[:n]...)
		s.r.Discard(n)
		if n+1 < len(b) {
			return nil
		}
	}
}

// isMarker tells whether two bytes within a scan end it.
func isMarker(a, b byte) bool {
	return a == 0xff && b != 0 && b != 0xff && (b < markerRestart || b >= markerRestart+8)
}
