package frames

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// A pixmap is what the header of a PPM says, and where it ends.
type pixmap struct{ width, height, depth, at int }

// bytes is the length of the pixels.
func (p pixmap) bytes() int64 { return int64(p.width) * int64(p.height) * 3 * int64(p.depth/8) }

// ppm reads a PPM after its first two bytes.
func (s *Splitter) ppm() error {
	p := &s.pixmap
	for _, field := range []*int{&p.width, &p.height, &p.depth} {
		var err error
		if *field, err = s.number(); err != nil {
			return err
		}
	}
	if err := p.check(s.maxPixels); err != nil {
		return err
	}
	p.at, s.most = len(s.frame), 0
	return s.take(p.bytes())
}

// check refuses what gtx has no use for, and turns the largest sample into the depth in bits.
func (p *pixmap) check(maxPixels int) error {
	if p.width == 0 || p.height == 0 || maxPixels > 0 && p.width > maxPixels/p.height {
		return fmt.Errorf("a PPM of %d×%d pixels is refused (at most %d): the rest of the stream is not read", p.width, p.height, maxPixels)
	}
	switch p.depth {
	case 255:
		p.depth = 8
	case 65535:
		p.depth = 16
	default:
		return fmt.Errorf("a PPM whose samples end at %d, not 255 or 65535: the rest of the stream is not read", p.depth)
	}
	return nil
}

// headerMost is the length of the longest header of a PPM, with its comments.
const headerMost = 64 << 10

// number reads a number of a PPM's header, the white space and the comments before it, and one byte after it.
func (s *Splitter) number() (int, error) {
	digits, comment := 0, false
	for len(s.frame) < headerMost {
		if err := s.take(1); err != nil {
			return 0, err
		}
		switch b := s.last(1)[0]; {
		case comment:
			comment = b != '\n' && b != '\r'
		case b >= '0' && b <= '9' && digits < 9:
			digits++
		case b == '#' && digits == 0:
			comment = true
		case b != ' ' && (b < '\t' || b > '\r'):
			return 0, errShape
		case digits > 0:
			n := len(s.frame) - 1
			return strconv.Atoi(string(s.frame[n-digits : n]))
		}
	}
	return 0, errShape
}

// Tags of TIFF 6.0, and what gtx needs of their types.
const (
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagStripOffsets = 273
	tagSamples      = 277
	tagRows         = 278
	tagStripCounts  = 279

	typeShort = 3
	typeLong  = 4

	lineSize       = 12
	photometricRGB = 2
	uncompressed   = 1
)

// Picture is the frame in a format that the stages know: itself or, for a PPM, a TIFF of the same pixels in one strip.
func (f Frame) Picture() []byte {
	if f.Format != PPM {
		return f.Data
	}
	p, order := f.pixmap, binary.BigEndian // as the samples of a PPM
	lines := [][2]int{
		{tagWidth, p.width}, {tagHeight, p.height}, {tagBits, 0}, {tagCompression, uncompressed},
		{tagPhotometric, photometricRGB}, {tagStripOffsets, 0}, {tagSamples, 3}, {tagRows, p.height}, {tagStripCounts, int(p.bytes())},
	}
	const head = 8
	bits := head + 2 + len(lines)*lineSize + 4
	b := make([]byte, 0, bits+6+len(f.Data))
	b = append(b, "MM\x00*\x00\x00\x00\x08"...)
	b = order.AppendUint16(b, uint16(len(lines)))
	for _, line := range lines {
		count := 1
		switch line[0] {
		case tagBits:
			count, line[1] = 3, bits
		case tagStripOffsets:
			line[1] = bits + 6
		}
		kind := uint16(typeLong)
		if line[0] == tagBits || line[0] == tagCompression || line[0] == tagPhotometric || line[0] == tagSamples {
			kind = typeShort
		}
		b = order.AppendUint16(order.AppendUint16(b, uint16(line[0])), kind)
		b = order.AppendUint32(b, uint32(count))
		if kind == typeShort && count == 1 {
			line[1] <<= 16 // a short is in the left half of the field
		}
		b = order.AppendUint32(b, uint32(line[1]))
	}
	b = order.AppendUint32(b, 0)
	for range 3 {
		b = order.AppendUint16(b, uint16(p.depth))
	}
	return append(b, f.Data[p.at:]...)
}

var errTIFF = errors.New("not an uncompressed TIFF of colours")

// ToPPM turns an uncompressed TIFF into a PPM. It drops further samples than red, green and blue.
func ToPPM(tiff []byte) ([]byte, error) {
	if len(tiff) < 8 {
		return nil, errTIFF
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	t := directory{tiff, order, map[int][]int{}}
	if !t.read(int(order.Uint32(tiff[4:]))) {
		return nil, errTIFF
	}
	width, height, samples, bits := t.one(tagWidth), t.one(tagHeight), t.one(tagSamples), t.one(tagBits)
	offsets, counts := t.values[tagStripOffsets], t.values[tagStripCounts]
	if width == 0 || height == 0 || width > len(tiff)/height || t.one(tagCompression) != uncompressed || bits != 8 && bits != 16 || samples < 1 || samples == 2 || len(offsets) != len(counts) {
		return nil, errTIFF
	}
	ppm := fmt.Appendf(make([]byte, 0, 32+width*height*3*bits/8), "P6\n%d %d\n%d\n", width, height, 1<<bits-1)
	whole := len(ppm) + width*height*3*bits/8
	for i, at := range offsets {
		if at > len(tiff) || counts[i] > len(tiff)-at {
			return nil, errTIFF
		}
		ppm = t.pixels(ppm, tiff[at:at+counts[i]], samples, bits/8)
	}
	if len(ppm) != whole {
		return nil, errTIFF
	}
	return ppm, nil
}

// A directory is the first one of a TIFF.
type directory struct {
	tiff   []byte
	order  binary.ByteOrder
	values map[int][]int // by tag
}

// read reads the directory at an offset.
func (t directory) read(at int) bool {
	if at < 8 || at > len(t.tiff)-2 {
		return false
	}
	n := int(t.order.Uint16(t.tiff[at:]))
	for at += 2; n > 0; n, at = n-1, at+lineSize {
		if at > len(t.tiff)-lineSize {
			return false
		}
		size := map[uint16]int{typeShort: 2, typeLong: 4}[t.order.Uint16(t.tiff[at+2:])]
		count := int(t.order.Uint32(t.tiff[at+4:]))
		where := at + 8
		if size == 0 || count > len(t.tiff) {
			continue
		}
		if size*count > 4 {
			where = int(t.order.Uint32(t.tiff[where:]))
		}
		if where > len(t.tiff)-size*count {
			return false
		}
		values := make([]int, count)
		for i := range values {
			if b := t.tiff[where+i*size:]; size == 2 {
				values[i] = int(t.order.Uint16(b))
			} else {
				values[i] = int(t.order.Uint32(b))
			}
		}
		t.values[int(t.order.Uint16(t.tiff[at:]))] = values
	}
	return true
}

// one is the first value of a tag, or 0.
func (t directory) one(tag int) int {
	if v := t.values[tag]; len(v) > 0 {
		return v[0]
	}
	return 0
}

// pixels appends the colours of a strip, with the high byte of each sample first. size is that of a sample.
func (t directory) pixels(ppm, strip []byte, samples, size int) []byte {
	if samples == 3 && (size == 1 || t.order == binary.BigEndian) {
		return append(ppm, strip...)
	}
	for ; len(strip) >= samples*size; strip = strip[samples*size:] {
		for i := range 3 {
			sample := strip[min(i, samples-1)*size:] // grey stands for all three
			if size == 1 {
				ppm = append(ppm, sample[0])
			} else {
				ppm = binary.BigEndian.AppendUint16(ppm, t.order.Uint16(sample))
			}
		}
	}
	return ppm
}
